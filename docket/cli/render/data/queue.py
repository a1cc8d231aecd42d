"""How queues look for people and shells."""

from __future__ import annotations

from docket.app.data.queues import ItemList, PushReport, QueueChanged, StatsList, payload_shown
from docket.app.text.jsonform import compact
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.model.time.humantime import local

_WIDEST_PAYLOAD = 20
_INKS = {"claimed": Ink.BUSY, "done": Ink.GOOD, "dead": Ink.BAD}


def pushed_text(report: PushReport) -> str:
    """Return how many items were added."""
    if report.pushed + report.duplicates == 1:
        number = report.first[0].id
        word = "was there already" if report.duplicates else "pushed"
        return f"item {number} {word} in the queue {report.queue}"
    more = f", {report.duplicates} were there already" if report.duplicates else ""
    return f"{report.pushed} items pushed into the queue {report.queue}{more}"


def claimed_text(claimed: ItemList) -> str:
    """Return each item as a line of JSON, for a pipe."""
    return "\n".join(compact(document) for document in claimed.document())


def items_text(queue: str, found: ItemList, screen: Screen) -> str:
    """Return a line for each item."""
    if not found.items:
        return f"No such item is in the queue {exact(queue)}."
    columns = [
        Column("ID", right=True),
        Column("STATE"),
        Column("PRIO", right=True),
        Column("TRIES", right=True),
        Column("PUSHED"),
        Column("UNTIL"),
        Column("PAYLOAD", shrink=_WIDEST_PAYLOAD),
    ]
    rows = []
    for item in found.items:
        until = item.lease_until if item.state == "claimed" else item.not_before
        key = [f"key {exact(item.key)}"] if item.key is not None else []
        rows.append(
            Row(
                [
                    str(item.id),
                    Cell(item.state, _INKS.get(item.state)),
                    str(item.priority),
                    f"{item.attempts}/{item.max_attempts}",
                    local(item.created_at),
                    local(until) if until and item.state in ("claimed", "delayed") else "-",
                    exact(one_line(payload_shown(item))),
                ],
                note="; ".join([*key, *([exact(one_line(item.error))] if item.error else [])]),
            )
        )
    return TextTable(columns, rows, note_title="KEY, ERROR").text(screen)


def stats_text(figures: StatsList, screen: Screen) -> str:
    """Return a line for each queue."""
    if not figures.queues:
        return "No queue holds anything."
    names = ("waiting", "delayed", "claimed", "done", "dead")
    columns = [
        Column("QUEUE"),
        *(Column(name.upper(), right=True) for name in names),
        Column("OLDEST"),
    ]
    rows = [
        Row(
            [
                one.queue,
                *(str(one.counts[name]) for name in names),
                local(one.oldest_at) if one.oldest_at else "-",
            ]
        )
        for one in figures.queues
    ]
    return TextTable(columns, rows).text(screen)


def settled_text(settled: ItemList, screen: Screen) -> str:
    """Return where an item is now."""
    item = settled.items[0]
    words = f"item {item.id} of the queue {item.queue} is {item.state}"
    until = item.lease_until if item.state == "claimed" else item.not_before
    if until is not None:
        words += f" until {local(until)}"
    words += f" (attempt {item.attempts} of {item.max_attempts})"
    if item.state != "dead":
        return words
    again = next_step(f"docket queue retry {item.queue} {item.id}", "lets it wait again", screen)
    return f"{words}\n{again}"


def queue_changed_text(changed: QueueChanged) -> str:
    """Return how many items were changed."""
    word = "removed from" if changed.action == "purge" else "wait again in"
    return f"{changed.count} items {word} the queue {changed.queue}"
