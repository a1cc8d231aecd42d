"""`docket db`: examining, copying, exporting, repairing and compacting the record of runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from docket.app.catalog.lookup import state_db
from docket.app.doctor.homechecks import refused_records
from docket.app.record.audit import ChangeRow, note_changes
from docket.app.record.liveness import held_runs
from docket.app.session.session import Session
from docket.errors import StoreError
from docket.model.record import Record
from docket.store.maintenance import backup as backups
from docket.store.maintenance.compact import Compacted, CompactRefusedError
from docket.store.maintenance.compact import compact as compacted
from docket.store.maintenance.export import export as exported
from docket.store.maintenance.repair import RepairRefusedError, rebuild, reconcile_states
from docket.store.maintenance.soundness import Soundness, examine
from docket.store.spool import merge, spool_directories, spooled_files

if TYPE_CHECKING:
    from docket.app.doctor.shapes import (
        StoreBackupDocument,
        StoreCheckDocument,
        StoreCompactDocument,
        StoreRepairDocument,
    )


class StoreCheck(Record):
    """What `docket db check` found; `waiting` and `refused` count spooled records."""

    soundness: Soundness
    waiting: int
    refused: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with the database itself."""
        return not self.soundness.problems

    def document(self) -> StoreCheckDocument:
        """Return the check as `docket db check --json` prints it."""
        return {
            "ok": self.ok,
            "action": "check",
            "path": self.soundness.path,
            "exists": self.soundness.exists,
            "bytes": self.soundness.size_bytes,
            "runs": self.soundness.runs,
            "problems": list(self.soundness.problems),
            "waiting": self.waiting,
            "refused": list(self.refused),
        }


class BackupReport(Record):
    """A copy that was made."""

    path: str
    copy: str
    size_bytes: int

    def document(self) -> StoreBackupDocument:
        """Return the copy as `docket db backup --json` prints it."""
        return {
            "ok": True,
            "action": "backup",
            "path": self.path,
            "copy": self.copy,
            "bytes": self.size_bytes,
        }


class Repair(Record):
    """The result of a repair; `kept` is None if the database was sound and stayed."""

    path: str
    runs: int
    merged: int
    kept: str | None
    problems: tuple[str, ...]  # what was wrong before

    def document(self) -> StoreRepairDocument:
        """Return the repair as `docket db repair --json` prints it."""
        return {
            "ok": True,
            "action": "repair",
            "path": self.path,
            "repaired": bool(self.problems),
            "runs": self.runs,
            "merged": self.merged,
            "kept": self.kept,
            "problems": list(self.problems),
        }


class Compaction(Record):
    """A database without the room of the runs that were removed."""

    path: str
    found: Compacted

    def document(self) -> StoreCompactDocument:
        """Return it as `docket db compact --json` prints it."""
        return {
            "ok": True,
            "action": "compact",
            "path": self.path,
            "bytes_before": self.found.before_bytes,
            "bytes": self.found.after_bytes,
            "complete": self.found.complete,
        }


def check(session: Session) -> StoreCheck:
    """Examine the whole database and count what waits outside it; raises StoreError."""
    path = state_db(session)
    directories = spool_directories(path, session.paths.lock_dir)
    merge(path, directories)
    return StoreCheck(examine(path), len(spooled_files(directories)), _refused(directories))


def backup(session: Session, target: str) -> BackupReport:
    """Copy the database to the file `target`, with the records that were spooled.

    Raises StoreError; nothing is ever overwritten.
    """
    path = _existing(session)
    merge(path, spool_directories(path, session.paths.lock_dir))
    copy = os.path.abspath(target)
    return BackupReport(path, copy, backups.backup(path, copy))


def export(session: Session) -> Iterator[dict[str, Any]]:
    """Return everything in the record, one object at a time, the spooled records among it."""
    path = state_db(session)
    merge(path, spool_directories(path, session.paths.lock_dir))
    return exported(path)


def repair(session: Session) -> Repair:
    """Save what can be read of a damaged database, and take in what was spooled.

    A sound one is left as it is. Raises RepairRefusedError while runs are under way, for they
    write into the file that would be moved away, and StoreError.
    """
    path = _existing(session)
    directories = spool_directories(path, session.paths.lock_dir)
    found = examine(path)
    kept = None
    if found.problems:
        _refuse_while_running(session)
        result = rebuild(path, session.now_us())
        kept = result.kept
    merged = merge(path, directories)
    if kept is not None:
        reconcile_states(path)
    after = examine(path)
    if after.problems:
        raise StoreError(
            f"The database {path} is still not sound: {after.problems[0]}",
            hint=f"The broken file is {kept}." if kept else None,
        )
    if kept is not None:
        was = {"problems": list(found.problems), "file": kept}
        note_changes(session, [ChangeRow("db repair", None, was, {"runs": after.runs or 0})])
    return Repair(path, after.runs or 0, merged, kept, found.problems)


def compact(session: Session) -> Compaction:
    """Give the room of removed runs back to the disk.

    Raises CompactRefusedError while runs are under way, because they write to the database, and if
    it is locked or the disk has too little room; StoreError.
    """
    path = _existing(session)
    merge(path, spool_directories(path, session.paths.lock_dir))
    running = held_runs(session.paths.lock_dir)
    if running:
        raise CompactRefusedError(
            f"{len(running)} runs are under way, and write to the database: {running[0]}.",
            hint=f"Wait for them to end: docket wait {running[0]}",
        )
    done = compacted(path)
    was, now = {"bytes": done.before_bytes}, {"bytes": done.after_bytes}
    note_changes(session, [ChangeRow("db compact", None, was, now)])
    return Compaction(path, done)


def _existing(session: Session) -> str:
    path = state_db(session)
    if not os.path.exists(path):
        raise StoreError(
            f"There is no database at {path} yet.", hint="The first run of a task makes it."
        )
    return path


def _refuse_while_running(session: Session) -> None:
    running = held_runs(session.paths.lock_dir)
    if running:
        raise RepairRefusedError(
            f"{len(running)} runs are under way, and write to the database: {running[0]}.",
            hint="Wait for them to end, or disable the timers first: docket disable --all",
        )


def _refused(directories: list[str]) -> tuple[str, ...]:
    return tuple(path for directory in directories for path in refused_records(directory))
