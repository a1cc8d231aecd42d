"""Pauses and skips of a task's timer: `pause` and `skip-next`."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager

from docket.errors import StoreError
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.store.orders.audit import ChangeRow, insert

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from docket.store.orders.audit import Who

PAUSE = "pause"
SKIP_NEXT = "skip-next"
_BUSY_SECONDS = 10.0


class Order:
    """One override to be set; `until` in µs ends a pause, `remaining` counts fires to skip."""

    __slots__ = ("kind", "reason", "remaining", "until")

    def __init__(
        self,
        kind: str,
        *,
        until: int | None = None,
        remaining: int | None = None,
        reason: str | None = None,
    ) -> None:
        self.kind = kind
        self.until = until
        self.remaining = remaining
        self.reason = reason


def set_override(
    state_db: str, tasks: Sequence[str], order: Order, *, at_us: int, who: Who
) -> None:
    """Pause or skip several tasks, in one transaction with its audit; StoreError."""
    details = {"until": order.until, "remaining": order.remaining, "reason": order.reason}
    values = (order.until, order.remaining, order.reason, at_us)
    with _transaction(state_db) as connection:
        for task in tasks:
            before = _orders(connection, task)
            connection.execute(
                "INSERT OR REPLACE INTO overrides "
                "(task, kind, until, remaining, reason, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (task, order.kind, *values),
            )
            after = {**before, order.kind: details}
            insert(connection, at_us, who, ChangeRow(order.kind, task, before, after))


def lift(state_db: str, tasks: Sequence[str], *, at_us: int, who: Who) -> list[str]:
    """Remove the pauses and skips of the tasks, and return the tasks that had one."""
    lifted = []
    with _transaction(state_db) as connection:
        for task in tasks:
            before = _orders(connection, task)
            if connection.execute("DELETE FROM overrides WHERE task = ?", (task,)).rowcount:
                lifted.append(task)
                insert(connection, at_us, who, ChangeRow("resume", task, before, {}))
    return lifted


def use_up_skip(connection: sqlite3.Connection, task: str) -> bool:
    """Take one fire off a `skip-next`; False if none is left, for another run had the last."""
    with Transaction(connection):
        used = connection.execute(
            "UPDATE overrides SET remaining = remaining - 1 "
            "WHERE task = ? AND kind = ? AND remaining > 0",
            (task, SKIP_NEXT),
        ).rowcount
        connection.execute(
            "DELETE FROM overrides WHERE task = ? AND kind = ? AND remaining <= 0",
            (task, SKIP_NEXT),
        )
    return bool(used)


def _orders(connection: sqlite3.Connection, task: str) -> dict[str, Any]:
    """Return the orders for a task, as the audit shows them."""
    rows = connection.execute(
        "SELECT kind, until, remaining, reason FROM overrides WHERE task = ?", (task,)
    )
    return {
        kind: {"until": until, "remaining": remaining, "reason": reason}
        for kind, until, remaining, reason in rows
    }


@contextmanager
def _transaction(state_db: str) -> Iterator[sqlite3.Connection]:
    try:
        with (
            closing(open_for_writing(state_db, _BUSY_SECONDS)) as connection,
            Transaction(connection, durable=True),
        ):
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The database {state_db} could not be written: {error}.",
            hint="docket doctor says more.",
        ) from error
