"""`docket state`: the small facts that tasks keep between their runs, and their collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docket.app.data.place import namespace_of, open_data
from docket.app.session.session import Session
from docket.app.text.documents import iso, iso_or_none
from docket.data import values
from docket.data.entries import Collection, Entry, State
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.data.shapes import EntriesChangedDocument, EntryDocument


LARGEST_BYTES = values.LARGEST_BYTES


class Word:
    """A word of the command line, as the JSON text that is kept for it; DataRefusedError."""

    __slots__ = ("text",)

    def __init__(self, word: str) -> None:
        self.text = values.packed_word(word)


class Where(Record):
    """A namespace, and a collection in it or None."""

    namespace: str
    collection: str | None = None

    def open(self, session: Session) -> State | Collection:
        """Return the values there."""
        database = open_data(session)
        if self.collection is None:
            return State(database, self.namespace)
        return Collection(database, self.namespace, self.collection)


class Kept(Record):
    """One value and where it is. `entry` is None if `text` is only what to answer for none."""

    where: Where
    key: str
    text: str
    entry: Entry | None

    @property
    def shown(self) -> str:
        """The value for people and shells: text without its quotes, all else as JSON."""
        return values.shown(self.text)

    def document(self) -> EntryDocument:
        """Return it as a JSON object."""
        entry = self.entry
        return {
            "namespace": self.where.namespace,
            "collection": self.where.collection,
            "key": self.key,
            "value": values.unpacked(self.text),
            "version": entry.version if entry else 0,
            "changed_at": iso(entry.changed_at) if entry else None,
            "expires_at": iso_or_none(entry.expires_at) if entry else None,
        }


class KeptList(Record):
    """Values of one place, by key."""

    where: Where
    kept: tuple[Kept, ...]

    def document(self) -> list[EntryDocument]:
        """Return them as `docket state list --json` prints them."""
        return [one.document() for one in self.kept]


class EntriesChanged(Record):
    """What was done with values, or how many there are; `ok` is the answer to a question."""

    where: Where
    action: str
    count: int
    key: str | None = None
    ok: bool = True

    def document(self) -> EntriesChangedDocument:
        """Return it as a JSON object."""
        return {
            "ok": self.ok,
            "namespace": self.where.namespace,
            "collection": self.where.collection,
            "key": self.key,
            "action": self.action,
            "count": self.count,
        }


def place(session: Session, namespace: str | None, collection: str | None = None) -> Where:
    """Return where the values are; without a namespace, those of the run that calls."""
    return Where(namespace_of(session, namespace), collection)


def get(session: Session, where: Where, key: str, default: str | None = None) -> Kept:
    """Return the value under `key`; without one `default`, or AbsentError."""
    place_of = where.open(session)
    if default is None:
        return _kept(where, place_of.entry_or_refuse(key))
    found = place_of.entry(key)
    return _kept(where, found) if found else Kept(where, key, values.packed_word(default), None)


def set_value(
    session: Session,
    where: Where,
    key: str,
    value: Any,
    *,
    ttl: float | None = None,
    if_version: int | None = None,
) -> Kept:
    """Keep a value, or a word of the command line; ConflictError if it is of another version."""
    text = value.text if isinstance(value, Word) else values.packed(value)
    return _kept(where, where.open(session).set_text(key, text, ttl=ttl, if_version=if_version))


def add(
    session: Session, where: Where, key: str, word: Word, *, ttl: float | None = None
) -> EntriesChanged:
    """Keep a word if there is no value under `key`; `ok` says whether there was none."""
    new = where.open(session).add(key, values.unpacked(word.text), ttl=ttl)
    return EntriesChanged(where, "set", int(new), key, ok=new)


def increment(
    session: Session, where: Where, key: str, by: float, *, ttl: float | None = None
) -> Kept:
    """Add to the number under `key`."""
    return _kept(where, where.open(session).increment(key, by, ttl=ttl))


def delete(session: Session, where: Where, key: str) -> EntriesChanged:
    """Remove the value under `key`, if there is one."""
    return EntriesChanged(where, "delete", int(where.open(session).delete(key)), key)


def has(session: Session, where: Where, key: str) -> EntriesChanged:
    """Say whether there is a value under `key`."""
    found = where.open(session).has(key)
    return EntriesChanged(where, "has", int(found), key, ok=found)


def count(session: Session, where: Where) -> EntriesChanged:
    """Say how many values there are."""
    return EntriesChanged(where, "count", where.open(session).count())


def prune(
    session: Session, where: Where, *, keep: int | None, older_than: float | None
) -> EntriesChanged:
    """Remove all but the `keep` newest, or what has not changed for `older_than` seconds."""
    gone = where.open(session).prune(keep=keep, older_than=older_than)
    return EntriesChanged(where, "prune", gone)


def entries(session: Session, where: Where, prefix: str, limit: int) -> KeptList:
    """Return the values whose keys begin with `prefix`, `limit` at most."""
    found = where.open(session).list(prefix, limit)
    return KeptList(where, tuple(_kept(where, entry) for entry in found))


def _kept(where: Where, entry: Entry) -> Kept:
    return Kept(where, entry.key, entry.text, entry)
