"""The expected fires of a timer compared with the recorded runs: which ones were missed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from docket.model.record import Record
from docket.model.time.calendar import Calendar, next_after


class RunSpan(NamedTuple):
    """The span of one run; µs since the epoch, `end_us` None while it lasts.

    `ran` is false for a row without a process, such as a skipped run's.
    """

    run_id: str
    scheduled_for_us: int | None
    start_us: int
    end_us: int | None
    ran: bool
    by_timer: bool


class Expected(NamedTuple):
    """The fires of a span of time, in order; `complete` is false if there were too many."""

    instants: tuple[int, ...]
    complete: bool


class Absent(Record):
    """A fire that has no run of its own; `index` is its place among the expected ones.

    `blocker` is the run that was under way then, because systemd drops what elapses meanwhile.
    """

    index: int
    at_us: int
    blocker: str | None


class Stretch(Record):
    """Fires in a row that are absent for one and the same reason.

    `joins` is set if it goes on with what is recorded already and forms one row with it.
    """

    cause: str
    blocker: str | None
    first_us: int
    last_us: int
    count: int
    joins: bool = False


def expected_fires(
    calendars: Sequence[Calendar],
    after_us: int,
    until_us: int,
    offsets_of: Callable[[str], Callable[[int], int]],
    limit: int,
) -> Expected:
    """Return the fires after `after_us` up to and with `until_us`, `limit` of them at most."""
    found: set[int] = set()
    complete = True
    for calendar in calendars:
        offset_at = offsets_of(calendar.zone)
        instant = next_after(calendar, after_us, offset_at)
        taken = 0
        while instant is not None and instant <= until_us:
            if taken == limit:
                complete = False
                break
            found.add(instant)
            taken += 1
            instant = next_after(calendar, instant, offset_at)
    ordered = sorted(found)
    return Expected(tuple(ordered[:limit]), complete and len(ordered) <= limit)


def absent_fires(
    fires: Sequence[int], runs: Sequence[RunSpan], *, tolerance_us: int
) -> list[Absent]:
    """Return the fires that no run was for.

    A run is for the fire that it names. One that a timer started up to `tolerance_us` after a fire
    counts for that too: with a long jitter a run names a later instant than the one it is for.
    """
    named = {run.scheduled_for_us for run in runs if run.scheduled_for_us is not None}
    starts = sorted(run.start_us for run in runs if run.by_timer and run.ran)
    under_way = sorted((run for run in runs if run.ran), key=lambda run: run.start_us)
    begins = [run.start_us for run in under_way]
    absent = []
    for index, fire in enumerate(fires):
        if fire in named or _starts_within(starts, fire, tolerance_us):
            continue
        absent.append(Absent(index, fire, _blocker(under_way, begins, fire)))
    return absent


def stretches(
    absent: Iterable[tuple[Absent, str]],
    *,
    most_single: int,
    standing: tuple[str, str | None, int] | None = None,
) -> list[Stretch]:
    """Join absent fires, each with its cause, that follow each other and have one reason.

    Up to `most_single` of them in a row stay fires of their own. `standing` is the (cause, blocker,
    count) of those that are recorded already and that the first expected fire follows upon.
    """
    joined: list[list[tuple[Absent, str]]] = []
    for fire, cause in absent:
        before = joined[-1][-1] if joined else None
        if before is not None and _goes_on(before, fire, cause):
            joined[-1].append((fire, cause))
        else:
            joined.append([(fire, cause)])
    found: list[Stretch] = []
    for row in joined:
        first, cause = row[0]
        already = 0
        if standing is not None and first.index == 0 and standing[:2] == (cause, first.blocker):
            already = standing[2]
        whole = len(row) + already > most_single
        for part in [row] if whole else [[one] for one in row]:
            (begin, _), (end, _) = part[0], part[-1]
            found.append(
                Stretch(
                    cause,
                    begin.blocker,
                    begin.at_us,
                    end.at_us,
                    len(part),
                    joins=whole and already > 0,
                )
            )
    return found


def _goes_on(before: tuple[Absent, str], fire: Absent, cause: str) -> bool:
    earlier, earlier_cause = before
    return (
        fire.index == earlier.index + 1
        and cause == earlier_cause
        and fire.blocker == earlier.blocker
    )


def _starts_within(starts: Sequence[int], fire: int, tolerance_us: int) -> bool:
    at = bisect_left(starts, fire)
    return at < len(starts) and starts[at] - fire <= tolerance_us


def _blocker(runs: Sequence[RunSpan], begins: Sequence[int], fire: int) -> str | None:
    """Return the run under way at `fire`; runs may overlap, so a few before it are looked at."""
    at = bisect_left(begins, fire)
    for run in reversed(runs[max(0, at - 50) : at]):
        if run.end_us is None or run.end_us >= fire:
            return run.run_id
    return None
