"""The kinds of keys that channels have in the config, as JSON Schemas."""

from __future__ import annotations

from typing import Any

from docket.notify.channeltype import Schema

_TEXT = {"type": "string", "minLength": 1, "pattern": "\\S"}
_ADDRESS = "^https?://[^\\s/?#]+[^\\s]*$"
_VARIABLE = "^[A-Za-z_][A-Za-z0-9_.-]*$"
A_VARIABLE: Schema = {
    "type": "string",
    "pattern": _VARIABLE,
    "x-expected": "the name of an environment variable or of a credential",
}
NAME_OF_HEADER = "^[A-Za-z0-9-]{1,100}$"


def address(description: str, example: str, default: str | None = None) -> Schema:
    """Take an address of http."""
    expected = "an address that begins with https:// or http://"
    return matching(_ADDRESS, description, example, expected, default)


def variable(description: str, example: str, default: str | None = None) -> Schema:
    """Take the name of a variable or credential that holds the value."""
    return matching(_VARIABLE, description, example, A_VARIABLE["x-expected"], default)


def text(description: str, example: str, expected: str = "a name") -> Schema:
    """Take a text that is not blank."""
    return _key(_TEXT, description, example, expected)


def matching(
    pattern: str, description: str, example: str, expected: str, default: str | None = None
) -> Schema:
    """Take a text that fits a pattern."""
    return _key({"type": "string", "pattern": pattern}, description, example, expected, default)


def word(
    known: tuple[str, ...], description: str, example: str, default: str | None = None
) -> Schema:
    """Take one of a few words."""
    return _key({"type": "string", "enum": list(known)}, description, example, "", default)


def text_or_number(description: str, *examples: str | int, expected: str) -> Schema:
    """Take a text or a whole number."""
    kinds = [_TEXT, {"type": "integer"}]
    return {
        "anyOf": kinds,
        "description": description,
        "examples": list(examples),
        "x-expected": expected,
    }


def texts(description: str, example: list[str], expected: str) -> Schema:
    """Take a list of texts."""
    return _key({"type": "array", "items": _TEXT}, description, example, expected)


def headers(value: Schema, description: str, example: dict[str, str], expected: str) -> Schema:
    """Take a mapping of the names of headers to values."""
    names = {"pattern": NAME_OF_HEADER, "x-expected": "letters, digits and `-`"}
    kind = {"type": "object", "propertyNames": names, "additionalProperties": value}
    return _key(kind, description, example, expected)


def switch(default: bool, description: str) -> Schema:
    """Take true or false."""
    return {
        "type": "boolean",
        "default": default,
        "description": description,
        "examples": [not default],
    }


def _key(
    kind: dict[str, Any], description: str, example: Any, expected: str, default: str | None = None
) -> Schema:
    found = {**kind, "description": description, "examples": [example]}
    if expected:
        found["x-expected"] = expected
    return found if default is None else {**found, "default": default}
