"""The store as a state machine: in whatever order things happen, no record is lost or changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.model.states import RunStatus
from docket.store.connection import Transaction
from docket.store.maintenance.backup import backup
from docket.store.maintenance.export import export
from docket.store.maintenance.repair import rebuild
from docket.store.maintenance.soundness import examine
from docket.store.opening import open_for_writing
from docket.store.reader import open_reader
from docket.store.rows import write_events, write_run
from docket.store.spool import merge, spool
from tests.searches import examples

BEGAN = 1_777_000_000_000_000
ENDS = st.sampled_from([status for status in RunStatus if status.final])
TASKS = st.sampled_from(["a", "b"])


class StoreMachine(RuleBasedStateMachine):
    """Runs begin, end, are spooled and merged; the file is copied and rebuilt meanwhile."""

    @initialize()
    def make(self) -> None:
        """Begin with nothing."""
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "state.db")
        self.spools = [os.path.join(self.folder, "spool")]
        self.rows: dict[str, RunRow] = {}  # what the database must hold
        self.waiting: dict[str, RunRow] = {}  # what the spool must hold
        self.copies = 0

    def teardown(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _row(self, task: str) -> RunRow:
        number = len(self.rows) + len(self.waiting) + 1
        began = BEGAN + number * 1_000_000
        run_id = make_run_id(began, number.to_bytes(4, "big"))
        return RunRow(run_id=run_id, task=task, trigger="manual", started_at=began)

    def _write(self, row: RunRow) -> None:
        connection = open_for_writing(self.path, 1.0)
        try:
            with Transaction(connection, durable=True):
                write_run(connection, row)
                event = (1, row.started_at, None, "e", "{}")
                write_events(connection, row.run_id, [event])
        finally:
            connection.close()
        self.rows[row.run_id] = row

    def _ended(self, row: RunRow, status: RunStatus) -> RunRow:
        values: dict[str, Any] = row.to_json()
        values.update(status=status.value, finished_at=row.started_at + 5, exit_code=1)
        return RunRow(**values)

    @rule(task=TASKS)
    def begin(self, task: str) -> None:
        """A run begins."""
        self._write(self._row(task))

    @rule(status=ENDS)
    def end(self, status: RunStatus) -> None:
        """The oldest open run ends."""
        row = next((row for row in self.rows.values() if row.finished_at is None), None)
        if row is not None:
            self._write(self._ended(row, status))

    @rule(status=ENDS)
    def change_what_is_final(self, status: RunStatus) -> None:
        """Somebody tries to change a finished run, and is refused."""
        row = next((row for row in self.rows.values() if row.finished_at is not None), None)
        if row is None:
            return
        connection = open_for_writing(self.path, 1.0)
        try:
            with Transaction(connection):
                write_run(connection, self._ended(row, status))
        except sqlite3.IntegrityError:
            return
        finally:
            connection.close()
        raise AssertionError("a finished run was changed")

    @rule(task=TASKS, status=ENDS)
    def end_in_the_spool(self, task: str, status: RunStatus) -> None:
        """A run ends while the database takes nothing."""
        row = self._ended(self._row(task), status)
        assert spool(self.spools, row, [], [], []) is not None
        self.waiting[row.run_id] = row

    @rule()
    def take_in(self) -> None:
        """A reader merges what was spooled."""
        assert merge(self.path, self.spools) == len(self.waiting)
        self.rows.update(self.waiting)
        self.waiting = {}

    @rule()
    def copy(self) -> None:
        """A copy holds as much as the file."""
        if not os.path.exists(self.path):
            return
        self.copies += 1
        target = os.path.join(self.folder, f"copy{self.copies}")
        backup(self.path, target)
        assert examine(target).runs == len(self.rows)

    @rule()
    def rebuild(self) -> None:
        """A rebuilt store holds what it held, and knows the same last run of each task."""
        if not os.path.exists(self.path):
            return
        before = self._last_runs()
        assert rebuild(self.path, BEGAN).runs == len(self.rows)
        assert self._last_runs() == before

    def _last_runs(self) -> dict[str, str]:
        # How many failed in a row may differ: a record that came late from the spool counts then.
        lines = export(self.path)
        return {
            line["task"]: line["last_run_id"] for line in lines if line["record"] == "task_state"
        }

    @invariant()
    def nothing_is_lost_or_changed(self) -> None:
        """The database holds every run as it was written last, and is sound."""
        if not hasattr(self, "path"):
            return
        assert examine(self.path).problems == ()
        with open_reader(self.path) as reader:
            found = {run.run_id: (run.status, run.finished_us) for run in reader.runs(limit=1000)}
        assert found == {row.run_id: (row.status, row.finished_at) for row in self.rows.values()}


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(
    examples(15),
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.too_slow],
)
