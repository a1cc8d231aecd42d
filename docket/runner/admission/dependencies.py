"""The tasks that have to succeed before a run: each as a run of its own, once in the whole tree."""

from __future__ import annotations

import os
import select
import time

from docket.files import write_volatile
from docket.model import signals
from docket.model.ends.exitmeaning import SKIPPED_BY_EXIT_CODE
from docket.model.jsontext import dumps, loads
from docket.model.runid import make_run_id
from docket.model.states import RunStatus, Trigger
from docket.paths import exec_command
from docket.runfiles import REQUEST, is_cancelled, run_file
from docket.runner.admission.guards import GATED, Refusal
from docket.runner.after.hooks import shortened
from docket.runner.call.environment import iso
from docket.runner.call.signals import RESTORED_BY_SPAWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from docket.runner.admission.pendingrun import Waiting

# Variables of a service manager about the run's own unit, in which a dependency is not.
_OF_THE_UNIT = (
    "INVOCATION_ID",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "JOURNAL_STREAM",
    "CREDENTIALS_DIRECTORY",
    "TRIGGER_UNIT",
    "TRIGGER_TIMER_REALTIME_USEC",
    "TRIGGER_TIMER_MONOTONIC_USEC",
)
# With these codes a skipped dependency has succeeded already.
_SERVED = ("once_per", "already_done")
_LARGEST_RESULT = 16 << 20
_OF_A_RESULT = (
    "task",
    "run_id",
    "status",
    "error_code",
    "summary",
    "dry_run",
    "exit_code",
    "retry_count",
    "duration_seconds",
    "hooks",
)


def run_dependencies(waiting: Waiting, tree: list[str], *, gated: bool) -> Refusal | None:
    """Run what the plan's `depends_on` names, in order; a refusal if one does not succeed.

    `tree` are the tasks that have run before in this tree, and those that wait for this run.
    With `gated` a destructive one is refused, whatever its own config says of unattended runs.
    """
    done = [*tree, waiting.plan.task]
    record: list[dict[str, Any]] = []
    waiting.row.note(dependencies=record)
    for task in waiting.plan.depends_on:
        if task in done:
            continue
        child = _Child(waiting, task, done, gated=gated)
        refusal = child.run()
        record += child.record
        done += [str(one["task"]) for one in child.record]
        if refusal is not None:
            return refusal
    waiting.resume()
    return None


class _Child:
    """One dependency: `docket exec` in a process group of its own, and what it hands over."""

    def __init__(self, waiting: Waiting, task: str, tree: list[str], *, gated: bool) -> None:
        self._waiting = waiting
        self._task = task
        self._tree = tree
        self._gated = gated
        self._run_id = make_run_id(time.time_ns() // 1000, os.urandom(4))
        self.record: list[dict[str, Any]] = []

    def run(self) -> Refusal | None:
        self._waiting.announce(f"its dependency {self._task}", self._run_id)
        try:
            found, ended = self._result()
        except OSError as error:
            return self._failed(f"cannot be started: {error.strerror}")
        if ended is not None:
            return ended
        if not isinstance(found, dict) or "status" not in found:
            why = found.get("error") if isinstance(found, dict) else None
            return self._failed(f"failed: {why}" if why else "ended without a result")
        self._keep(found)
        return self._judged(RunStatus(found["status"]), found.get("error_code"), found)

    def _judged(self, status: RunStatus, code: str | None, found: dict[str, Any]) -> Refusal | None:
        """Return what the end of a dependency means for the run."""
        skipped = status is RunStatus.SKIPPED
        if status is RunStatus.SUCCEEDED or (skipped and code in _SERVED):
            return None
        if skipped and code == GATED:
            reason = f"its dependency {self._task} may not run: {found.get('summary')}"
            return Refusal(GATED, reason, self._run_id)
        refusal = self._failed(f"ended as {status}: {found.get('summary')}")
        if skipped and code == SKIPPED_BY_EXIT_CODE:
            refusal.status = RunStatus.SKIPPED
        return refusal

    def _keep(self, found: dict[str, Any]) -> None:
        details = found.get("details")
        below = details.get("dependencies") if isinstance(details, dict) else None
        self.record = [*(below if isinstance(below, list) else []), _payload(found)]

    def _failed(self, how: str) -> Refusal:
        reason = f"its dependency {self._task} {how}"
        return Refusal("dependency", reason, self._run_id, RunStatus.FAILED)

    def _result(self) -> tuple[Any, Refusal | None]:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        try:
            pid = self._spawn(writer)
        except OSError:
            os.close(reader)
            raise
        finally:
            os.close(writer)
        try:
            data, ended = self._attend(pid, reader)
        finally:
            os.close(reader)
            os.waitpid(pid, 0)
        try:
            return loads(data.decode()), ended
        except ValueError:
            return None, ended

    def _spawn(self, writer: int) -> int:
        plan, row = self._waiting.plan, self._waiting.row
        request = {"parent_run_id": row.run_id, "tree": self._tree}
        path = run_file(plan.lock_dir, self._run_id, REQUEST)
        write_volatile(path, dumps(request).encode())
        os.set_inheritable(writer, True)
        words = [*exec_command(), self._task, *plan.exec_arguments(), "--quiet"]
        words += ["--run-id", self._run_id, "--trigger", str(Trigger.DEPENDENCY)]
        words += ["--result-fd", str(writer), *["--no-destructive"] * self._gated]
        words += ["--sandbox", row.sandbox] if row.sandbox else []
        return os.posix_spawn(
            words[0],
            words,
            self._environment(),
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)],
            setpgroup=0,
            setsigdef=RESTORED_BY_SPAWN,
        )

    def _environment(self) -> dict[str, str]:
        """Return our environment without the variables of our unit."""
        return {name: text for name, text in os.environ.items() if name not in _OF_THE_UNIT}

    def _attend(self, pid: int, reader: int) -> tuple[bytes, Refusal | None]:
        """Read the result to its end; a stop or the deadline is handed on to the dependency."""
        waiting, data, ended = self._waiting, b"", None
        poll = select.poll()
        poll.register(reader, select.POLLIN)
        poll.register(waiting.stop.descriptor, select.POLLIN)
        while True:
            if ended is None:
                ended = waiting.ended(f"its dependency {self._task}", self._run_id)
                if ended is not None:
                    poll.unregister(waiting.stop.descriptor)
                    os.kill(pid, self._signal())
            left = None if ended is not None else waiting.seconds_left()
            ready = poll.poll(None if left is None else left * 1000 + 1)
            if any(descriptor == reader for descriptor, _ in ready):
                chunk = os.read(reader, 65536)
                if not chunk:
                    return data, ended
                data = (data + chunk)[:_LARGEST_RESULT]

    def _signal(self) -> int:
        row = self._waiting.row
        cancelled = is_cancelled(self._waiting.lock_dir, row.run_id)
        asked = self._waiting.stop.received == signals.SIGINT or cancelled
        return signals.SIGINT if asked else signals.SIGTERM


def _payload(found: dict[str, Any]) -> dict[str, Any]:
    """Return a dependency's result for the details of the run that it serves, its texts bounded.

    The same list already has what ran below it.
    """
    details = {n: v for n, v in dict(found["details"]).items() if n != "dependencies"}
    finished = found["finished_at_us"]
    return {
        "ok": found["status"] == RunStatus.SUCCEEDED,
        "details": {name: shortened(value) for name, value in details.items()},
        "started_at": iso(found["started_at_us"]),
        "finished_at": None if finished is None else iso(finished),
        **{name: found[name] for name in _OF_A_RESULT},
    }
