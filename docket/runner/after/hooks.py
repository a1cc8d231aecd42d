"""Hooks: what runs after the run's end is recorded, and cannot change it."""

from __future__ import annotations

import os
import time

from docket.errors import DocketError
from docket.files import write_all, write_volatile
from docket.model.excerpt import Excerpt
from docket.model.jsontext import dumps
from docket.model.rows import HookRow
from docket.model.states import RunStatus
from docket.runfiles import DETAILS, discard, run_file
from docket.runner.after.shell import run_shell, spawn_shell
from docket.runner.call.environment import iso

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from docket.model.plan import Hook, Plan
    from docket.model.rows import RunRow
    from docket.model.text.mask import Mask
    from docket.runner.after.userhooks import HookUser
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
        self._user: HookUser | None = None
        self._in_memory = -1  # the details, if no file takes them

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
        if self._plan.run_as is not None:
            from docket.runner.after.userhooks import HookUser  # noqa: PLC0415  (tasks with `user`)

            self._user = HookUser(self._plan, self._plan.run_as, self._row)
        try:
            environment = self._with_details(details_path)
            outcomes = [self._run_one(position, hook, environment) for position, hook in hooks]
        finally:
            discard(details_path)
            if self._in_memory >= 0:
                os.close(self._in_memory)
            if self._user is not None:
                self._user.forget()
        return [outcome for outcome in outcomes if outcome is not None]

    def _run_one(self, position: int, hook: Hook, environment: dict[str, str]) -> HookRow | None:
        """Run one hook and return its outcome; None if another process runs it."""
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
        except DocketError as error:
            outcome.state = "failed_to_start"
            outcome.stderr = f"The hook could not be started: {error.sentence}"
        outcome.duration_us = int((time.monotonic() - begun) * 1e6)
        self._recorder.hook(outcome)
        return outcome

    def _perform(self, outcome: HookRow, hook: Hook, environment: dict[str, str]) -> None:
        limit = self._plan.hook_timeout_seconds
        if not hook.is_agent:
            excerpts = (self._excerpt(), self._excerpt())
            start = spawn_shell if self._user is None else self._user.start
            run_shell(outcome, hook.command, environment, limit, excerpts, start)
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
            path = self._lay_out(path, text.encode())
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
        return values if self._user is None else self._user.environment(values)

    def _lay_out(self, path: str, details: bytes) -> str:
        """Write the details where the hooks can read them; return where that is.

        If the disk is full, that is in memory: hooks inherit the descriptor and open its path.
        """
        if self._user is not None and (own := self._user.give_details(details)):
            return own
        try:
            write_volatile(path, details)
        except OSError:
            self._in_memory = os.memfd_create("docket-details", 0)
            write_all(self._in_memory, details)
            return f"/proc/self/fd/{self._in_memory}"
        return path


def _bounded(details: dict[str, Any], text: str, path: str) -> str:
    if len(text) <= LARGEST_DETAILS_VARIABLE:
        return text
    kept = {name: shortened(value) for name, value in details.items()}
    text = dumps({**kept, "details_truncated": True, "details_file": path})
    if len(text) <= LARGEST_DETAILS_VARIABLE:
        return text
    return dumps({"details_truncated": True, "details_file": path})


def shortened(value: object) -> object:
    """Return a value of the details, cut if it is too long for a hook's environment."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[-_LONGEST_TEXT:]
    if isinstance(value, (list, dict)) and len(dumps(value)) > _LONGEST_TEXT:
        return None
    return value
