"""What is odd about a task although its last run may be good: stable words, each with a sentence.

The newest run is compared with the ones before it: their median, and how far they usually are from
it (the median of the distances, which single outliers do not move).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from docket.model.ends.causes import is_intended
from docket.model.median import median
from docket.model.record import Record
from docket.model.records import RunSample
from docket.model.states import RunStatus, Trigger
from docket.model.text.size import size_text
from docket.model.time.span import format_span

if TYPE_CHECKING:
    from docket.app.status.shapes import AnomalyDocument

SAMPLE = 21  # good runs that are looked at: the newest, and those that it is compared with
RECENT = 60  # runs of any kind that are looked at
_FEWEST = 5  # with fewer runs, nothing is called usual
_SPREADS = 5.0
_OF_NORMAL = 1.4826  # makes a median distance comparable with a standard deviation
_NOTABLE_SECONDS = 5.0
_NOTABLE_BYTES = 64 * 1024
_NEAR_LIMIT = 0.9
_LATE_SECONDS = 60.0
_LATE_FIRES = 10
_FLAPPING_RUNS = 10
_FLAPPING_CHANGES = 4
_RETRIED_RUNS = 3
_SKIPPED_FIRES = 3


class Anomaly(Record):
    """One thing that is odd; `code` never changes its meaning."""

    code: str
    sentence: str

    def document(self) -> AnomalyDocument:
        """Return it as a JSON object."""
        return {"code": self.code, "sentence": self.sentence}


class Past(Record):
    """What the record holds of a task, newest first; `good` are only the runs that succeeded."""

    recent: Sequence[RunSample]
    good: Sequence[RunSample]

    @property
    def real(self) -> list[RunSample]:
        """The recent runs that ran and are over."""
        return [run for run in self.recent if run.status.ran and run.status.final]

    @property
    def under_way(self) -> list[RunSample]:
        """The runs that are recorded as running."""
        return [run for run in self.recent if run.status is RunStatus.RUNNING]

    @property
    def reached_us(self) -> int | None:
        """The latest instant up to which no other run was due; missed fires account for nothing."""
        there = (run.reached_us for run in self.recent if run.status is not RunStatus.MISSED)
        return next(there, None)


def anomalies(
    past: Past, *, now_us: int, slack_us: int = 0, memory_limit_bytes: int | None = None
) -> tuple[Anomaly, ...]:
    """Return what is odd; `slack_us` is how late a fire may be by the timer's own settings."""
    return (
        *_duration(past),
        *_going_on(past, now_us),
        *_output(past),
        *_memory(past, memory_limit_bytes),
        *_lateness(past, slack_us),
        *_flapping(past),
        *_retries(past),
        *_skipped(past),
    )


def _duration(past: Past) -> Iterator[Anomaly]:
    if len(past.good) <= _FEWEST:
        return
    newest, *before = [run.seconds for run in past.good]
    words = f"{_span(newest)}, {_usually(before)}"
    if _is_more(newest, before, _NOTABLE_SECONDS):
        yield Anomaly("duration_long", f"Its last good run took {words}.")
    elif _is_less(newest, before, _NOTABLE_SECONDS):
        yield Anomaly("duration_short", f"Its last good run took only {words}.")


def _going_on(past: Past, now_us: int) -> Iterator[Anomaly]:
    usual = [run.seconds for run in past.good]
    for run in past.under_way:
        seconds = (now_us - run.started_us) / 1e6
        if len(usual) >= _FEWEST and _is_more(seconds, usual, _NOTABLE_SECONDS):
            words = f"{_span(seconds)}, {_usually(usual)}"
            yield Anomaly("running_long", f"It has been running for {words}.")


def _output(past: Past) -> Iterator[Anomaly]:
    sizes = [run.output_bytes for run in past.good if run.output_bytes is not None]
    if len(sizes) <= _FEWEST or past.good[0].output_bytes is None:
        return
    newest, *before = sizes
    usual = median(before)
    words = f"{size_text(usual)} are usual"
    if newest == 0 and min(before) > 0:
        yield Anomaly("output_empty", f"Its last good run printed nothing; {words}.")
    elif _is_more(newest, before, _NOTABLE_BYTES, times=10):
        sentence = f"Its last good run printed {size_text(newest)}; {words}."
        yield Anomaly("output_large", sentence)
    elif _is_less(newest, before, _NOTABLE_BYTES, times=10):
        yield Anomaly(
            "output_small", f"Its last good run printed only {size_text(newest)}; {words}."
        )


def _memory(past: Past, limit: int | None) -> Iterator[Anomaly]:
    peak = past.real[0].peak_memory_bytes if past.real else None
    if limit and peak is not None and peak >= limit * _NEAR_LIMIT:
        yield Anomaly(
            "memory_near_limit",
            f"Its last run used {size_text(peak)} of the {size_text(limit)} that it may have.",
        )


def _lateness(past: Past, slack_us: int) -> Iterator[Anomaly]:
    late = [
        (run.started_us - run.scheduled_for_us - slack_us) / 1e6
        for run in past.recent
        if run.trigger is Trigger.TIMER and run.status.ran and run.scheduled_for_us is not None
    ][:_LATE_FIRES]
    if len(late) >= _FEWEST and min(late) > _LATE_SECONDS:
        yield Anomaly(
            "always_late",
            f"Its last {len(late)} fires began {_span(min(late))} to {_span(max(late))} late.",
        )


def _flapping(past: Past) -> Iterator[Anomaly]:
    ends = [run.status is RunStatus.SUCCEEDED for run in past.real[:_FLAPPING_RUNS]]
    changes = sum(one != other for one, other in pairwise(ends))
    if changes >= _FLAPPING_CHANGES:
        bad = ends.count(False)
        yield Anomaly(
            "flapping", f"{bad} of its last {len(ends)} runs failed, with successes between them."
        )


def _retries(past: Past) -> Iterator[Anomaly]:
    last = past.real[:_RETRIED_RUNS]
    good = all(run.status is RunStatus.SUCCEEDED and run.retry_count for run in last)
    if len(last) == _RETRIED_RUNS and good:
        yield Anomaly("needs_retries", f"Its last {len(last)} runs succeeded only after a retry.")


def _skipped(past: Past) -> Iterator[Anomaly]:
    row = list(takewhile(lambda run: run.status is RunStatus.SKIPPED, past.recent))
    kinds = {run.error_code for run in row if not is_intended(run.error_code)}
    if len(row) >= _SKIPPED_FIRES and kinds:
        why = ", ".join(sorted(kind or "no reason" for kind in kinds))
        yield Anomaly("fires_skipped", f"Its last {len(row)} runs were skipped: {why}.")


def _is_more(value: float, before: Sequence[float], notable: float, times: float = 2) -> bool:
    usual = median(before)
    return value > usual * times and value - usual > max(_spread(before), notable)


def _is_less(value: float, before: Sequence[float], notable: float, times: float = 4) -> bool:
    usual = median(before)
    return value < usual / times and usual - value > max(_spread(before), notable)


def _spread(values: Sequence[float]) -> float:
    middle = median(values)
    return _SPREADS * _OF_NORMAL * median(abs(value - middle) for value in values)


def _usually(seconds: Sequence[float]) -> str:
    return f"where {_span(median(seconds))} is usual"


def _span(seconds: float) -> str:
    return format_span(round(seconds, 0 if seconds >= 10 else 2))
