"""Values under keys: the state of a task, and its collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from docket.data.values import check_name, packed, unpacked
from docket.errors import AbsentError, ConflictError, DataRefusedError

if TYPE_CHECKING:
    import sqlite3

    from docket.data.database import Database

_COLUMNS = "key, value, version, changed_at, expires_at"
_LIVE = "namespace = ? AND collection = ? AND (expires_at IS NULL OR expires_at > ?)"
_LONGEST_TTL_US = 100 * 31_557_600 * 1_000_000


class Entry(NamedTuple):
    """One value that is kept; `text` is its JSON. Instants are microseconds since the epoch."""

    key: str
    text: str
    version: int
    changed_at: int
    expires_at: int | None

    @property
    def value(self) -> Any:
        """The value itself."""
        return unpacked(self.text)


class Entries:
    """The values of one namespace, or of one collection in it.

    A value that expired is as good as none. All methods raise DataError if the database cannot be
    used, and DataRefusedError for a key or a value that cannot be kept.
    """

    def __init__(self, database: Database, namespace: str, collection: str = "") -> None:
        self._database = database
        self._where = (check_name("namespace", namespace), collection)

    def entry(self, key: str) -> Entry | None:
        """Return what is kept under `key`, or None."""
        with self._database.reading() as connection:
            return None if connection is None else self._find(connection, key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value under `key`, or `default` if there is none."""
        found = self.entry(key)
        return default if found is None else found.value

    def set(
        self, key: str, value: Any, *, ttl: float | None = None, if_version: int | None = None
    ) -> Entry:
        """Keep a value under `key`, for `ttl` seconds or, without it, until it is deleted.

        With `if_version` only if the present value has that version, or for 0 if there is none:
        ConflictError otherwise.
        """
        return self.set_text(key, packed(value), ttl=ttl, if_version=if_version)

    def set_text(
        self, key: str, text: str, *, ttl: float | None = None, if_version: int | None = None
    ) -> Entry:
        """Do as `set` with a value that is JSON text already."""
        with self._database.changing(durable=True) as connection:
            found = self._find(connection, key)
            if if_version is not None and (found.version if found else 0) != if_version:
                raise _conflict(key, found)
            return self._put(connection, key, text, self._end(ttl))

    def add(self, key: str, value: Any = None, *, ttl: float | None = None) -> bool:
        """Keep a value under `key` if there is none; return whether it is new."""
        try:
            self.set(key, value, ttl=ttl, if_version=0)
        except ConflictError:
            return False
        return True

    def increment(self, key: str, by: float = 1, *, ttl: float | None = None) -> Entry:
        """Add to the number under `key` in one step; none counts as 0.

        Without `ttl` the value keeps its end. DataRefusedError if the value is no number.
        """
        with self._database.changing(durable=True) as connection:
            found = self._find(connection, key)
            before = 0 if found is None else found.value
            if isinstance(before, bool) or not isinstance(before, int | float):
                raise DataRefusedError(
                    f"The value under {key!a} is no number, so nothing can be added to it.",
                    hint="Set it to a number first.",
                )
            end = found.expires_at if found is not None and ttl is None else self._end(ttl)
            try:
                total = before + by
            except OverflowError:
                raise DataRefusedError(f"The value under {key!a} would be too large.") from None
            return self._put(connection, key, packed(total), end)

    def delete(self, key: str) -> bool:
        """Remove the value under `key`; return whether there was one."""
        with self._database.changing(durable=True) as connection:
            found = self._find(connection, key)
            connection.execute(
                "DELETE FROM entries WHERE namespace = ? AND collection = ? AND key = ?",
                (*self._where, key),
            )
            return found is not None

    def has(self, key: str) -> bool:
        """Whether there is a value under `key`."""
        return self.entry(key) is not None

    def count(self) -> int:
        """Return how many values there are."""
        with self._database.reading() as connection:
            if connection is None:
                return 0
            question = f"SELECT count(*) FROM entries WHERE {_LIVE}"  # noqa: S608
            return int(connection.execute(question, self._live()).fetchone()[0])

    def list(self, prefix: str = "", limit: int | None = None) -> list[Entry]:
        """Return the values whose keys begin with `prefix`, by key, `limit` at most."""
        with self._database.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM entries WHERE {_LIVE} AND key >= ?"  # noqa: S608
                " AND substr(key, 1, ?) = ? ORDER BY key LIMIT ?",
                (*self._live(), prefix, len(prefix), prefix, -1 if limit is None else limit),
            ).fetchall()
        return [Entry(*row) for row in rows]

    def prune(self, *, keep: int | None = None, older_than: float | None = None) -> int:
        """Remove all but the `keep` newest, or what has not changed for `older_than` seconds.

        Return how many were removed.
        """
        question, values = [], []
        if keep is not None:
            question.append(
                "version <= (SELECT version FROM entries WHERE namespace = ? AND collection = ?"
                " ORDER BY version DESC LIMIT 1 OFFSET ?)"
            )
            values += [*self._where, keep]
        if older_than is not None:
            question.append("changed_at < ?")
            values.append(self._database.now_us() - round(older_than * 1_000_000))
        if not question:
            raise DataRefusedError("Pruning needs `keep` or `older_than`.")
        with self._database.changing(durable=True) as connection:
            gone = self._forget_expired(connection)
            return (
                gone
                + connection.execute(
                    "DELETE FROM entries WHERE namespace = ? AND collection = ?"  # noqa: S608
                    f" AND ({' OR '.join(question)})",
                    (*self._where, *values),
                ).rowcount
            )

    def _find(self, connection: sqlite3.Connection, key: str) -> Entry | None:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM entries WHERE {_LIVE} AND key = ?",  # noqa: S608
            (*self._live(), check_name("key", key)),
        ).fetchone()
        return None if row is None else Entry(*row)

    def _put(self, connection: sqlite3.Connection, key: str, text: str, end: int | None) -> Entry:
        now = self._database.now_us()
        connection.execute("UPDATE versions SET last = last + 1")
        version = connection.execute("SELECT last FROM versions").fetchone()[0]
        connection.execute(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*self._where, key, text, version, now, end),
        )
        return Entry(key, text, version, now, end)

    def _forget_expired(self, connection: sqlite3.Connection) -> int:
        return connection.execute(
            "DELETE FROM entries WHERE namespace = ? AND collection = ? AND expires_at <= ?",
            self._live(),
        ).rowcount

    def _live(self) -> tuple[str, str, int]:
        return (*self._where, self._database.now_us())

    def _end(self, ttl: float | None) -> int | None:
        if ttl is None:
            return None
        span = ttl * 1_000_000
        if not 0 < span <= _LONGEST_TTL_US:
            raise DataRefusedError(f"A value is kept for more than 0 s, not for {ttl!r}.")
        return self._database.now_us() + round(span)


