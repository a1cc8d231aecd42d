"""A change of a file that somebody wrote, for the audit: by the hashes of its contents."""

from __future__ import annotations

from docket.app.record.audit import ChangeRow
from docket.model.sha256 import sha256_hex

_SHOWN = 12  # characters of a hash


def file_change(
    verb: str, task: str | None, path: str, before: bytes | None, after: bytes | None
) -> ChangeRow:
    """Return the change of a file; its contents may hold a secret, so they are not in it."""
    return ChangeRow(verb, task, _said(path, before), _said(path, after))


def _said(path: str, data: bytes | None) -> dict[str, str] | None:
    return None if data is None else {"file": path, "sha256": sha256_hex(data)[:_SHOWN]}
