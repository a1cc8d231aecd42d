"""Hooks: what runs after the run's end is recorded, and cannot change it."""

from __future__ import annotations

import os
import select
import signal
import time

from docket.files import write_volatile
from docket.model.excerpt import Excerpt
from docket.model.jsontext import dumps
from docket.model.rows import HookRow
from docket.model.states import RunStatus
from docket.runfiles import DETAILS, discard, run_file
from docket.runner.call.environment import iso
from docket.runner.call.signals import RESTORED_BY_SPAWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from docket.model.plan import Hook, Plan
    from docket.model.rows import RunRow
    from docket.model.text.mask import Mask
    from docket.runner.record.record import Recorder

# One variable may take 128 KiB (MAX_ARG_STRLEN); a noisy failure must still reach its hook.
LARGEST_DETAILS_VARIABLE = 64 * 1024
_LONGEST_TEXT = 2000


def hooks_for(plan: Plan, status: str) -> list[tuple[int, Hook]]:
    """Return the hooks that a run of this status calls, with their positions, in order."""
    if not RunStatus(status).ran:
        return []
    outcome = "on_success" if status == RunStatus.SUCCEEDED else "on_failure"
    numbered = list(enumerate(plan.hooks))
    return [
        (position, hook)
        for kind in (outcome, "on_complete")
        for position, hook in numbered
        if hook.kind == kind
    ]


class HookRunner:
    """Runs hooks of one finished run; each is claimed before it begins, and recorded at its end."""

    def __init__(
        self,
        plan: Plan,
        row: RunRow,
        environment: dict[str, str],
        recorder: Recorder,
        now_us: Callable[[], int],
        mask: Mask | None,
    ) -> None:
        self._plan = plan
        self._row = row
        self._environment = environment
        self._recorder = recorder
        self._now_us = now_us
        self._mask = mask

    def run(self, already_started: set[int]) -> list[HookRow]:
        """Run the hooks that were not started before, one after another."""
        hooks = [
            entry
            for entry in hooks_for(self._plan, self._row.status)
            if entry[0] not in already_started
        ]
        if not hooks:
            return []
        details_path = run_file(self._plan.lock_dir, self._row.run_id, DETAILS)
        try:
            environment = self._with_details(details_path)
            outcomes = [self._run_one(position, hook, environment) for position, hook in hooks]
        finally:
            discard(details_path)
        return [outcome for outcome in outcomes if outcome is not None]

    def _run_one(self, position: int, hook: Hook, environment: dict[str, str]) -> HookRow | None:
        """Run one hook and return its outcome; None where another process runs it."""
        label = hook.command if self._mask is None else self._mask.text(hook.command)
        if hook.is_agent:
            from docket.runner.after.notifications import agent_label  # noqa: PLC0415  (few tasks)

            label = agent_label(hook, environment)
        outcome = HookRow(position=position, kind=hook.kind, label=label, started_at=self._now_us())
        if not self._recorder.claim_hook(outcome):
            return None
        begun = time.monotonic()
        try:
            self._perform(outcome, hook, environment)
        except OSError as error:
            outcome.state = "failed_to_start"
            outcome.stderr = f"The hook could not be started: {error.strerror}."
        outcome.duration_us = int((time.monotonic() - begun) * 1e6)
        self._recorder.hook(outcome)
        return outcome

    def _perform(self, outcome: HookRow, hook: Hook, environment: dict[str, str]) -> None:
        limit = self._plan.hook_timeout_seconds
        if not hook.is_agent:
            excerpts = (self._excerpt(), self._excerpt())
            run_shell(outcome, hook.command, environment, limit, excerpts)
            return
        from docket.runner.after.notifications import agent_outcome  # noqa: PLC0415  (few tasks)

        details = dumps(self._row.details)
        agent_outcome(outcome, hook, self._row, details, environment, self._plan, self._mask)

    def _excerpt(self) -> Excerpt:
        if self._mask is None:
            return Excerpt()
        from docket.runner.attempt.masking import MaskedExcerpt  # noqa: PLC0415  (tasks with secrets)

        return MaskedExcerpt(self._mask)

    def _with_details(self, path: str) -> dict[str, str]:
        row = self._row
        text = dumps(row.details)
        values = dict(self._environment)
        try:
            write_volatile(path, text.encode())
            values["DOCKET_DETAILS_FILE"] = path
        except OSError:
            values.pop("DOCKET_DETAILS_FILE", None)
        duration = ((row.finished_at or row.started_at) - row.started_at) / 1e6
        values |= {
            "DOCKET_RUN_ID": row.run_id,
            "DOCKET_TASK_NAME": row.task,
            "DOCKET_STATUS": row.status,
            "DOCKET_ERROR_CODE": row.error_code or "",
            "DOCKET_TRIGGER": row.trigger,
            "DOCKET_EXIT_CODE": str(row.exit_code),
            "DOCKET_SUMMARY": row.summary,
            "DOCKET_STARTED_AT": iso(row.started_at),
            "DOCKET_FINISHED_AT": iso(row.finished_at or row.started_at),
            "DOCKET_DURATION_SECONDS": f"{duration:.6f}",
            "DOCKET_DETAILS_JSON": _bounded(row.details, text, path),
            "DOCKET_LOG_PATH": row.log_path or "",
        }
        return values