class State(Entries):
    """The small facts of a task that outlast its runs."""

    def entry_or_refuse(self, key: str) -> Entry:
        """Return what is kept under `key`; AbsentError if there is nothing."""
        return _found(self.entry(key), f"Nothing is kept under {key[:60]!a}", self._where[0])


class Collection(Entries):
    """A set of items of a task, each with a value: what was seen, sent, done."""

    def __init__(self, database: Database, namespace: str, name: str) -> None:
        super().__init__(database, namespace, check_name("collection", name))

    def entry_or_refuse(self, key: str) -> Entry:
        """Return an item; AbsentError if it is not in the collection."""
        where = f"{self._where[1][:60]!a} has no item {key[:60]!a}"
        return _found(self.entry(key), where, self._where[0])


def forget_expired(database: Database) -> int:
    """Remove every value that has expired, of all namespaces; return how many."""
    with database.reading() as connection:
        if connection is None:
            return 0
    with database.changing() as connection:
        question = "DELETE FROM entries WHERE expires_at <= ?"
        return connection.execute(question, (database.now_us(),)).rowcount


def _found(entry: Entry | None, sentence: str, namespace: str) -> Entry:
    if entry is None:
        raise AbsentError(
            f"{sentence} in the namespace {namespace[:60]!a}.",
            hint="--default VALUE answers that value instead of this error.",
        )
    return entry


def _conflict(key: str, found: Entry | None) -> ConflictError:
    now = f"has the version {found.version}" if found else "does not exist"
    return ConflictError(
        f"The value under {key[:60]!a} {now}: somebody was quicker.",
        hint="Read it again, and decide anew.",
        version=found.version if found else 0,
    )
