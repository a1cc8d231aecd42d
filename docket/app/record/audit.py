"""Noting what a command changed: in the record, or at least in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import state_db
from docket.errors import ConfigError, DocketError
from docket.model.jsontext import dumps
from docket.store.orders.audit import ChangeRow, caller, write_changes
from docket.systemd.journal import CHANGE_NOT_RECORDED, send

if TYPE_CHECKING:
    from docket.app.session.session import Session

__all__ = ["ChangeRow", "note_changes"]

_MOST_IN_JOURNAL = 20
_WARNING = 4  # as syslog counts


def note_changes(session: Session, rows: Iterable[ChangeRow]) -> None:
    """Write a row for each change that was made; nothing is raised.

    Where the record cannot take them, `session.notices` gets a sentence that says so, and the
    journal gets what the rows would have said.
    """
    found = [row for row in rows if row.before != row.after]
    if not found or not session.keeps:
        return
    who = caller(session.tool)
    try:
        write_changes(_place(session), session.now_us(), who, found)
    except DocketError as error:
        session.notices.append(
            f"The change is made, and who made it is not in the record: {error.sentence}"
        )
        for row in found[:_MOST_IN_JOURNAL]:
            what = dumps({"before": row.before, "after": row.after})
            message = f"Not recorded: {row.verb} {row.task or ''} by {who.uid} ({who.tool}): {what}"
            fields: dict[str, str | int | None] = {"DOCKET_TASK": row.task}
            send(message, message_id=CHANGE_NOT_RECORDED, priority=_WARNING, fields=fields)


def _place(session: Session) -> str:
    try:
        return state_db(session)
    except ConfigError:  # a config that is just being mended says nothing
        return session.paths.state_db
