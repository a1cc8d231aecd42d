"""How changes look for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from docket.app.history.audit import AuditList
from docket.app.text.jsonform import compact
from docket.cli.render.layout.plain import exact
from docket.cli.render.layout.screen import Screen
from docket.cli.render.layout.table import Column, Row, TextTable
from docket.model.time.humantime import local

if TYPE_CHECKING:
    from docket.app.history.shapes import AuditDocument


def audit_text(found: AuditList, screen: Screen) -> str:
    """Return one line for each change, and below it what was before and what is after."""
    documents = found.document()
    if not documents:
        return "No change is recorded."
    columns = [Column("WHEN"), Column("WHO"), Column("BY"), Column("WHAT"), Column("TASK")]
    rows = [
        Row(
            [local(row.at_us), _who(document), row.tool or "-", row.verb, row.task or "-"],
            note="; ".join(_change(document["before"], document["after"])),
        )
        for row, document in zip(found.rows, documents, strict=True)
    ]
    return TextTable(columns, rows, note_title="CHANGE").text(screen)


def _who(document: AuditDocument) -> str:
    name = exact(document["user"] or document["uid"])
    login = document["login_uid"]
    if login is None or login == document["uid"]:
        return name
    return f"{name} (login {exact(document['login_user'] or login)})"


def _change(before: Any, after: Any) -> Iterator[str]:
    """Yield what differs, key by key."""
    old, new = before or {}, after or {}
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) == new.get(key):
            yield f"{key} {_shown(new[key])}"
        elif key not in old:
            yield f"{key}: {_shown(new[key])}"
        else:
            yield f"{key}: {_shown(old[key])} -> {_shown(new.get(key))}"


def _shown(value: Any) -> str:
    return exact(value if isinstance(value, str) else compact(value))
