"""The published schema of the configuration: the one text that validates, documents and edits."""

from __future__ import annotations

import functools
import json
import os
from typing import Any

_PACKAGE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def path() -> str:
    """Return where the schema is on this machine."""
    return os.path.join(_PACKAGE, "schemas", "config.schema.json")


@functools.cache
def text() -> str:
    """Return the schema as it is published."""
    with open(path(), encoding="utf-8") as file:
        return file.read()


@functools.cache
def document() -> dict[str, Any]:
    """Return the schema's JSON document, which nobody may change."""
    loaded: dict[str, Any] = json.loads(text())
    return loaded


def definition(name: str) -> dict[str, Any]:
    """Return the definition `name`; KeyError if there is none."""
    found: dict[str, Any] = document()["$defs"][name]
    return found


def part(name: str) -> dict[str, Any]:
    """Return the definition `name` as a complete schema."""
    return {"$ref": f"#/$defs/{name}", "$defs": document()["$defs"]}


def top_level() -> dict[str, Any]:
    """Return the schema of the file without its tasks and defaults, which are read one by one."""
    whole = document()
    separate = {"tasks": {"type": "object"}, "defaults": {"type": "object"}}
    properties = {
        name: {**separate[name], "x-expected": schema["x-expected"]} if name in separate else schema
        for name, schema in whole["properties"].items()
    }
    return {**whole, "properties": properties}


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` with what it refers to; its own words win."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**resolve(definition(reference.removeprefix("#/$defs/"))), **schema}


def built_in_definition(kind: str) -> str:
    """Return the name of the definition that the entries of a built-in task have."""
    return kind.replace("-", "_") + "_task"


def key_names(name: str) -> tuple[str, ...]:
    """Return the keys that the definition `name` knows, or the mapping among its forms."""
    forms = definition(name)
    return tuple(
        key for form in (forms, *forms.get("anyOf", ())) for key in form.get("properties", ())
    )


@functools.cache
def inert_keys() -> dict[str, str]:
    """Return the keys that are accepted without effect, and why."""
    return {k: d["x-inert"] for k, d in document()["$defs"].items() if "x-inert" in d}