def run_shell(
    outcome: HookRow,
    command: str,
    environment: dict[str, str],
    timeout_seconds: float,
    kept: tuple[Excerpt, Excerpt],
) -> None:
    """Run a shell command to its end or its deadline, into `outcome`; OSError if not started.

    `kept` takes its output and its errors.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    error_reader, error_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    for descriptor in (writer, error_writer):
        os.set_blocking(descriptor, True)
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", command],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, writer, 1),
                (os.POSIX_SPAWN_DUP2, error_writer, 2),
            ],
            setpgroup=0,
            setsigdef=RESTORED_BY_SPAWN,
        )
    except OSError:
        os.close(reader)
        os.close(error_reader)
        raise
    finally:
        os.close(writer)
        os.close(error_writer)
    excerpts = dict(zip((reader, error_reader), kept, strict=True))
    in_time = _listen(pid, excerpts, time.monotonic() + timeout_seconds)
    _end_group(pid)
    _, status = os.waitpid(pid, 0)
    outcome.stdout, outcome.stderr = (excerpt.text() for excerpt in excerpts.values())
    outcome.exit_code = os.waitstatus_to_exitcode(status) if in_time else -1
    outcome.state = "done" if in_time else "timed_out"


def _listen(pid: int, excerpts: dict[int, Excerpt], deadline: float) -> bool:
    """Read the pipes until the shell has ended; False where the deadline came first."""
    pidfd = os.pidfd_open(pid)
    waiting = select.poll()
    for descriptor in (pidfd, *excerpts):
        waiting.register(descriptor, select.POLLIN)
    ended = False
    while not ended:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        for descriptor, _ in waiting.poll(left * 1000):
            if descriptor == pidfd:
                ended = True
            elif not _read(descriptor, excerpts[descriptor]):
                waiting.unregister(descriptor)
    os.close(pidfd)
    for descriptor, excerpt in excerpts.items():
        _read(descriptor, excerpt)
        os.close(descriptor)
    return ended


def _read(descriptor: int, excerpt: Excerpt) -> bool:
    """Read what is there; False at the end of the pipe."""
    try:
        for _ in range(16):  # a chatty hook must not keep us from its deadline
            data = os.read(descriptor, 1 << 16)
            if not data:
                return False
            excerpt.feed(data)
    except BlockingIOError:
        pass
    return True


def _end_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass


def _bounded(details: dict[str, Any], text: str, path: str) -> str:
    if len(text) <= LARGEST_DETAILS_VARIABLE:
        return text
    kept = {name: shortened(value) for name, value in details.items()}
    text = dumps({**kept, "details_truncated": True, "details_file": path})
    if len(text) <= LARGEST_DETAILS_VARIABLE:
        return text
    return dumps({"details_truncated": True, "details_file": path})


def shortened(value: object) -> object:
    """Return a value of the details, cut where it is too long for a hook's environment."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[-_LONGEST_TEXT:]
    if isinstance(value, (list, dict)) and len(dumps(value)) > _LONGEST_TEXT:
        return None
    return value
