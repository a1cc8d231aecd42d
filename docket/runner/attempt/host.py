"""What an attempt asks of the run that it belongs to."""

from __future__ import annotations

from docket.model import signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from docket.model.text.mask import Mask
    from docket.runner.attempt.progress import Progress
    from docket.runner.attempt.unitlimits import UnitCounters
    from docket.runner.call.account import Account
    from docket.runner.record.locks import NamedLock, RunLock
    from docket.runner.record.record import Recorder
    from docket.strays import Strays

    Report = Callable[[dict[str, Any], str], None]


class Host:
    """Nothing is recorded, held or killed: the host of a dry run."""

    def report(self, event: dict[str, Any], text: str) -> None:
        """Take an event of the task; `text` is its JSON."""

    def progress(self, event: dict[str, Any], text: str) -> None:
        """Take how far the task is; `text` is its JSON."""

    def tick(self, now: float) -> float | None:
        """Write what is due at `now` (monotonic seconds); return when to come again."""

    def let_go(self) -> None:
        """In a forked child, close what only the runner may hold."""

    def kill_rest(self, leader: int, number: int) -> None:
        """Signal what the command started outside its process group, which `leader` leads."""


class RunHost(Host):
    """The host of a real run: it records events and progress, and ends what the command left."""

    def __init__(
        self,
        recorder: Recorder,
        locks: list[RunLock | NamedLock],
        mask: Mask | None,
        account: Account | None,
    ) -> None:
        """`locks` are those that the run holds; events are masked with `mask`.

        `account` is the user of the task, if that is not the runner's own user.
        """
        self._owner = None if account is None else account.uid
        self._recorder = recorder
        self._locks = locks
        self._progress: Progress | None = None
        self._strays: Strays | None = None
        self._status = ""
        self._counters: UnitCounters | None = None
        self._take_event = _masked(self._record, mask)
        self._take_progress = _masked(self._show, mask)

    def begin_attempt(self, status: str) -> None:
        """Show progress after `status` from now on."""
        self._status = status

    def end_attempt(self, now: float) -> None:
        """Record the progress that waits."""
        if self._progress is not None:
            self._progress.flush(now)
            self._progress = None

    def report(self, event: dict[str, Any], text: str) -> None:
        """Record an event of the task; a progress event is shown as well."""
        self._take_event(event, text)

    def progress(self, event: dict[str, Any], text: str) -> None:
        """Record how far the task is, and show it."""
        self._take_progress(event, text)

    def tick(self, now: float) -> float | None:
        """Write what is due at `now` (monotonic seconds); return when to come again."""
        later = None if self._progress is None else self._progress.tick(now)
        due = self._recorder.tick(now)
        return min((at for at in (due, later) if at is not None), default=None)

    def let_go(self) -> None:
        """In a forked child, close what only the runner may hold."""
        for lock in self._locks:
            lock.close_in_child()

    def kill_rest(self, leader: int, number: int) -> None:
        """Signal what the command started outside its process group, which `leader` leads."""
        row = self._recorder.row
        if row.unit is not None:
            from docket.runner.attempt.killing import signal_cgroup  # noqa: PLC0415  (in units)

            signal_cgroup(row.unit, number)
            return
        from docket.strays import Strays  # noqa: PLC0415  (runs that are ended)

        self._strays = self._strays or Strays(row.run_id, self._owner)
        self._strays.signal(leader, number)
        if number == signals.SIGKILL:
            self._strays.close()

    def limits_passed(self) -> tuple[bool, list[dict[str, Any]]]:
        """Return whether the kernel killed for memory, and the limits passed, since the last call.

        The limits are those of the run's unit, as UnitCounters reads them.
        """
        unit = self._recorder.row.unit
        if unit is None:
            return False, []
        from docket.runner.attempt.unitlimits import UnitCounters  # noqa: PLC0415  (few attempts)

        before, now = self._counters or UnitCounters(), UnitCounters.of_unit(unit)
        self._counters = now
        return now.memory_kills > before.memory_kills, now.passed_since(before)

    def _record(self, event: dict[str, Any], text: str) -> None:
        self._recorder.event(event, text)
        if (event.get("event") or event.get("type")) == "progress":
            self._shown().note(event)

    def _show(self, event: dict[str, Any], text: str) -> None:
        self._shown().report(event, text)

    def _shown(self) -> Progress:
        if self._progress is None:
            from docket.runner.attempt.progress import Progress  # noqa: PLC0415  (few tasks)

            self._progress = Progress(self._recorder.event, self._status)
        return self._progress


def _masked(report: Report, mask: Mask | None) -> Report:
    if mask is None:
        return report
    from docket.runner.attempt.masking import masked_report  # noqa: PLC0415  (tasks with secrets)

    return masked_report(mask, report)
