"""`docket audit`: who changed what, and when."""

from __future__ import annotations

import pwd
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import refuse_unsafe_name
from docket.app.record.opening import checked_limit, open_record
from docket.app.session.session import Session
from docket.app.text.documents import iso
from docket.app.text.redaction import redact
from docket.model.record import Record
from docket.model.records import AuditRecord

if TYPE_CHECKING:
    from docket.app.history.shapes import AuditDocument


class AuditList(Record):
    """Changes, newest first."""

    rows: tuple[AuditRecord, ...]

    def document(self) -> list[AuditDocument]:
        """Return the changes as `docket audit --json` prints them."""
        return [_document(row) for row in self.rows]


def audit(
    session: Session, task: str | None = None, limit: int = 20, since_us: int | None = None
) -> AuditList:
    """Return the newest changes, at most `limit`: of one task, since an instant. StoreError."""
    checked = checked_limit(limit)
    if task is not None:
        refuse_unsafe_name(task)
    with open_record(session) as reader:
        return AuditList(tuple(reader.audit(task, since_us, checked)))


def user_name(uid: int | None) -> str | None:
    """Return the name of a user; None if the machine has none of that number."""
    try:
        return None if uid is None else pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return None


def _document(row: AuditRecord) -> AuditDocument:
    return {
        "at": iso(row.at_us),
        "verb": row.verb,
        "task": row.task,
        "uid": row.uid,
        "user": user_name(row.uid),
        "login_uid": row.login_uid,
        "login_user": user_name(row.login_uid),
        "tool": row.tool or None,
        "before": redact(row.before),
        "after": redact(row.after),
    }
