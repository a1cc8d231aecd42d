"""Which runs are wanted, as the conditions of one query."""

from __future__ import annotations

from collections.abc import Iterator

from docket.model.record import Record
from docket.model.states import RunStatus, Trigger

_NEWEST_FIRST = " ORDER BY started_at DESC, seq DESC LIMIT ?"


class Selection(Record):
    """Runs of a task, of statuses and triggers, that began from `since_us` to before `until_us`.

    What is None or empty does not matter. `older_than` is a run's id: what came before it is
    wanted, in the order of the list. Instants are microseconds since the epoch.
    """

    task: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    since_us: int | None = None
    until_us: int | None = None
    older_than: str | None = None

    def clause(self, limit: int) -> tuple[str, list[str | int]]:
        """Return the end of a SELECT on runs, newest first, and the values for its marks."""
        parts = list(self._conditions())
        where = " AND ".join(text for text, _ in parts)
        values = [value for _, found in parts for value in found]
        return (f"WHERE {where}" if where else "") + _NEWEST_FIRST, [*values, limit]

    def _conditions(self) -> Iterator[tuple[str, list[str | int]]]:
        if self.task is not None:
            yield "task = ?", [self.task]
        for column, words in (("status", self.statuses), ("trigger", self.triggers)):
            if words:
                yield f"{column} IN ({', '.join('?' * len(words))})", [str(word) for word in words]
        if self.since_us is not None:
            yield "started_at >= ?", [self.since_us]
        if self.until_us is not None:
            yield "started_at < ?", [self.until_us]
        if self.older_than is not None:
            place = "(SELECT started_at, seq FROM runs WHERE run_id = ?)"
            yield f"(started_at, seq) < {place}", [self.older_than]
