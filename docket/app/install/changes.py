"""What an install would change: the compiled units against those on disk, decided as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from docket.compiler.header import Header, split
from docket.model.names import BOOT_SUFFIX, STARTERS, is_safe_name, unit_stem
from docket.model.record import Record

EDITED = "was edited by hand"


class Action(StrEnum):
    """What happens to one unit file."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"  # docket-cli's file gives way to ours
    REMOVE = "remove"
    UNCHANGED = "unchanged"
    KEPT = "kept"

    @property
    def writes(self) -> bool:
        """Whether the file gets new contents."""
        return self in (Action.CREATE, Action.UPDATE, Action.REPLACE)


class DiskUnit(Record):
    """A unit file as it is on disk; `text` is None if no plain file can be read there."""

    name: str
    text: str | None


class Change(Record):
    """What happens to one unit file, from its text before to that after.

    `reason` says why a file is kept.
    """

    name: str
    path: str
    task: str
    action: Action
    before: str | None
    after: str | None
    reason: str = ""
    from_reference: bool = False  # the file before was docket-cli's

    @property
    def is_starter(self) -> bool:
        """Whether the file is a timer or a path unit."""
        return self.name.endswith(STARTERS)

    @property
    def retimes(self) -> bool:
        """Whether a timer or path unit gets other contents than it had, its head left out."""
        return (
            self.is_starter
            and self.action.writes
            and self.after is not None
            and split(self.before or "")[1] != split(self.after)[1]
        )

    @property
    def in_the_way(self) -> bool:
        """Whether the file is kept because it is not of this instance."""
        return self.action is Action.KEPT and self.reason != EDITED


class Ownership(Record):
    """Whose units are at work: the instance, its config, and what may be done to their files."""

    directory: str
    instance: str
    config: str
    force: bool
    config_exists: Mapping[str, bool]  # whether other configs named in heads are still there
    reference: frozenset[str] = frozenset()  # the names of files that docket-cli wrote


def written_units(changes: Iterable[Change]) -> list[tuple[str, str, int]]:
    """Return the path, the text and the permissions of each unit that gets new contents."""
    return [
        (change.path, change.after, 0o644)
        for change in changes
        if change.action.writes and change.after is not None
    ]


def task_of(name: str, instance: str) -> str | None:
    """Return the task of the unit file `name` in `instance`; None if it has none."""
    stem, _, suffix = name.rpartition(".")
    if suffix == "timer":
        stem = stem.removesuffix(BOOT_SUFFIX)
    prefix = unit_stem("", instance)
    task = stem[len(prefix) :]
    known = suffix == "service" or f".{suffix}" in STARTERS
    if not known or not stem.startswith(prefix) or not is_safe_name(task):
        return None
    return task


def differences(
    compiled: Mapping[str, Mapping[str, str]],
    disk: Mapping[str, DiskUnit],
    owner: Ownership,
    removable: Mapping[str, bool],
) -> tuple[Change, ...]:
    """Return what happens to each unit file, in the order of their names.

    `compiled` are the texts of the wanted files by task and name.
    `removable` says for each task on disk whether its files that are no longer compiled may go:
    false for a task that is broken, or that was not selected.
    """
    changes = [
        _wanted(name, text, task, disk.get(name), owner)
        for task, units in compiled.items()
        for name, text in units.items()
    ]
    # Our timer for a foreign service would be worse than neither.
    blocked = {change.task for change in changes if change.in_the_way}
    changes = [c for c in changes if c.task not in blocked or not c.action.writes]
    wanted = {name for units in compiled.values() for name in units}
    for name, unit in disk.items():
        task = task_of(name, owner.instance)
        if name not in wanted and task is not None and removable.get(task, False):
            change = _unwanted(unit, task, owner)
            if change is not None:
                changes.append(change)
    return tuple(sorted(changes, key=lambda change: change.name))


def _wanted(name: str, after: str, task: str, unit: DiskUnit | None, owner: Ownership) -> Change:
    def change(action: Action, before: str | None, reason: str = "") -> Change:
        return Change(name, f"{owner.directory}/{name}", task, action, before, after, reason)

    if unit is None:
        return change(Action.CREATE, None)
    if unit.text is None:
        return change(Action.KEPT, None, "is not a regular file, and is not followed")
    if name in owner.reference:
        return change(Action.REPLACE, unit.text).replace(from_reference=True)
    return change(*_over(unit.text, after, owner))


def _over(before: str, after: str, owner: Ownership) -> tuple[Action, str, str]:
    """Return what happens to an existing file, its text, and the reason if it is kept."""
    header, body = split(before)
    if before == after:
        action, reason = Action.UNCHANGED, ""
    elif not before.strip():
        # A power cut after an earlier install can leave an empty file, which holds nobody's work.
        action, reason = Action.UPDATE, ""
    elif header is None or _foreign(header, owner):
        action, reason = Action.KEPT, _foreign(header, owner)
    elif body == split(after)[1]:
        # Another version of Docket wrote the same contents: not worth a reload. A head that is not
        # true any more (a hand edit that ended up the same, a config that moved) is written again.
        stale = header.edited or header.config != owner.config
        action, reason = (Action.UPDATE if stale else Action.UNCHANGED), ""
    elif header.edited and not owner.force:
        action, reason = Action.KEPT, EDITED
    else:
        action, reason = Action.UPDATE, ""
    return action, before, reason


def _unwanted(unit: DiskUnit, task: str, owner: Ownership) -> Change | None:
    if unit.text is None:
        return None
    path = f"{owner.directory}/{unit.name}"
    if unit.name in owner.reference:
        return Change(unit.name, path, task, Action.REMOVE, unit.text, None, from_reference=True)
    header, _ = split(unit.text)
    if header is None or _foreign(header, owner):
        return None
    kept = header.edited and not owner.force
    return Change(
        unit.name,
        path,
        task,
        Action.KEPT if kept else Action.REMOVE,
        unit.text,
        None,
        EDITED if kept else "",
    )


def _foreign(header: Header | None, owner: Ownership) -> str:
    if header is None:
        return "was not made by Docket"
    if header.instance != owner.instance:
        return f"was installed by the Docket instance {header.instance or '(default)'}"
    if header.config != owner.config and owner.config_exists.get(header.config, False):
        return f"was installed from {header.config}, which has the same instance name"
    return ""
