"""The tables of the store: their columns follow from the classes of their rows."""

from __future__ import annotations

from typing import NamedTuple

from docket.model.incident import Incident
from docket.model.rows import AttemptRow, EventRow, HookRow, RunRow
from docket.model.struct import Struct

_OF_RUN = "run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE"
_TYPES = {
    "str": "TEXT NOT NULL",
    "str | None": "TEXT",
    "int": "INTEGER NOT NULL",
    "int | None": "INTEGER",
    "bool": "INTEGER NOT NULL",
    "dict[str, Any]": "TEXT NOT NULL",  # JSON
    "dict[str, str] | None": "TEXT",  # JSON
}


class Table(NamedTuple):
    """One table. `before` are columns that the store adds to those of the row, `end` constraints.

    A table without a row class has all its columns in `before`.
    """

    name: str
    row: type[Struct] | None
    before: tuple[str, ...]
    end: str
    options: str = " WITHOUT ROWID"

    def statement(self) -> str:
        """Return the CREATE TABLE statement."""
        parts = [*self.before, *(columns_of(self.row) if self.row else ()), self.end]
        return f"CREATE TABLE {self.name} (\n  " + ",\n  ".join(parts) + f"\n){self.options}"


def columns_of(row: type[Struct]) -> list[str]:
    """Return the columns of a row class as SQL, in order."""
    return [f"{name} {_sql_type(row, name)}" for name in row.FIELDS]


def _sql_type(row: type[Struct], name: str) -> str:
    kind = _TYPES[row.__annotations__[name]]
    default = getattr(row, name, None)
    if default is None:
        return kind
    if isinstance(default, dict):
        return f"{kind} DEFAULT '{{}}'"
    return f"{kind} DEFAULT " + (f"'{default}'" if isinstance(default, str) else f"{default:d}")


# `seq` keeps the order in which runs were recorded.
TABLES = (
    Table("runs", RunRow, ("seq INTEGER PRIMARY KEY",), "UNIQUE (run_id)", ""),
    Table("attempts", AttemptRow, (_OF_RUN,), "PRIMARY KEY (run_id, number)"),
    Table("events", EventRow, (_OF_RUN,), "PRIMARY KEY (run_id, event_index)"),
    Table("hook_outcomes", HookRow, (_OF_RUN,), "PRIMARY KEY (run_id, position)"),
    Table("incidents", Incident, (), "PRIMARY KEY (task)"),
    Table(
        "overrides",
        None,
        (
            "task TEXT NOT NULL",
            "kind TEXT NOT NULL",
            "until INTEGER",
            "remaining INTEGER",
            "reason TEXT",
            "created_at INTEGER NOT NULL",
        ),
        "PRIMARY KEY (task, kind)",
    ),
    Table(
        "fires_checked",
        None,
        ("task TEXT NOT NULL", "until INTEGER NOT NULL"),
        "PRIMARY KEY (task)",
    ),
    Table(
        "audit",
        None,
        (
            "seq INTEGER NOT NULL",
            "at INTEGER NOT NULL",
            "uid INTEGER NOT NULL",
            "login_uid INTEGER",
            "tool TEXT NOT NULL DEFAULT ''",
            "verb TEXT NOT NULL",
            "task TEXT",
            "details TEXT NOT NULL DEFAULT '{}'",
        ),
        "PRIMARY KEY (seq)",
        "",
    ),
    Table(
        "task_state",
        None,
        (
            "task TEXT NOT NULL",
            "last_run_id TEXT NOT NULL",
            "last_success_us INTEGER",
            "consecutive_failures INTEGER NOT NULL DEFAULT 0",
        ),
        "PRIMARY KEY (task)",
    ),
)
# A run pays for each index when it begins, and again at its end if the index holds its status.
INDEXES = (
    """CREATE UNIQUE INDEX runs_by_key ON runs (task, idempotency_key)
       WHERE idempotency_key IS NOT NULL""",
    "CREATE INDEX runs_by_status ON runs (status, started_at DESC)",
    "CREATE INDEX runs_by_task ON runs (task, started_at DESC)",
    "CREATE INDEX runs_by_fire ON runs (task, scheduled_for) WHERE scheduled_for IS NOT NULL",
    "CREATE INDEX runs_by_start ON runs (started_at DESC)",
    "CREATE INDEX runs_unfinished ON runs (task) WHERE finished_at IS NULL",
    "CREATE INDEX runs_by_invocation ON runs (invocation_id) WHERE invocation_id IS NOT NULL",
    """CREATE INDEX runs_by_cause ON runs (task, triggered_by)
       WHERE triggered_by IS NOT NULL""",
)
TRIGGERS = (
    """CREATE TRIGGER finished_runs_are_final BEFORE UPDATE ON runs WHEN old.finished_at IS NOT NULL
       BEGIN SELECT RAISE(ABORT, 'a finished run never changes'); END""",
)
