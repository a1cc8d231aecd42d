"""What the maintenance timer does: merge, close, find what was missed, and prune."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import load_config, state_db
from docket.app.catalog.planfiles import plans
from docket.app.fires.missed import Look, look
from docket.app.record.liveness import is_held
from docket.app.record.owedhooks import Owed, settle, untold
from docket.app.record.reconcile import reconcile
from docket.app.session.session import Session
from docket.errors import ConfigError, DocketError, StoreError
from docket.model.record import Record
from docket.model.task.task import Config
from docket.runfiles import LOCK, remove_run_files, run_file, runs_with_files
from docket.store.maintenance.checkpoint import checkpoint
from docket.store.maintenance.retention import prune
from docket.store.reader import open_reader
from docket.store.spool import merge, spool_directories

if TYPE_CHECKING:
    from docket.app.fires.shapes import UpkeepDocument

_DAY_US = 86_400_000_000


class Upkeep(Record):
    """What a round of maintenance did, by number; `pruned` is by task.

    `told` is for how many runs hooks and notifications were made up for.
    `problems` are sentences on what could not be done.
    """

    merged: int
    closed: int
    fires: Look
    told: int
    pruned: Mapping[str, int]
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything could be done."""
        return not self.problems

    def document(self) -> UpkeepDocument:
        """Return what was done as `docket maintain --json` prints it."""
        return {
            "ok": self.ok,
            "merged": self.merged,
            "closed": self.closed,
            "missed": self.fires.missed,
            "swallowed": self.fires.swallowed,
            "told": self.told,
            "pruned": dict(self.pruned),
            "problems": list(self.problems),
        }


def maintain(session: Session) -> Upkeep:
    """Bring the record up to date and remove what `retention` does not keep.

    With a config that cannot be read nothing is pruned: nobody knows what is to be kept.
    """
    path = state_db(session)
    merged = merge(path, spool_directories(path, session.paths.lock_dir))
    problems: list[str] = []
    closed, fires, told = 0, Look(), 0
    try:
        owed: list[Owed] = []
        closed = reconcile(session, path, owed)
        fires = look(session, thorough=True, owed=owed)
        told = settle(session, [*owed, *untold(session, path)])
    except DocketError as error:
        problems.append(error.sentence)
    _clear_away(session, path)
    pruned: dict[str, int] = {}
    try:
        config = load_config(session)
    except ConfigError as error:
        problems.append(f"Nothing was pruned: {error.sentence}")
    else:
        _prune(session, config, pruned, problems)
    checkpoint(path)
    return Upkeep(merged, closed, fires, told, pruned, tuple(problems))


def _clear_away(session: Session, state_db: str) -> None:
    """Remove what runners left that were killed after they had recorded the end of their run.

    Whoever works on a run, its finalizer too, holds its lock: the files of a held run stay.
    """
    with suppress(StoreError), open_reader(state_db) as reader:
        for lock_dir in {session.paths.lock_dir, *(plan.lock_dir for plan in plans(session.paths))}:
            for run_id in runs_with_files(lock_dir):
                run = reader.run(run_id)
                over = run is not None and run.status.final
                if over and not is_held(run_file(lock_dir, run_id, LOCK)):
                    remove_run_files(lock_dir, run_id)


def _prune(session: Session, config: Config, pruned: dict[str, int], problems: list[str]) -> None:
    if not os.path.exists(config.state_db):
        return
    now_us = session.now_us()
    for task in config.tasks.values():
        kept = task.retention
        if kept.runs is None and kept.days is None:
            continue
        try:
            found = prune(
                config.state_db,
                task.name,
                keep_runs=kept.runs,
                before_us=None if kept.days is None else now_us - int(kept.days * _DAY_US),
                log_dir=config.log_dir,
                now_us=now_us,
            )
        except StoreError as error:
            problems.append(error.sentence)
            return
        if found is not None:
            pruned[task.name] = found.runs
