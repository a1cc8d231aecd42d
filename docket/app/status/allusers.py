"""`docket status --all-users`: for root, the state of the tasks of every user."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.status.userstore import StoreOwner, TaskLine, tasks_of
from docket.app.text.documents import iso_or_none
from docket.errors import UsageError
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.status.shapes import AllUsersDocument, UserTaskDocument

_LINGER = "/var/lib/systemd/linger"


class UserStatus(Record):
    """One user's tasks; `problem` says why they cannot be read."""

    owner: StoreOwner
    tasks: tuple[TaskLine, ...] = ()
    problem: str | None = None


class AllUsersStatus(Record):
    """Every user who has a Docket home, the system scope first."""

    users: tuple[UserStatus, ...]

    @property
    def exit_code(self) -> int:
        """1 if the tasks of somebody cannot be read."""
        return int(any(user.problem for user in self.users))

    def document(self) -> AllUsersDocument:
        """Return it as `docket status --all-users --json` prints it."""
        return {
            "users": [
                {
                    "user": user.owner.name,
                    "uid": user.owner.uid,
                    "system": user.owner.system,
                    "home": user.owner.paths().home,
                    "tasks": [_task(line) for line in user.tasks],
                    "problem": user.problem,
                }
                for user in self.users
            ]
        }


def all_users() -> AllUsersStatus:
    """Return the state of every user's tasks; UsageError for anybody but root."""
    if os.geteuid() != 0:
        raise UsageError(
            "Only root can see the tasks of all users.",
            hint="sudo docket status --all-users",
        )
    return AllUsersStatus(tuple(_status(owner) for owner in _owners()))


def _status(owner: StoreOwner) -> UserStatus:
    found = tasks_of(owner)
    return UserStatus(owner, problem=found) if isinstance(found, str) else UserStatus(owner, found)


def _owners() -> Iterator[StoreOwner]:
    """Yield root for the system scope, then each user with the default home of Docket."""
    system = StoreOwner("root", 0, 0, "/root", system=True)
    if os.path.isdir(system.paths().home):
        yield system
    for user in _users():
        owner = StoreOwner(user.pw_name, user.pw_uid, user.pw_gid, user.pw_dir)
        if os.path.isabs(user.pw_dir) and os.path.lexists(owner.paths().home):
            yield owner


def _users() -> list[pwd.struct_passwd]:
    """Return the users that the database lists, and those who linger: a directory lists nobody."""
    found = {user.pw_uid: user for user in pwd.getpwall()}
    try:
        names = os.listdir(_LINGER)
    except OSError:
        names = []
    for name in names:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        found.setdefault(user.pw_uid, user)
    return [found[uid] for uid in sorted(found)]


def _task(line: TaskLine) -> UserTaskDocument:
    return {
        "task": line.task,
        "status": line.status,
        "run_id": line.run_id,
        "started_at": iso_or_none(line.started_us),
        "finished_at": iso_or_none(line.finished_us),
        "running": line.running,
        "consecutive_failures": line.consecutive_failures,
    }
