"""Who a task runs as, looked up when the run begins: numbers, home and shell of that user."""

from __future__ import annotations

import grp
import os
import pwd

from docket.errors import EnvironmentRefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import RunAs

# What of the service manager's own variables says something about the runner's process only.
_OF_THE_RUNNER = ("SYSTEMD_EXEC_PID", "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE")


class AccountError(EnvironmentRefusedError):
    """The user of a task cannot be had."""

    code = "user_unavailable"


class Account:
    """A user as the user database has it; `gid` is that of the group that the task names."""

    __slots__ = ("gid", "home", "name", "run_as", "shell", "uid")

    def __init__(self, known: pwd.struct_passwd, gid: int, run_as: RunAs) -> None:
        self.name = known.pw_name
        self.uid = known.pw_uid
        self.gid = gid
        self.home = known.pw_dir or "/"
        self.shell = known.pw_shell or "/bin/sh"
        self.run_as = run_as

    def variables(self) -> dict[str, str]:
        """Return the variables that a login would set."""
        return {
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": self.shell,
        }


def account_of(run_as: RunAs) -> Account:
    """Return the user of the task.

    AccountError if there is no such user any more, or the runner may not become it.
    """
    try:
        known = _user(run_as.user)
        gid = _group(run_as.group) if run_as.group else known.pw_gid
    except KeyError:
        who = f"user {run_as.user}" + (f" with group {run_as.group}" if run_as.group else "")
        raise AccountError(
            f"There is no {who} on this machine any more.",
            hint="Make that user again, or write another one under `user`.",
        ) from None
    if known.pw_uid == 0:
        raise AccountError(f"The user {run_as.user} has become root.")
    if os.geteuid() != 0:
        raise AccountError(f"Only root can run a task as {known.pw_name}.")
    return Account(known, gid, run_as)


def inherited(*, in_unit: bool) -> dict[str, str]:
    """Return the variables that the service manager gives to every unit, and no other's.

    The variables of a run by hand are root's own, and not for the user.
    """
    if in_unit:
        known = dict(os.environ)
    else:
        from docket.systemd.privatesocket import manager_environment  # noqa: PLC0415  (by hand)

        known = manager_environment(system=True)
    return {name: text for name, text in known.items() if name not in _OF_THE_RUNNER}


def _user(name: str) -> pwd.struct_passwd:
    return pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)


def _group(name: str) -> int:
    return (grp.getgrgid(int(name)) if name.isdecimal() else grp.getgrnam(name)).gr_gid
