"""Queues: items in order, which one claimer at a time holds for as long as its lease."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from docket.data.values import check_name, check_queue, packed, unpacked
from docket.errors import DataRefusedError, StaleClaimError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from docket.data.database import Database

LEASE_SECONDS = 300.0
MAX_ATTEMPTS = 5
_FIRST_PAUSE_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 3600.0
_LONGEST_SPAN = 100 * 31_557_600
_LONGEST_ERROR = 1000
_PRIORITIES = 1_000_000
_FREE = "token = NULL, lease_until = NULL, changed_at = ?"
COLUMNS = (
    "id, queue, state, priority, payload, key, attempts, max_attempts, created_at, changed_at,"
    " not_before, lease_until, token, error"
)


class Item(NamedTuple):
    """One item of a queue. `payload_text` is JSON; instants are microseconds since the epoch.

    `state` is waiting, delayed (until `not_before`), claimed (until `lease_until`), done or dead.
    """

    id: int
    queue: str
    state: str
    priority: int
    payload_text: str
    key: str | None
    attempts: int
    max_attempts: int
    created_at: int
    changed_at: int
    not_before: int | None
    lease_until: int | None
    token: str | None
    error: str | None

    @property
    def payload(self) -> Any:
        """The value that was pushed."""
        return unpacked(self.payload_text)


class NewItem(NamedTuple):
    """What is pushed. With `key` it is left out if an item of that key is not over yet.

    `within_seconds`: also if one of that key was pushed so recently. `not_before` is in
    microseconds since the epoch. Of two items that wait, the one of higher priority goes first.
    """

    payload_text: str
    key: str | None = None
    within_seconds: float = 0.0
    priority: int = 0
    not_before: int | None = None
    max_attempts: int = MAX_ATTEMPTS


class Pushed(NamedTuple):
    """The item of a push; `duplicate` if it was there already."""

    id: int
    duplicate: bool


class Queue:
    """One queue. All methods raise DataError if the database cannot be used."""

    def __init__(self, database: Database, name: str) -> None:
        self.name = check_queue(name)
        self._database = database

    def push(
        self,
        payload: Any,
        *,
        key: str | None = None,
        within: float = 0.0,
        priority: int = 0,
        delay: float = 0.0,
        max_attempts: int = MAX_ATTEMPTS,
    ) -> Pushed:
        """Add one item, which is on the disk when this returns; spans are in seconds.

        DataRefusedError for a value that JSON has no form for.
        """
        until = self._database.now_us() + _span_us("delay", delay) if delay else None
        item = NewItem(packed(payload), key, within, priority, until, max_attempts)
        return self.push_all([item])[0]

    def push_all(self, items: Iterable[NewItem]) -> list[Pushed]:
        """Add items in one step: all of them or, after an error, none."""
        checked = [_checked(item) for item in items]
        with self._database.changing(durable=True) as connection:
            now = self._database.now_us()
            return [self._push(connection, item, now) for item in checked]

    @contextmanager
    def claim(self, *, lease: float = LEASE_SECONDS) -> Iterator[Item | None]:
        """Hold the first item for the length of the `with`: it is done at its end.

        None if nothing waits. An exception gives the item back for a later attempt, and goes on.
        """
        found = self.claim_some(lease=lease)
        item = found[0] if found else None
        try:
            yield item
        except BaseException as error:
            if item is not None:
                with suppress(StaleClaimError):  # it is another claimer's already
                    self.fail(item.token or "", f"{type(error).__name__}: {error}")
            raise
        if item is not None:
            self.done(item.token or "")

    def claim_some(self, *, lease: float = LEASE_SECONDS, count: int = 1) -> list[Item]:
        """Claim `count` items at most, for `lease` seconds; what is not done then comes back."""
        span = _span_us("lease", lease)
        with self._database.changing() as connection:
            now = self._database.now_us()
            self._return_expired(connection, now)
            self._ripen(connection, now)
            rows = connection.execute(
                "UPDATE queue_items SET state = 'claimed', attempts = attempts + 1,"  # noqa: S608
                " token = id || '.' || (attempts + 1) || '.' || :random, lease_until = :until,"
                " changed_at = :now WHERE id IN (SELECT id FROM queue_items WHERE queue = :queue"
                " AND state = 'waiting' ORDER BY priority DESC, id LIMIT :count)"
                f" RETURNING {COLUMNS}",
                {
                    "random": secrets.token_hex(8),
                    "until": now + span,
                    "now": now,
                    "queue": self.name,
                    "count": count,
                },
            ).fetchall()
        return sorted((Item(*row) for row in rows), key=lambda one: (-one.priority, one.id))

    def done(self, token: str) -> Item:
        """Say that the work of a claim is done; StaleClaimError if it is no longer the claim."""
        with self._database.changing() as connection:
            what = "state = 'done', " + _FREE
            return self._change(connection, token, what, (self._database.now_us(),))

    def fail(self, token: str, error: str = "", *, retry_in: float | None = None) -> Item:
        """Say that the work failed: the item waits for its next attempt, or is dead after the last.

        Without `retry_in` (seconds) it waits 30 s, and twice as long each time, an hour at most.
        """
        known = error.encode("utf-8", "replace").decode()[:_LONGEST_ERROR]
        with self._database.changing() as connection:
            attempts = _attempts(token)
            pause = _pause_seconds(attempts) if retry_in is None else retry_in
            until = self._database.now_us() + _span_us("pause", pause)
            return self._change(
                connection,
                token,
                "state = iif(attempts >= max_attempts, 'dead', 'delayed'), error = ?,"
                " not_before = iif(attempts >= max_attempts, NULL, ?), " + _FREE,
                (known, until, self._database.now_us()),
            )

    def release(self, token: str) -> Item:
        """Give a claim back at once; the attempt does not count."""
        with self._database.changing() as connection:
            what = "state = 'waiting', attempts = attempts - 1, " + _FREE
            return self._change(connection, token, what, (self._database.now_us(),))

    def extend(self, token: str, *, lease: float = LEASE_SECONDS) -> Item:
        """Hold a claim for `lease` seconds from now."""
        until = self._database.now_us() + _span_us("lease", lease)
        with self._database.changing() as connection:
            return self._change(connection, token, "lease_until = ?", (until,))

    def _push(self, connection: sqlite3.Connection, item: NewItem, now: int) -> Pushed:
        if item.key is not None:
            known = connection.execute(
                "SELECT id FROM queue_items WHERE queue = ? AND key = ?"
                " AND (state IN ('waiting', 'delayed', 'claimed') OR created_at > ?)"
                " ORDER BY id DESC LIMIT 1",
                (self.name, item.key, now - round(item.within_seconds * 1_000_000)),
            ).fetchone()
            if known is not None:
                return Pushed(known[0], duplicate=True)
        later = item.not_before is not None and item.not_before > now
        made = connection.execute(
            "INSERT INTO queue_items (queue, state, priority, payload, key, max_attempts,"
            " created_at, changed_at, not_before) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self.name, "delayed" if later else "waiting", item.priority),
                *(item.payload_text, item.key, item.max_attempts, now, now),
                item.not_before if later else None,
            ),
        )
        return Pushed(made.lastrowid or 0, duplicate=False)

    def _return_expired(self, connection: sqlite3.Connection, now: int) -> None:
        connection.execute(
            "UPDATE queue_items SET token = NULL, lease_until = NULL, changed_at = ?,"
            " state = iif(attempts >= max_attempts, 'dead', 'waiting'),"
            " error = 'the lease of attempt ' || attempts || ' ran out'"
            " WHERE queue = ? AND state = 'claimed' AND lease_until <= ?",
            (now, self.name, now),
        )

    def _ripen(self, connection: sqlite3.Connection, now: int) -> None:
        connection.execute(
            "UPDATE queue_items SET state = 'waiting', not_before = NULL"
            " WHERE queue = ? AND state = 'delayed' AND not_before <= ?",
            (self.name, now),
        )

    def _change(
        self, connection: sqlite3.Connection, token: str, what: str, values: tuple[object, ...]
    ) -> Item:
        """Change the item that a token holds; one whose lease ran out is nobody's any more."""
        row = connection.execute(
            f"UPDATE queue_items SET {what} WHERE id = ? AND queue = ? AND token = ?"  # noqa: S608
            f" AND state = 'claimed' AND lease_until > ? RETURNING {COLUMNS}",
            (*values, _item_id(token), self.name, token, self._database.now_us()),
        ).fetchone()
        if row is None:
            raise StaleClaimError(
                f"{token[:60]!a} holds no item of the queue {self.name}: its lease ran out, or it"
                " was settled before.",
                hint="Claim again: an item whose lease ran out goes to whoever claims next.",
            )
        return Item(*row)


def _item_id(token: str) -> int:
    """Return the number of the item that a token is for; -1 for what is no token."""
    return _number(token.split(".", maxsplit=1)[0])


def _attempts(token: str) -> int:
    """Return which attempt a token is for."""
    return max(1, min(_number(token.partition(".")[2].partition(".")[0]), 1000))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _checked(item: NewItem) -> NewItem:
    if item.key is not None:
        check_name("key", item.key)
    if not -_PRIORITIES <= item.priority <= _PRIORITIES:
        raise DataRefusedError(f"A priority lies between -{_PRIORITIES} and {_PRIORITIES}.")
    if not 1 <= item.max_attempts <= 1000:
        raise DataRefusedError("`max_attempts` lies between 1 and 1000.")
    _span_us("window", item.within_seconds)
    return item


def _span_us(what: str, seconds: float) -> int:
    if not 0 <= seconds <= _LONGEST_SPAN:
        raise DataRefusedError(f"The {what} lies between 0 and 100 years, not {seconds!r}.")
    return round(seconds * 1_000_000)


def _pause_seconds(attempts: int) -> float:
    return min(_FIRST_PAUSE_SECONDS * 2.0 ** (attempts - 1), _LONGEST_PAUSE_SECONDS)
