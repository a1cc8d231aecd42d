"""`docket queue`: pushing, claiming and settling items, and looking after queues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from docket.app.data.place import open_data
from docket.app.data.state import Word
from docket.app.record.audit import ChangeRow, note_changes
from docket.app.session.session import Session
from docket.app.text.documents import iso, iso_or_none
from docket.data import queue as claims
from docket.data import queueadmin, values
from docket.data.queue import Item, NewItem, Pushed, Queue
from docket.data.queueadmin import ItemState, QueueStats
from docket.data.values import check_queue, packed_word, unpacked
from docket.errors import DataRefusedError, QueueEmptyError
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.data.shapes import (
        ItemDocument,
        ItemStateWord,
        PushedDocument,
        QueueChangedDocument,
        QueueStatsDocument,
    )

LEASE_SECONDS = claims.LEASE_SECONDS
MAX_ATTEMPTS = claims.MAX_ATTEMPTS
_MOST_LISTED = 100
_AT_ONCE = 500  # lines of one transaction
STATES = tuple(str(state) for state in ItemState)


class Settlement(StrEnum):
    """What can become of a claim."""

    DONE = "done"
    FAIL = "fail"
    RELEASE = "release"
    EXTEND = "extend"


class PushReport(Record):
    """What a push added; `first` are the first items of it."""

    queue: str
    pushed: int
    duplicates: int
    first: tuple[Pushed, ...]

    def document(self) -> PushedDocument:
        """Return it as `docket queue push --json` prints it."""
        return {
            "ok": True,
            "queue": self.queue,
            "pushed": self.pushed,
            "duplicates": self.duplicates,
            "items": [{"id": one.id, "duplicate": one.duplicate} for one in self.first],
        }


class ItemList(Record):
    """Items of one queue."""

    items: tuple[Item, ...]

    def document(self) -> list[ItemDocument]:
        """Return them as a JSON list."""
        return [item_document(item) for item in self.items]


class StatsList(Record):
    """The figures of queues, by name."""

    queues: tuple[QueueStats, ...]

    def document(self) -> list[QueueStatsDocument]:
        """Return them as `docket queue stats --json` prints them."""
        return [_stats_document(one) for one in self.queues]


class QueueChanged(Record):
    """How many items were purged, or wait again."""

    queue: str
    action: str
    count: int

    def document(self) -> QueueChangedDocument:
        """Return it as a JSON object."""
        return {"ok": True, "queue": self.queue, "action": self.action, "count": self.count}


class Wish(Record):
    """How items are to be pushed; `NewItem` says what each means."""

    key: str | None = None
    within_seconds: float = 0.0
    priority: int = 0
    not_before: int | None = None
    max_attempts: int = MAX_ATTEMPTS

    def item(self, payload_text: str, key: str | None = None) -> NewItem:
        """Return a payload, which is JSON text, as an item; `key` if it has one of its own."""
        return NewItem(
            payload_text,
            key if key is not None else self.key,
            self.within_seconds,
            self.priority,
            self.not_before,
            self.max_attempts,
        )


def push(session: Session, queue: str, payloads: Iterable[Any], wish: Wish) -> PushReport:
    """Add an item for each value in one step, or for each word of the command line."""
    texts = (one.text if isinstance(one, Word) else values.packed(one) for one in payloads)
    pushed = Queue(open_data(session), queue).push_all([wish.item(text) for text in texts])
    return _report(queue, pushed)


def push_lines(
    session: Session, queue: str, lines: Iterable[bytes], wish: Wish, key_field: str | None = None
) -> PushReport:
    """Add an item for each line that is not empty, whose text is JSON.

    `key_field` names the field of each object that is its key. Lines are added 500 at a time;
    DataRefusedError names the line that cannot be one, and how many were added before it.
    """
    target = Queue(open_data(session), queue)
    pushed = duplicates = 0
    first: list[Pushed] = []
    numbered = ((n, line) for n, line in enumerate(lines, 1) if line.strip())
    while some := list(islice(numbered, _AT_ONCE)):
        new = [_line_item(number, line, wish, key_field, pushed) for number, line in some]
        done = target.push_all(new)
        pushed += sum(not one.duplicate for one in done)
        duplicates += sum(one.duplicate for one in done)
        first += done[: _MOST_LISTED - len(first)]
    return PushReport(queue, pushed, duplicates, tuple(first))


def claim(session: Session, queue: str, *, lease: float, count: int) -> ItemList:
    """Claim `count` items at most, for `lease` seconds; QueueEmptyError if none waits."""
    found = Queue(open_data(session), queue).claim_some(lease=lease, count=count)
    if not found:
        raise QueueEmptyError(f"No item of the queue {queue} waits now.")
    return ItemList(tuple(found))


def settle(
    session: Session,
    queue: str,
    action: str,
    token: str,
    *,
    error: str = "",
    retry_in: float | None = None,
    lease: float,
) -> ItemList:
    """Say what became of a claim: done, fail, release or extend. StaleClaimError if it is over."""
    target = Queue(open_data(session), queue)
    match action:
        case Settlement.DONE:
            item = target.done(token)
        case Settlement.FAIL:
            item = target.fail(token, error, retry_in=retry_in)
        case Settlement.RELEASE:
            item = target.release(token)
        case _:
            item = target.extend(token, lease=lease)
    return ItemList((item,))


def items(session: Session, queue: str, states: Sequence[str], limit: int) -> ItemList:
    """Return items in the order of claims, those in `states` only if any is named."""
    found = queueadmin.items(open_data(session), queue, states, limit)
    return ItemList(tuple(found))


def stats(session: Session, queue: str | None) -> StatsList:
    """Return the figures of one queue, or of all."""
    if queue is not None:
        check_queue(queue)
    found = queueadmin.stats(open_data(session), queue)
    if queue is not None and not found:
        found = [QueueStats(queue, dict.fromkeys(STATES, 0), None)]
    return StatsList(tuple(found))


def purge(session: Session, queue: str, states: Sequence[str]) -> QueueChanged:
    """Remove the items that are in one of `states`."""
    gone = queueadmin.purge(open_data(session), queue, states)
    _note(session, "queue purge", queue, gone, ", ".join(states))
    return QueueChanged(queue, "purge", gone)


def retry(session: Session, queue: str, ids: Sequence[int]) -> QueueChanged:
    """Let dead items wait again, those of `ids` or all."""
    found = queueadmin.retry(open_data(session), queue, ids)
    _note(session, "queue retry", queue, found, "dead")
    return QueueChanged(queue, "retry", found)


def payload_shown(item: Item) -> str:
    """Return the payload for people: text without its quotes, all else as JSON."""
    return values.shown(item.payload_text)


def item_document(item: Item) -> ItemDocument:
    """Return an item as a JSON object."""
    return {
        "id": item.id,
        "queue": item.queue,
        "state": cast("ItemStateWord", item.state),
        "token": item.token if item.state == ItemState.CLAIMED else None,
        "payload": item.payload,
        "key": item.key,
        "priority": item.priority,
        "attempts": item.attempts,
        "max_attempts": item.max_attempts,
        "created_at": iso(item.created_at),
        "changed_at": iso(item.changed_at),
        "not_before": iso_or_none(item.not_before),
        "lease_until": iso_or_none(item.lease_until),
        "error": item.error,
    }


def _stats_document(one: QueueStats) -> QueueStatsDocument:
    counts = one.counts
    return {
        "queue": one.queue,
        "waiting": counts["waiting"],
        "delayed": counts["delayed"],
        "claimed": counts["claimed"],
        "done": counts["done"],
        "dead": counts["dead"],
        "oldest_at": iso_or_none(one.oldest_at),
    }


def _line_item(number: int, line: bytes, wish: Wish, key_field: str | None, before: int) -> NewItem:
    try:
        text = line.decode()
        value = unpacked(text)
        key = None if key_field is None else _key_of(value, key_field)
        return wish.item(packed_word(text), key)
    except (ValueError, RecursionError) as error:
        why = f"is not JSON: {error}"
    except DataRefusedError as error:
        why = f"cannot be an item: {error.sentence}"
    raise DataRefusedError(
        f"Line {number} {why}. {before} items were pushed before it.",
        hint="Mend the line, and push the file again from there on.",
    )


def _key_of(value: object, field: str) -> str:
    found = value.get(field) if isinstance(value, dict) else None
    if not isinstance(found, str | int) or isinstance(found, bool):
        raise DataRefusedError(f"it has no text or number in the field {field[:60]!a}")
    return str(found)


def _report(queue: str, pushed: Sequence[Pushed]) -> PushReport:
    duplicates = sum(one.duplicate for one in pushed)
    return PushReport(queue, len(pushed) - duplicates, duplicates, tuple(pushed[:_MOST_LISTED]))


def _note(session: Session, verb: str, queue: str, count: int, what: str) -> None:
    if count:
        changed = {"queue": queue, "items": count, "state": what}
        note_changes(session, [ChangeRow(verb, None, None, changed)])
