"""Past runs and the events that they reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import refuse_unsafe_name, require_known
from docket.app.fires.missed import look
from docket.app.record.liveness import alive_here
from docket.app.record.opening import checked_limit, open_record
from docket.app.record.runreference import find_run
from docket.app.session.session import Session
from docket.app.text.documents import event_document, run_document
from docket.errors import UsageError
from docket.model.record import Record, field
from docket.model.records import EventRecord, RunRecord
from docket.store.selection import Selection

if TYPE_CHECKING:
    from docket.app.history.shapes import ListedRunDocument
    from docket.app.text.shapes import EventDocument

__all__ = ["EventList", "RunList", "Selection", "events", "runs"]


class RunList(Record):
    """Runs, newest first, of one task or of all (`task` None).

    `alive` says of those that are not over whether their lock is held, `notified` of those that
    had messages, what happened to them: delivered, failed or suppressed.
    """

    task: str | None
    runs: tuple[RunRecord, ...]
    alive: Mapping[str, bool | None] = field(default_factory=dict)
    notified: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> list[ListedRunDocument]:
        """Return the runs as `docket runs --json` prints them."""
        return [
            {
                **run_document(run, alive=self.alive.get(run.run_id), listed=True),
                "notified": self.notified.get(run.run_id),
            }
            for run in self.runs
        ]


class EventList(Record):
    """Events of one run in order."""

    run: RunRecord
    events: tuple[EventRecord, ...]
    after_index: int = 0
    last_index: int = 0  # the number of the last event that the run has reported

    @property
    def more(self) -> int:
        """How many events follow those that are listed."""
        listed = self.events[-1].event_index if self.events else self.last_index
        return max(self.last_index - listed, 0)

    def document(self) -> list[EventDocument]:
        """Return the events as `docket events --json` prints them."""
        return [event_document(event) for event in self.events]


def runs(
    session: Session, task: str | None = None, limit: int = 20, wanted: Selection | None = None
) -> RunList:
    """Return the newest runs, at most `limit`, or the newest of those that are `wanted`.

    A task that is gone from the config keeps its history; UnknownTaskError is raised for a name
    that neither knows, RunNotFoundError for a cursor that no run has.
    """
    checked = checked_limit(limit)
    if task is not None:
        refuse_unsafe_name(task)
    selection = (wanted or Selection()).replace(task=task)
    with open_record(session) as reader:
        look(session, task, reader=reader)
        if selection.older_than is not None:
            older_than = find_run(reader, selection.older_than).run_id
            selection = selection.replace(older_than=older_than)
        found = tuple(reader.select(selection, checked))
        notified = reader.notified([run.run_id for run in found])
    if task is not None and not found and selection == Selection(task):
        require_known(session, task)
    alive = {run.run_id: alive_here(run, session.paths) for run in found if not run.status.final}
    return RunList(task, found, alive, notified)


def events(session: Session, run_id: str, limit: int = 500, after_index: int = 0) -> EventList:
    """Return at most `limit` events of a run, from the one after `after_index` on.

    Raises RunNotFoundError.
    """
    checked = checked_limit(limit)
    if after_index < 0:
        raise UsageError(f"--after-index must not be below 0, and is {after_index}.")
    with open_record(session) as reader:
        run = find_run(reader, run_id)
        found = reader.events(run.run_id, min(after_index, 2**31), checked)
        last_index = reader.last_event_index(run.run_id)
    return EventList(run, tuple(found), after_index, last_index)


def run_id_of(session: Session, reference: str) -> str:
    """Return the id of the run that `reference` means, as `find_run` takes it."""
    with open_record(session) as reader:
        return find_run(reader, reference).run_id
