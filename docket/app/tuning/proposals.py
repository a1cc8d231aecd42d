"""Proposals for a task, each from runs of its record: memory, timeout, catch-up, sandbox.

Nothing is proposed that no run bears out: with fewer runs than `FEWEST` the answer is how many are
missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from docket.app.tuning.patch import PatchLine, sandbox_lines
from docket.model.median import median
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.states import RunStatus
from docket.model.task.sandbox import Profile
from docket.model.task.task import Task
from docket.model.text.size import size_bytes, size_text
from docket.model.time.humantime import duration
from docket.model.time.span import format_span

if TYPE_CHECKING:
    from docket.app.tuning.shapes import ProposalDocument

FEWEST = 10  # good runs below which nothing is proposed
SAMPLE = 50  # the newest good runs that are looked at
_MEMORY_HEADROOM = 2.0
_RUNNER_BYTES = 32 << 20  # Docket's own process is in the same control group
_MEMORY_STEP = 16 << 20
_NEAR = 0.9
_DURATION_HEADROOM = 3.0
_LEAST_SECONDS = 60.0
_LOOSE = 10.0  # a timeout this many times longer than proposed is too loose
_LATENESS_HEADROOM = 1.25
_FEWEST_LATE = 2
_ROUND_SECONDS = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_NEXT = {Profile.NONE: Profile.STANDARD, Profile.STANDARD: Profile.STRICT}


class Proposal(Record):
    """One key with its value, why, and the runs that it is based on.

    `proof` is a command that proves it first, where the runs themselves do not.
    """

    lines: tuple[PatchLine, ...]
    reason: str
    runs: tuple[str, ...]
    proof: str = ""

    def document(self) -> ProposalDocument:
        """Return it as a JSON object."""
        first = self.lines[0]
        return {
            "key": first.path[0] if first.path[0] == "sandbox" else ".".join(first.path),
            "value": _value(self.lines),
            "reason": self.reason,
            "runs": list(self.runs),
            "proof": self.proof or None,
        }

    def patch(self) -> Iterator[PatchLine]:
        """Give its lines, the first of them with the reason."""
        yield self.lines[0].replace(reason=self.reason)
        yield from self.lines[1:]


class Seen(Record):
    """What the record holds of a task: its newest good runs, and those that came too late."""

    task: Task
    good: Sequence[RunRecord]
    late: Sequence[RunRecord] = ()
    program: str = "docket"


def proposals(seen: Seen) -> tuple[Proposal, ...]:
    """Return what the runs bear out; nothing below `FEWEST` good ones."""
    if len(seen.good) < FEWEST:
        return ()
    return (*_timeout(seen), *_memory(seen), *_catch_up(seen), *_sandbox(seen))


def _memory(seen: Seen) -> Iterator[Proposal]:
    measured = [run for run in seen.good if run.peak_memory_bytes]
    if len(measured) < FEWEST:
        return
    peaks = {run.run_id: run.peak_memory_bytes or 0 for run in measured}
    largest = max(measured, key=lambda run: peaks[run.run_id])
    peak = peaks[largest.run_id]
    wanted = math.ceil((peak * _MEMORY_HEADROOM + _RUNNER_BYTES) / _MEMORY_STEP) * _MEMORY_STEP
    limit = _bytes(seen.task.limits.memory)
    if limit is not None and peak < limit * _NEAR:
        return
    if seen.task.limits.memory is not None and limit is None:
        return  # somebody chose a share of the machine's memory, or no limit
    if limit is not None and wanted <= limit:
        return
    reason = (
        f"The largest process of {len(measured)} good runs had at most {size_text(peak)} (median"
        f" {size_text(median(peaks.values()))}), in {largest.run_id}. Twice that, and 32 MiB for"
        " Docket's own process; a task with several large processes needs more."
    )
    line = PatchLine(("limits", "memory"), f"{wanted >> 20}M")
    yield Proposal((line,), reason, tuple(run.run_id for run in measured))


def _timeout(seen: Seen) -> Iterator[Proposal]:
    longest = max(seen.good, key=_seconds)
    took = _seconds(longest)
    usual = _percentile([_seconds(run) for run in seen.good], 0.95)
    wanted = _rounded(max(usual * _DURATION_HEADROOM, took * 1.5, _LEAST_SECONDS))
    limit = seen.task.timeout_seconds
    is_near = limit is not None and took >= limit * _NEAR and wanted > limit
    if not is_near and limit is not None and limit < wanted * _LOOSE:
        return
    now = "there is no limit" if limit is None else f"the limit is {duration(limit)}"
    reason = (
        f"{len(seen.good)} good runs: nineteen of twenty took at most {duration(usual)}, the"
        f" longest {duration(took)} ({longest.run_id}); {now}. Three times the first, and at least"
        " half as much again as the longest."
    )
    line = PatchLine(("timeout",), format_span(wanted).replace(" ", ""))
    yield Proposal((line,), reason, tuple(run.run_id for run in seen.good))


def _catch_up(seen: Seen) -> Iterator[Proposal]:
    """Fires that came later than `catch_up` allows, and so did not run."""
    late = [run for run in seen.late if run.scheduled_for_us is not None]
    if len(late) < _FEWEST_LATE:
        return
    by = {run.run_id: (run.started_us - (run.scheduled_for_us or 0)) / 1e6 for run in late}
    latest = max(late, key=lambda run: by[run.run_id])
    wanted = _rounded(by[latest.run_id] * _LATENESS_HEADROOM)
    most = duration(by[latest.run_id])
    reason = (
        f"{len(late)} fires were skipped because they came too late, by {most} at most"
        f" ({latest.run_id}). With a quarter more they would have been made up for."
    )
    line = PatchLine(("catch_up",), format_span(wanted).replace(" ", ""))
    yield Proposal((line,), reason, tuple(run.run_id for run in late))


def _sandbox(seen: Seen) -> Iterator[Proposal]:
    own = seen.task.sandbox
    for profile in (Profile.READONLY, Profile.STRICT, Profile.STANDARD):
        if profile.rank <= own.profile.rank:
            break
        proven = [run for run in seen.good if Profile.of_word(run.sandbox).rank >= profile.rank]
        if len(proven) >= FEWEST:
            reason = f"{len(proven)} good runs were in `{profile}` or a tighter sandbox already."
            lines = tuple(sandbox_lines(own.replace(profile=profile)))
            yield Proposal(lines, reason, tuple(run.run_id for run in proven))
            return
    following = _NEXT.get(own.profile)
    if following is None:
        return
    within = [run for run in seen.good if Profile.of_word(run.sandbox).rank >= own.profile.rank]
    if len(within) < FEWEST:
        return
    reason = (
        f"{len(within)} good runs were in `{own.profile}`, and none in `{following}` yet: the next"
        " step is safe once a trial has succeeded."
    )
    lines = tuple(sandbox_lines(own.replace(profile=following)))
    proof = f"{seen.program} try {seen.task.name} --sandbox {following}"
    yield Proposal(lines, reason, tuple(run.run_id for run in within), proof)


def _seconds(run: RunRecord) -> float:
    return run.duration_seconds or 0.0


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def _rounded(seconds: float) -> float:
    """Return a span that people would write, and that is not shorter."""
    whole_days = math.ceil(seconds / 86400) * 86400
    return float(next((one for one in _ROUND_SECONDS if one >= seconds), whole_days))


def _bytes(text: str | None) -> int | None:
    try:
        return None if text is None else size_bytes(text)
    except ValueError:
        return None


def _value(lines: Sequence[PatchLine]) -> Any:
    first = lines[0]
    if first.path[0] != "sandbox" or len(first.path) == 1:
        return first.value
    return {line.path[-1]: line.value for line in lines}


def is_good(run: RunRecord) -> bool:
    """Whether a run says something of the task: it ran, and succeeded."""
    return run.status is RunStatus.SUCCEEDED and not run.dry_run and not run.damaged
