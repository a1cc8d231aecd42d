"""The JSON form of an answer: as text that every parser takes, or as the values that it holds."""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeVar

Document = TypeVar("Document")
_COMPACT: dict[str, Any] = {"separators": (",", ":")}
_INDENTED: dict[str, Any] = {"indent": 2}
_LONE = "[\ud800-\udfff]"


def document_text(document: Any, *, indented: bool = False) -> str:
    """Return `document` as JSON text that every parser takes: on one line, or `indented`.

    Bytes that were not text (file names) are written as escapes, what JSON has no number for as
    null, and what it has no form for as text.
    """
    try:
        text = json.dumps(document, allow_nan=False, **(_INDENTED if indented else _COMPACT))
        if "\\ud" not in text:
            return text
    except (ValueError, TypeError):
        pass  # JSON has no form for some value: the slower way below handles it
    except RecursionError:
        return json.dumps(document, default=str)  # the C encoder goes deeper, on one line
    return json.dumps(_representable(document), **(_INDENTED if indented else _COMPACT))


def compact(document: Any) -> str:
    """Return `document` as one line of JSON."""
    return document_text(document)


def plain(document: Document) -> Document:
    """Return what a reader of the JSON text gets: plain values that nobody else holds."""
    try:
        read: Document = json.loads(compact(document))
    except RecursionError:  # a task may print a value that is nested too deeply for JSON readers
        return document
    return read


def _representable(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(_LONE, _as_bytes, value)
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {_representable(str(key)): _representable(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_representable(part) for part in value]
    return _representable(str(value))


def _as_bytes(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
