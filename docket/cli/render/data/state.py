"""How the state of tasks looks for people and shells."""

from __future__ import annotations

from docket.app.data.state import EntriesChanged, Kept, KeptList, Where
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Screen
from docket.cli.render.layout.table import Column, Row, TextTable
from docket.model.time.humantime import local

_WIDEST_VALUE = 20


def kept_text(kept: Kept) -> str:
    """Return the value only, as a shell wants it: text without quotes, all else as JSON."""
    return kept.shown


def set_text(kept: Kept, screen: Screen) -> str:
    """Return what is kept now, and until when."""
    del screen
    entry = kept.entry
    until = f" until {local(entry.expires_at)}" if entry and entry.expires_at else ""
    version = entry.version if entry else 0
    return f"{_name(kept.where, kept.key)} is {_value(kept)}{until} (version {version})"


def list_text(found: KeptList, screen: Screen) -> str:
    """Return a line for each value."""
    if not found.kept:
        return f"Nothing is kept in {_place(found.where)}."
    columns = [
        Column("KEY"),
        Column("VALUE", shrink=_WIDEST_VALUE),
        Column("VERSION", right=True),
        Column("SET"),
        Column("ENDS"),
    ]
    rows = [
        Row(
            [
                exact(kept.key),
                _value(kept),
                str(entry.version),
                local(entry.changed_at),
                local(entry.expires_at) if entry.expires_at else "-",
            ]
        )
        for kept in found.kept
        if (entry := kept.entry) is not None
    ]
    return TextTable(columns, rows).text(screen)


def changed_text(changed: EntriesChanged) -> str:
    """Return what was done, or the answer to a question."""
    where = _place(changed.where)
    name = _name(changed.where, changed.key or "")
    match changed.action:
        case "count":
            return f"{changed.count} in {where}"
        case "prune":
            return f"Removed {changed.count} from {where}."
        case "delete":
            return f"Removed {name}." if changed.count else f"There was no {name}."
        case "has":
            return f"{name} is kept." if changed.ok else f"{name} is not kept."
        case _:
            return f"{name} is new." if changed.ok else f"{name} is kept already; it stays."


def _value(kept: Kept) -> str:
    return exact(one_line(kept.shown))


def _name(where: Where, key: str) -> str:
    return f"{exact(key)} in {_place(where)}"


def _place(where: Where) -> str:
    if where.collection is None:
        return f"the state of {exact(where.namespace)}"
    return f"{exact(where.collection)} of {exact(where.namespace)}"
