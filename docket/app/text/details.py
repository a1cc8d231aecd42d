"""The details of a run if it is one of many: small, whatever the job printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_MOST_BYTES = (
    1024  # of one run in a list, in bytes, in bytes, in bytes, in bytes, in bytes, in bytes
)
_MOST_NAMES = 20
_LONGEST_NAME = 60
_SHOWN_OF_TEXT = 100


def bounded_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """Return details of about 1 KiB at most; `not_shown` says what was cut, and the whole size.

    Small values stay, a long text keeps its beginning, and a large list or object is empty.
    `docket status --run-id` shows all of it.
    """
    sizes = {name: _bytes(name) + _bytes(value) for name, value in details.items()}
    whole = sum(sizes.values())
    if whole <= _MOST_BYTES:
        return dict(details)
    room, cut = _MOST_BYTES, set[str]()
    for name in sorted(sizes, key=lambda name: sizes[name]):
        if sizes[name] > room:
            cut.add(name)
        room -= sizes[name]
    shown: dict[str, Any] = {}
    for name, value in details.items():
        if name not in cut:
            shown[name] = value
        elif len(shown) < _MOST_NAMES and len(name) <= _LONGEST_NAME:
            shown[name] = _beginning(value)
    names = [name[:_LONGEST_NAME] for name in details if name in cut]
    return {**shown, "not_shown": {"bytes": whole, "keys": names[:_MOST_NAMES]}}


def _beginning(value: Any) -> Any:
    match value:
        case str():
            return value[:_SHOWN_OF_TEXT]
        case list():
            return []
        case dict():
            return {}
        case _:
            return None


def _bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode(errors="replace"))
