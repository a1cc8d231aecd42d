"""One round of pruning: of all tasks that the record knows, a bounded number of runs."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from docket.errors import StoreError
from docket.store.maintenance.oldlogs import prune_logs
from docket.store.maintenance.prunenotes import forget_changes, has_pruned
from docket.store.maintenance.retention import Keep, prune
from docket.store.opening import open_for_writing

_BUSY_SECONDS = 5.0
MOST_IN_A_ROUND = 50_000


class Pruning:
    """A round on an open store.

    `runs` and `logs` count what was removed, by task; `more` says that the round ended before all
    was done. `first` says that nothing had ever been pruned here before.
    """

    def __init__(
        self, connection: sqlite3.Connection, log_dir: str, now_us: int, most: int
    ) -> None:
        self._connection = connection
        self._log_dir = os.path.abspath(log_dir)
        self._now_us = now_us
        self._most = most
        self._was_first = not has_pruned(connection)
        self.runs: dict[str, int] = {}
        self.logs: dict[str, int] = {}
        self.more = False

    @property
    def first(self) -> bool:
        """Whether this round is the first that has removed anything."""
        return self._was_first and bool(self.runs or self.logs)

    def tasks(self) -> list[str]:
        """Return the tasks with runs in the record; by the index, whatever their number."""
        rows = self._connection.execute(
            "WITH RECURSIVE names (task) AS (SELECT min(task) FROM runs UNION ALL "
            "SELECT (SELECT min(task) FROM runs WHERE task > names.task) FROM names "
            "WHERE task IS NOT NULL) SELECT task FROM names WHERE task IS NOT NULL"
        )
        return [name for (name,) in rows]

    def prune(self, task: str, keep: Keep, logs_before_us: int | None) -> None:
        """Remove what is not kept of a task's runs, then the logs of the others that are old."""
        if self._most <= 0:
            self.more = True
            return
        done = prune(
            self._connection,
            task,
            keep,
            log_dir=self._log_dir,
            now_us=self._now_us,
            most=self._most,
        )
        self._count(self.runs, task, done.runs)
        self.more = self.more or done.more
        if logs_before_us is None or self._most <= 0:
            return
        logs = prune_logs(
            self._connection,
            task,
            logs_before_us,
            log_dir=self._log_dir,
            now_us=self._now_us,
            most=self._most,
        )
        self._count(self.logs, task, logs.logs)
        self.more = self.more or logs.more

    def forget_changes(self, before_us: int) -> None:
        """Remove the rows of changes before an instant."""
        forget_changes(self._connection, before_us)

    def _count(self, counts: dict[str, int], task: str, number: int) -> None:
        self._most -= number
        if number:
            counts[task] = number


@contextmanager
def open_pruning(
    state_db: str, log_dir: str, now_us: int, most: int = MOST_IN_A_ROUND
) -> Iterator[Pruning]:
    """Open the store for a round; StoreError if it cannot be written."""
    try:
        with closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection:
            yield Pruning(connection, log_dir, now_us, most)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The old runs could not be removed: {error}.",
            hint="They go the next time; docket doctor says more.",
        ) from error
