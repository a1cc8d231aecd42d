"""A run that waits for others: its row is `pending` and says for whom."""

from __future__ import annotations

import os
import select
import time

from docket.model import signals
from docket.model.states import RunStatus
from docket.runfiles import is_cancelled
from docket.runner.admission.guards import Refusal
from docket.store.holders import open_holder
from docket.systemd.notify import notify_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from docket.model.plan import Plan
    from docket.model.rows import RunRow
    from docket.runner.call.signals import StopSignals
    from docket.runner.record.record import Recorder

_UNKNOWN_HOLDER_SECONDS = 0.1  # how soon to look again at a lock with an unknown holder
_LONGEST_SLEEP_SECONDS = 5.0  # a holder may let go without ending


class Obstacle:
    """What a run waits for: in words, the run in the way, and the locks that have to come free.

    `soon`: try again soon, even if the locks are still held.
    """

    __slots__ = ("paths", "run_id", "soon", "words")

    def __init__(
        self, words: str, run_id: str | None, paths: list[str], *, soon: bool = False
    ) -> None:
        self.words = words
        self.run_id = run_id
        self.paths = paths
        self.soon = soon


class Waiting:
    """Waits on behalf of one run, to its deadline (monotonic seconds, None for none) at most."""

    __slots__ = ("_begun", "_deadline", "_recorder", "lock_dir", "plan", "row", "stop")

    def __init__(
        self, plan: Plan, recorder: Recorder, stop: StopSignals, deadline: float | None
    ) -> None:
        self.plan = plan
        self.row: RunRow = recorder.row
        self.lock_dir = plan.lock_dir
        self._recorder = recorder
        self.stop = stop
        self._deadline = deadline
        self._begun: float | None = None

    def until(self, attempt: Callable[[], Obstacle | None]) -> Refusal | None:
        """Repeat `attempt` until nothing is in the way; a refusal if the run ends before."""
        told = None
        while (obstacle := attempt()) is not None:
            if obstacle.words != told:
                self.announce(obstacle.words, obstacle.run_id)
                told = obstacle.words
            self._recorder.tick(time.monotonic())
            ended = self._sleep(obstacle)
            if ended is not None:
                return ended
        self.resume()
        return None

    def announce(self, words: str, run_id: str | None) -> None:
        """Make the row `pending`: it waits for what `words` say, and the run in the way."""
        row = self.row
        self._begun = self._begun or time.monotonic()
        row.status = RunStatus.PENDING.value
        row.summary = f"Waits for {words}"
        row.blocked_by = run_id
        row.note(waits_for=words)
        notify_status(f"waits for {words}, run {row.run_id}")
        self._recorder.wait()

    def resume(self) -> None:
        """Make the row `running` again, if it was pending."""
        row = self.row
        if "waits_for" not in row.details:
            return
        row.status = RunStatus.RUNNING.value
        row.summary = ""
        row.blocked_by = None
        row.note(waited_for=row.details.pop("waits_for"))
        waited = row.details.get("waited_seconds", 0.0) + time.monotonic() - (self._begun or 0.0)
        row.note(waited_seconds=round(waited, 3))

    def _sleep(self, obstacle: Obstacle) -> Refusal | None:
        """Sleep until a holder is gone, or somebody or the deadline ends the run."""
        poll = select.poll()
        poll.register(self.stop.descriptor, select.POLLIN)
        holders = [open_holder(path) for path in obstacle.paths]
        known = [holder[1] for holder in holders if holder is not None]
        for pidfd in known:
            poll.register(pidfd, select.POLLIN)
        soon = obstacle.soon or None in holders
        longest = _UNKNOWN_HOLDER_SECONDS if soon else _LONGEST_SLEEP_SECONDS
        if self._deadline is not None:
            longest = min(longest, self.seconds_left() or 0.0)
        if not self.stop.received:
            poll.poll(longest * 1000 + 1)
        for pidfd in known:
            os.close(pidfd)
        return self.ended(obstacle.words, obstacle.run_id)

    def seconds_left(self) -> float | None:
        """Return how long the run may still wait; None for as long as it takes."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def ended(self, words: str, run_id: str | None) -> Refusal | None:
        """Return the outcome of a run whose waiting a stop or its deadline has ended."""
        if self.stop.received:
            name = signals.signal_name(self.stop.received)
            if self.stop.received == signals.SIGINT or is_cancelled(self.lock_dir, self.row.run_id):
                reason = f"Cancelled while it waited for {words}"
                return Refusal("cancelled", reason, run_id, RunStatus.CANCELLED)
            reason = f"Stopped by {name} while it waited for {words}"
            return Refusal("stopped", reason, run_id, RunStatus.INTERRUPTED)
        if self._deadline is not None and time.monotonic() >= self._deadline:
            limit = self.plan.timeout_seconds or 0.0
            reason = f"Run timed out after {limit:g}s of waiting for {words}"
            return Refusal("timeout", reason, run_id, RunStatus.TIMED_OUT)
        return None
