"""The facts of a JSON document, and which of them a text does not show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from docket.cli.render.layout.times import from_iso, relative
from docket.model.time.humantime import duration, local

_NAMES = re.compile(
    r"[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}|docket-\w+\.(?:timer|service)|/\S+\.(?:log|yaml|db)"
)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of a document with its path, in which lists have no part."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part, path)
    else:
        yield path, value


def forms_of(value: Any, now_us: int) -> list[str]:
    """Return the ways in which a text may show a value."""
    if isinstance(value, str):
        at_us = from_iso(value)
        if at_us is None:
            return [value, value.replace("_", " "), " ".join(value.split())]
        return [local(at_us), local(at_us, seconds=False), relative(at_us, now_us), value]
    return [str(value), duration(float(value))]


def unshown(document: Any, text: str, now_us: int) -> dict[str, Any]:
    """Return the facts of a document that its text does not show, by path."""
    plain = " ".join(text.split())
    missing: dict[str, Any] = {}
    for path, value in leaves(document):
        if value in (None, "", False, True):
            continue
        if not any(form in plain for form in forms_of(value, now_us)):
            missing[path] = value
    return missing


def names_in(text: str) -> set[str]:
    """Return the runs, units and files that a text names."""
    return {name.rstrip(".:") for name in _NAMES.findall(text)}
