"""Which runs are wanted, as the conditions of one query."""

from __future__ import annotations

from collections.abc import Iterator

from docket.model.record import Record
from docket.model.states import RunStatus, Trigger

_Condition = tuple[str, list[str | int]]
_NEWEST = "ORDER BY started_at DESC, seq DESC"
_WRITTEN = "ORDER BY seq DESC"
_PLACE = "(SELECT started_at, seq FROM runs WHERE run_id = ?)"
_BEGAN = "(SELECT started_at FROM runs WHERE run_id = ?)"
_NUMBER = "(SELECT seq FROM runs WHERE run_id = ?)"


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

    def clauses(self, now_us: int) -> Iterator[tuple[str, list[str | int]]]:
        """Yield the ends of two SELECTs on runs, each newest first, and the values for their marks.

        The second is for runs that lie in the future, as a clock that was ahead has dated them:
        they come last, in the order in which they were written, and hide no other.
        """
        conditions = list(self._conditions())
        yield _clause([*conditions, ("started_at <= ?", [now_us]), *self._before(now_us)], _NEWEST)
        yield _clause([*conditions, ("started_at > ?", [now_us]), *self._ahead(now_us)], _WRITTEN)

    def _conditions(self) -> Iterator[_Condition]:
        if self.task is not None:
            yield "task = ?", [self.task]
        for column, words in (("status", self.statuses), ("trigger", self.triggers)):
            if words:
                yield f"{column} IN ({', '.join('?' * len(words))})", [str(word) for word in words]
        if self.since_us is not None:
            yield "started_at >= ?", [self.since_us]
        if self.until_us is not None:
            yield "started_at < ?", [self.until_us]

    def _before(self, now_us: int) -> Iterator[_Condition]:
        if self.older_than is not None:
            yield f"(started_at, seq) < {_PLACE}", [self.older_than]
            yield f"{_BEGAN} <= ?", [self.older_than, now_us]

    def _ahead(self, now_us: int) -> Iterator[_Condition]:
        if self.older_than is not None:
            text = f"({_BEGAN} <= ? OR seq < {_NUMBER})"
            yield text, [self.older_than, now_us, self.older_than]


def _clause(conditions: list[_Condition], order: str) -> tuple[str, list[str | int]]:
    where = " AND ".join(text for text, _ in conditions)
    return f"WHERE {where} {order} LIMIT ?", [value for _, found in conditions for value in found]
