"""How runs and their events look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from docket.app.history.history import EventList, RunList
from docket.app.text.documents import event_document
from docket.app.text.jsonform import compact
from docket.cli.render.layout.plain import cut, one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.cli.render.layout.times import from_iso, relative
from docket.model.records import EventRecord, RunRecord
from docket.model.states import RunStatus
from docket.model.time.humantime import duration, local

_UNTOLD = "(a message about it did not arrive)"
_INKS = {
    RunStatus.SUCCEEDED: Ink.GOOD,
    RunStatus.PENDING: Ink.BUSY,
    RunStatus.RUNNING: Ink.BUSY,
    RunStatus.SKIPPED: Ink.DOUBT,
    RunStatus.MISSED: Ink.DOUBT,
    RunStatus.CANCELLED: Ink.DOUBT,
    RunStatus.INTERRUPTED: Ink.DOUBT,
}


def status_cell(status: RunStatus, *, dry_run: bool = False) -> Cell:
    """Return a status in its colour; everything not listed above went wrong."""
    text = f"{status.value} (dry run)" if dry_run else status.value
    return Cell(text, _INKS.get(status, Ink.BAD))


def run_cell(run: RunRecord, *, alive: bool | None) -> Cell:
    """Return a run's status; one that only its row calls running is marked."""
    if alive is False and not run.status.final:
        return Cell(f"{run.status.value}?", Ink.DOUBT)
    return status_cell(run.status, dry_run=run.dry_run)


def runs_text(found: RunList, screen: Screen) -> str:
    """Return the history as a table, newest first, and how to look into one of them."""
    runs, of_task = found.runs, found.task
    if not runs:
        return f"No runs of {one_line(of_task)} yet." if of_task else "No runs yet."
    columns = [Column("RUN ID"), Column("TASK", shrink=12), Column("STATUS")]
    columns += [Column("STARTED"), Column("BY"), Column("TOOK", right=True)]
    if of_task:
        del columns[1]
    rows = []
    for run in runs:
        started = relative(run.started_us, screen.now_us)
        cells: list[Cell | str] = [
            run.run_id,
            run.task,
            run_cell(run, alive=found.alive.get(run.run_id)),
            started,
            run.trigger.value,
            duration(_took(run, screen.now_us)),
        ]
        if of_task:
            del cells[1]
        remarks = list(_remarks(run, found))
        matters = bool(remarks) or run.status is not RunStatus.SUCCEEDED
        rows.append(Row(cells, " ".join([run.summary, *remarks]), note_matters=matters))
    made = TextTable(columns, rows, note_title="SUMMARY")
    table = made.text(screen)
    if made.leaves_notes_out(screen):
        table += "\n(no room for the summaries of good runs)"
    if any(not run.status.final and found.alive.get(run.run_id) is False for run in runs):
        table += "\n\nrunning? marks a run whose runner is gone and that systemd is closing."
    return f"{table}\n\n{_look_closer(runs, screen)}" if screen.terminal else table


def _remarks(run: RunRecord, found: RunList) -> Iterator[str]:
    """Yield what else a reader should know of a run."""
    if found.notified.get(run.run_id) == "failed":
        yield _UNTOLD
    if run.details.get("plan_warning"):
        yield "(ran by the last good plan)"
    if run.details.get("spooled"):
        yield "(recorded later: the database could not be written)"


def events_text(found: EventList, screen: Screen) -> str:
    """Return events, one to a line: number, time, type and the event itself."""
    if not found.last_index:
        return f"Run {found.run.run_id} reported no events."
    if not found.events:
        return (
            f"Run {found.run.run_id} reported no event after number {found.after_index};"
            f" its last one is number {found.last_index}."
        )
    return "\n".join(event_text(event, screen) for event in found.events)


def more_events(found: EventList) -> tuple[str, ...]:
    """Return the remark that there are more events than are listed, with the next command."""
    if not found.more:
        return ()
    index = found.events[-1].event_index
    return (
        f"{found.more} more events follow: docket events {found.run.run_id} --after-index {index}",
    )


def event_text(event: EventRecord, screen: Screen) -> str:
    """Return one event on one line."""
    own = from_iso(event.timestamp)
    at = one_line(event.timestamp) if own is None and event.timestamp else ""
    when = at or local(event.at_us if own is None else own)
    kind = one_line(event.event_type or "-")
    line = f"#{event.event_index} {when} {kind}: {compact(event_document(event)['event'])}"
    return line if screen.width is None else cut(line, screen.width, screen.ellipsis)


def _took(run: RunRecord, now_us: int) -> float | None:
    if run.duration_seconds is not None or run.status.final:
        return run.duration_seconds
    return max(now_us - run.started_us, 0) / 1_000_000


def _look_closer(runs: Sequence[RunRecord], screen: Screen) -> str:
    failed = next((run for run in runs if run.status.final and run.status.exit_code), runs[0])
    return next_step(f"docket logs {failed.run_id}", "shows what that run printed", screen)
