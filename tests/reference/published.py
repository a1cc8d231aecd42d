"""Whether what a command printed is what its published schema says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.unit.app.documents import require_valid

_OTHERWISE = (
    ("run", "--async", "run-async"),
    ("install", "--list", "install-list"),
    ("install", "--diff", "install-diff"),
)


def require_published(words: Sequence[str], document: Any) -> None:
    """Check a document against the schema of the command line that printed it, or of errors."""
    verb = next(word for word in words if not word.startswith("-"))
    named = [name for first, option, name in _OTHERWISE if verb == first and option in words]
    if isinstance(document, dict) and "error_code" in document and "status" not in document:
        require_valid("error", document)
        return
    try:
        require_valid(named[0] if named else verb, document)
    except AssertionError:
        if not (isinstance(document, dict) and document.get("ok") is False):
            raise
        require_valid("error", document)
