"""What the maintenance timer does: merge, close, find what was missed, and prune."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import load_config, state_db
from docket.app.catalog.planfiles import plans
from docket.app.fires.followers import left_out
from docket.app.fires.missed import MissedCounts, look
from docket.app.fires.pruning import Pruned, prune
from docket.app.record.liveness import is_held
from docket.app.record.owedhooks import Owed, settle, untold
from docket.app.record.reconcile import reconcile
from docket.app.session.session import Session
from docket.data.database import Database, beside
from docket.data.entries import forget_expired
from docket.data.queueadmin import forget_done
from docket.errors import ConfigError, DataError, DocketError, StoreError
from docket.model.record import Record
from docket.runfiles import LOCK, remove_run_files, run_file, runs_with_files
from docket.store.maintenance.checkpoint import checkpoint
from docket.store.reader import open_reader
from docket.store.spool import merge, spool_directories

if TYPE_CHECKING:
    from docket.app.fires.shapes import UpkeepDocument


class Upkeep(Record):
    """What a round of maintenance did, by number.

    `told` is the number of runs whose pending hooks, notifications and followers were started.
    `problems` are sentences on what could not be done.
    """

    merged: int
    closed: int
    fires: MissedCounts
    told: int
    pruned: Pruned = Pruned()
    expired: int = 0  # values of state and items of queues
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
            "pruned": dict(self.pruned.runs),
            "logs_pruned": dict(self.pruned.logs),
            "more_to_prune": self.pruned.more,
            "expired": self.expired,
            "first_prune": self.pruned.notice,
            "problems": list(self.problems),
        }


def maintain(session: Session) -> Upkeep:
    """Bring the record up to date and remove what `retention` does not keep.

    With a config that cannot be read nothing is pruned: nobody knows what is to be kept.
    """
    path = state_db(session)
    merged = merge(path, spool_directories(path, session.paths.lock_dir))
    problems: list[str] = []
    closed, fires, told = 0, MissedCounts(), 0
    try:
        owed: list[Owed] = []
        closed = reconcile(session, path, owed)
        fires = look(session, thorough=True, owed=owed)
        told = settle(session, [*owed, *untold(session, path), *left_out(session, path)])
    except DocketError as error:
        problems.append(error.sentence)
    _clear_away(session, path)
    pruned = Pruned()
    try:
        pruned = prune(session, load_config(session))
    except ConfigError as error:
        problems.append(f"Nothing was pruned: {error.sentence}")
    except StoreError as error:
        problems.append(error.sentence)
    checkpoint(path)
    expired = 0
    try:
        expired = _forget_expired(session, path)
    except DataError as error:
        problems.append(error.sentence)
    return Upkeep(merged, closed, fires, told, pruned, expired, tuple(problems))


def _forget_expired(session: Session, state_db: str) -> int:
    """Remove the state whose time is over, and what queues keep of old work."""
    database = Database(beside(state_db), session.now_us)
    return forget_expired(database) + forget_done(database)


def _clear_away(session: Session, state_db: str) -> None:
    """Remove what runners left that were killed after they had recorded the end of their run.

    A process that works on a run, its finalizer too, holds its lock: the files of a held run stay.
    """
    with suppress(StoreError), open_reader(state_db) as reader:
        for lock_dir in {session.paths.lock_dir, *(plan.lock_dir for plan in plans(session.paths))}:
            for run_id in runs_with_files(lock_dir):
                run = reader.run(run_id)
                over = run is not None and run.status.final
                if over and not is_held(run_file(lock_dir, run_id, LOCK)):
                    remove_run_files(lock_dir, run_id)
