"""Hooks of a task with `user`: as that user, or with `hooks_as: root` as root."""

from __future__ import annotations

import os
import pwd

from docket.runner.after.shell import spawn_shell
from docket.runner.call.account import Account, AccountError, account_of
from docket.runner.record.handover import Handover

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan, RunAs
    from docket.model.rows import RunRow


class HookUser:
    """Starts the hooks of one run as their user; without that user none is started."""

    def __init__(self, plan: Plan, run_as: RunAs, row: RunRow) -> None:
        self._plan = plan
        self._row = row
        self._as_root = run_as.hooks_as_root
        self._account: Account | None = None
        self._missing: AccountError | None = None
        self._handover: Handover | None = None
        try:
            self._account = None if self._as_root else account_of(run_as)
        except AccountError as error:
            self._missing = error

    def environment(self, values: dict[str, str]) -> dict[str, str]:
        """Return the variables of the run as the hooks get them."""
        if not self._as_root:
            return values
        known = pwd.getpwuid(0)
        login = {"HOME": known.pw_dir, "USER": "root", "LOGNAME": "root", "SHELL": known.pw_shell}
        written = {name: self._plan.env[name] for name in login if name in self._plan.env}
        return {**values, **login, **written}

    def give_details(self, data: bytes) -> str | None:
        """Return the path of the details that the user can read; None if root reads them."""
        if self._account is None:
            return None
        uid, gid = self._account.uid, self._account.gid
        self._handover = Handover(self._plan.lock_dir, self._row.run_id, uid, gid)
        return self._handover.give_details(data)

    def forget(self) -> None:
        """Remove what was laid out for the hooks."""
        if self._handover is not None:
            self._handover.forget_details()

    def start(self, command: str, environment: dict[str, str], outputs: tuple[int, int]) -> int:
        """Start a shell command and return its process id; OSError, AccountError, SpawnError."""
        if self._missing is not None:
            raise self._missing
        if self._account is None:
            return spawn_shell(command, environment, outputs)
        from docket.runner.attempt.userspawn import ChildSetting, spawn_as  # noqa: PLC0415  (lazy: rare)

        in_unit = self._row.unit is not None
        around = ChildSetting(environment, self._directory(self._account), in_unit=in_unit)
        return spawn_as(self._account, "/bin/sh", ["sh", "-c", command], around, outputs)

    def _directory(self, account: Account) -> str:
        """Return where the hooks run: as the task, or if that cannot be, at the top."""
        cwd = self._plan.cwd or account.home
        return cwd if os.path.isdir(cwd) else "/"
