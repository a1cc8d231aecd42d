"""Who runs a task: `user` and the keys that go with it."""

from __future__ import annotations

import grp
import pwd

from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander
from docket.model.task.capabilities import CAPABILITIES
from docket.model.task.task import UserSpec
from docket.model.text.nearest import nearest

_WITH_USER = ("hooks_as", "capabilities", "new_privileges")
_NOT_FOUND = (KeyError, UnicodeError, OverflowError)


def user(entry: TaskEntry, *, system: bool) -> UserSpec | None:
    """Return who runs the task; None for the user of Docket itself."""
    text = entry.line("user")
    if not text:
        _without_user(entry)
        return None
    if not system:
        _in_user_scope(entry)
        return None
    name, colon, group = text.partition(":")
    uid = _uid(entry, name)
    if uid is None or (colon and not _group_exists(entry, group)):
        return None
    if uid == 0:
        _as_root(entry, text)
        return None
    return UserSpec(
        user=name,
        group=group,
        capabilities=_capabilities(entry),
        new_privileges=entry.value("new_privileges", False),
        hooks_as_root=entry.value("hooks_as") == "root",
    )


def at_home(expander: Expander, found: UserSpec | None) -> Expander:
    """Return an expander for which `~` is the home of the task's user."""
    if found is None:
        return expander
    name = found.user
    known = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    return expander.at_home(known.pw_dir)


def _without_user(entry: TaskEntry) -> None:
    for key in _WITH_USER:
        if entry.has(key):
            entry.problem(
                (key,),
                f"`{key}` has an effect only together with `user`",
                hint=f"add `user`, or take `{key}` out",
            )


def _in_user_scope(entry: TaskEntry) -> None:
    entry.problem(
        ("user",),
        "`user` is for the system scope: here, each task runs as the owner of this configuration",
        hint="put the task into /etc/docket/config.yaml and `sudo docket --system install` it, "
        "or leave `user` out",
    )


def _uid(entry: TaskEntry, name: str) -> int | None:
    """Return the number of a user; None if there is none, which is noted."""
    if name == "dynamic":
        _dynamic(entry)
        return None
    try:
        return (pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)).pw_uid
    except _NOT_FOUND:
        near = nearest(name, tuple(known.pw_name for known in pwd.getpwall()))
    entry.problem(
        ("user",),
        f"there is no user `{ascii(name)[1:-1]}` on this machine",
        expected="a name or a number that /etc/passwd or another user database has",
        hint=f"did you mean `{near}`?" if near else "`adduser --system NAME` makes one",
    )
    return None


def _dynamic(entry: TaskEntry) -> None:
    entry.problem(
        ("user",),
        "`user: dynamic` is not possible: systemd gives such a user to a whole service only, and "
        "Docket's runner in it stays root",
        hint="make a user for the task: `adduser --system NAME`",
    )


def _group_exists(entry: TaskEntry, name: str) -> bool:
    try:
        if name.isdecimal():
            grp.getgrgid(int(name))
        else:
            grp.getgrnam(name)
    except _NOT_FOUND:
        near = nearest(name, tuple(known.gr_name for known in grp.getgrall()))
        entry.problem(
            ("user",),
            f"there is no group `{ascii(name)[1:-1]}` on this machine",
            expected="a group that /etc/group or another database has",
            hint=f"did you mean `{near}`?" if near else "leave the group out",
        )
        return False
    return True


def _as_root(entry: TaskEntry, text: str) -> None:
    """A task of the system scope runs as root by default; root cannot be restricted here."""
    for key in _WITH_USER:
        if key in entry.own.entries:
            entry.problem((key,), f"`{key}` has no meaning for a task that runs as root")
    if ":" in text:
        entry.problem(
            ("user",),
            "`user` names root with a group, and root may do everything whatever its group",
            expected="`root` without a group, or another user",
        )


def _capabilities(entry: TaskEntry) -> tuple[str, ...]:
    found: list[str] = []
    for index, name in enumerate(entry.value("capabilities", ())):
        if name in CAPABILITIES:
            found.append(name)
            continue
        near = nearest(name, tuple(CAPABILITIES))
        entry.problem(
            ("capabilities", index),
            f"Linux has no capability {name}",
            expected="a name that capabilities(7) has",
            hint=f"did you mean `{near}`?" if near else None,
        )
    return tuple(found)
