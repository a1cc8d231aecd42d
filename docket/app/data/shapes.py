"""The shapes of what `state` and `queue` answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from docket.model.jsonkinds import Count, Instant

ItemStateWord = Literal["waiting", "delayed", "claimed", "done", "dead"]


class EntryDocument(TypedDict):
    """One value that is kept."""

    namespace: Annotated[str, "Whose state it is: a task, unless named otherwise."]
    collection: Annotated[str | None, "The collection that it is an item of."]
    key: Annotated[str, "Its key."]
    value: Annotated[Any, "The value."]
    version: Annotated[Count, "Higher after each change; `--if-version` takes it. 0: none is kept."]
    changed_at: Annotated[Instant | None, "When it was set."]
    expires_at: Annotated[Instant | None, "When it ends by itself."]


class EntriesChangedDocument(TypedDict):
    """What a command did with values, or how many there are."""

    ok: Annotated[bool, "Whether the answer is yes: false only for `has` and `set --if-absent`."]
    namespace: Annotated[str, "Whose state it is."]
    collection: Annotated[str | None, "The collection."]
    key: Annotated[str | None, "The key, if it is about one."]
    action: Annotated[str, "What was done: set, delete, has, count or prune."]
    count: Annotated[Count, "How many values were set or removed, or are there."]


class PushedItemDocument(TypedDict):
    """One item of a push."""

    id: Annotated[Count, "Its number."]
    duplicate: Annotated[bool, "Whether an item of that key was there already: this is its number."]


class PushedDocument(TypedDict):
    """What a push added."""

    ok: Annotated[bool, "Always true."]
    queue: Annotated[str, "The queue."]
    pushed: Annotated[Count, "How many items are new."]
    duplicates: Annotated[Count, "How many were there already."]
    items: Annotated[list[PushedItemDocument], "The first 100 items, in the order of the push."]


class ItemDocument(TypedDict):
    """One item of a queue."""

    id: Annotated[Count, "Its number."]
    queue: Annotated[str, "The queue."]
    state: Annotated[ItemStateWord, "Where it is on its way."]
    token: Annotated[str | None, "What `done`, `fail`, `release` and `extend` take, if claimed."]
    payload: Annotated[Any, "The value that was pushed."]
    key: Annotated[str | None, "The key that keeps it from being pushed twice."]
    priority: Annotated[int, "The higher goes first."]
    attempts: Annotated[Count, "How often it was claimed."]
    max_attempts: Annotated[Count, "After so many it is dead."]
    created_at: Annotated[Instant, "When it was pushed."]
    changed_at: Annotated[Instant, "When its state changed."]
    not_before: Annotated[Instant | None, "Until when it waits."]
    lease_until: Annotated[Instant | None, "Until when its claimer holds it."]
    error: Annotated[str | None, "Why the last attempt failed."]


class QueueStatsDocument(TypedDict):
    """How many items of a queue are in each state."""

    queue: Annotated[str, "The queue."]
    waiting: Annotated[Count, "Items that can be claimed now."]
    delayed: Annotated[Count, "Items that wait for their time."]
    claimed: Annotated[Count, "Items that somebody works on."]
    done: Annotated[Count, "Items that are done, kept for a week."]
    dead: Annotated[Count, "Items whose last attempt failed."]
    oldest_at: Annotated[Instant | None, "When the oldest waiting item was pushed."]


class QueueChangedDocument(TypedDict):
    """How many items a command changed."""

    ok: Annotated[bool, "Always true."]
    queue: Annotated[str, "The queue."]
    action: Annotated[str, "What was done: purge or retry."]
    count: Annotated[Count, "How many items."]
