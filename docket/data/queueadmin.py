"""Looking at queues, and cleaning them up: what people do, not claimers."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from docket.data.queue import COLUMNS, Item
from docket.data.values import check_queue

if TYPE_CHECKING:
    from docket.data.database import Database

KEEP_DONE_SECONDS = 7 * 86_400.0
# What is as it will be at the next claim: a lease that ran out, a delay that is over.
_STATE = """CASE
    WHEN state = 'claimed' AND lease_until <= :now
        THEN iif(attempts >= max_attempts, 'dead', 'waiting')
    WHEN state = 'delayed' AND not_before <= :now THEN 'waiting'
    ELSE state END"""


class ItemState(StrEnum):
    """Where an item is on its way."""

    WAITING = "waiting"
    DELAYED = "delayed"
    CLAIMED = "claimed"
    DONE = "done"
    DEAD = "dead"


class QueueStats(NamedTuple):
    """How many items of a queue are in each state; `oldest_at` is when the oldest waiting one came.

    In microseconds since the epoch; None if none waits.
    """

    queue: str
    counts: dict[str, int]
    oldest_at: int | None


def stats(database: Database, queue: str | None = None) -> list[QueueStats]:
    """Return the figures of one queue or of all that hold anything, by name."""
    with database.reading() as connection:
        if connection is None:
            return []
        rows = connection.execute(
            f"SELECT queue, {_STATE} AS now, count(*), min(created_at) FROM queue_items"  # noqa: S608
            " WHERE :queue IS NULL OR queue = :queue GROUP BY 1, 2 ORDER BY 1",
            {"now": database.now_us(), "queue": queue},
        ).fetchall()
    found: dict[str, QueueStats] = {}
    for name, state, count, oldest in rows:
        known = found.setdefault(
            name, QueueStats(name, dict.fromkeys(map(str, ItemState), 0), None)
        )
        known.counts[state] = count
        if state == ItemState.WAITING:
            found[name] = known._replace(oldest_at=oldest)
    return list(found.values())


def items(
    database: Database, queue: str, states: Sequence[str] = (), limit: int = 50
) -> list[Item]:
    """Return items of a queue in the order of claims, those in `states` only; payloads too."""
    check_queue(queue)
    marks = ", ".join("?" * len(states))
    chosen = f"WHERE state IN ({marks})" if states else ""
    columns = COLUMNS.replace(" state,", f" {_STATE.replace(':now', '?1')} AS state,", 1)
    with database.reading() as connection:
        if connection is None:
            return []
        rows = connection.execute(
            f"SELECT * FROM (SELECT {columns} FROM queue_items WHERE queue = ?2)"  # noqa: S608
            f" {chosen} ORDER BY priority DESC, id LIMIT ?",
            (database.now_us(), queue, *states, limit),
        ).fetchall()
    return [Item(*row) for row in rows]


def purge(database: Database, queue: str, states: Sequence[str]) -> int:
    """Remove the items of a queue that are in one of `states`; return how many."""
    marks = ", ".join("?" * len(states))
    with database.changing(durable=True) as connection:
        return connection.execute(
            f"DELETE FROM queue_items WHERE queue = ?2 AND {_STATE.replace(':now', '?1')}"  # noqa: S608
            f" IN ({marks})",
            (database.now_us(), check_queue(queue), *states),
        ).rowcount


def retry(database: Database, queue: str, ids: Sequence[int] = ()) -> int:
    """Let dead items wait again with all their attempts, those of `ids` or all; return how many."""
    marks = ", ".join("?" * len(ids))
    chosen = f" AND id IN ({marks})" if ids else ""
    with database.changing(durable=True) as connection:
        now = database.now_us()
        return connection.execute(
            "UPDATE queue_items SET state = 'waiting', attempts = 0, token = NULL,"  # noqa: S608
            " lease_until = NULL, changed_at = ?1"
            f" WHERE queue = ?2 AND {_STATE.replace(':now', '?1')} = 'dead'{chosen}",
            (now, check_queue(queue), *ids),
        ).rowcount


def forget_done(database: Database, keep_seconds: float = KEEP_DONE_SECONDS) -> int:
    """Remove what was done longer than `keep_seconds` ago, of all queues; return how many."""
    with database.reading() as connection:
        if connection is None:
            return 0
    with database.changing() as connection:
        before = database.now_us() - round(keep_seconds * 1_000_000)
        return connection.execute(
            "DELETE FROM queue_items WHERE state = 'done' AND changed_at < ?", (before,)
        ).rowcount
