"""The shape of a JSON document: its keys and types, and what one shape lacks of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# A shape is a sorted list of the types at one place: words for plain values, a mapping
# of shapes for objects, and {"[]": shape} for lists.
Shape = list[Any]

_WORDS = {str: "text", int: "integer", float: "number", bool: "flag", type(None): "null"}


def shape_of(value: Any) -> Shape:
    """Return the shape of a JSON value."""
    if isinstance(value, dict):
        return [{key: shape_of(part) for key, part in sorted(value.items())}]
    if isinstance(value, list):
        items: Shape = []
        for part in value:
            items = merged(items, shape_of(part))
        return [{"[]": items}]
    return [_WORDS[type(value)]]


def merged(one: Shape, other: Shape) -> Shape:
    """Return the shape of a place that may have both."""
    words = sorted({part for part in (*one, *other) if isinstance(part, str)})
    tables: list[dict[str, Any]] = []
    for part in (*one, *other):
        if isinstance(part, str):
            continue
        twin = next((t for t in tables if ("[]" in t) == ("[]" in part)), None)
        if twin is None:
            tables.append(dict(part))
        else:
            for key, shape in part.items():
                twin[key] = merged(twin[key], shape) if key in twin else shape
    return [*words, *tables]


def lacking(theirs: Shape, ours: Shape, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, what is wrong) for all that `theirs` has and `ours` has not, or otherwise."""
    for part in theirs:
        if isinstance(part, str):
            if not _has_word(part, ours):
                yield path, f"was {part}, is {_spoken(ours)}"
            continue
        is_list = "[]" in part
        twin = next((p for p in ours if isinstance(p, dict) and ("[]" in p) == is_list), None)
        if twin is None:
            yield path, f"was {'a list' if is_list else 'an object'}, is {_spoken(ours)}"
            continue
        for key, shape in part.items():
            below = f"{path}.{key}" if path else key
            if key == "[]" and not twin[key]:
                continue  # an empty list does not show what it may hold
            if key not in twin:
                yield below, "is gone"
            else:
                yield from lacking(shape, twin[key], below)


def _has_word(word: str, ours: Shape) -> bool:
    if word == "null":
        return True  # an empty place in the recorded shape may be filled
    return word in ours or (word == "number" and "integer" in ours)


def _spoken(shape: Shape) -> str:
    names = [p if isinstance(p, str) else "a list" if "[]" in p else "an object" for p in shape]
    return " or ".join(names) or "always empty"
