"""The output schemas of the tools: those of the commands, in an object as the protocol wants it."""

from __future__ import annotations

import json
from typing import Any

from docket.app.text.schemafiles import output_schema

RESULT = "result"  # the key for an answer that is a list


def shape(*names: str, **more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an answer that is one of the named outputs; lists are under `result`.

    `more` are properties that the tool adds to it.
    """
    choices: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for name in names:
        schema = json.loads(output_schema(name))
        definitions |= schema.pop("$defs", {})
        del schema["$schema"], schema["title"]
        choices += _choices(schema)
    found: dict[str, Any] = {"type": "object"}
    found |= choices[0] if len(choices) == 1 else {"anyOf": choices}
    if more:
        found["properties"] = {**found.get("properties", {}), **more}
    return {**found, "$defs": definitions} if definitions else found


def enveloped(document: Any) -> dict[str, Any]:
    """Return a document as an object: a list under `result`."""
    return document if isinstance(document, dict) else {RESULT: document}


def _choices(schema: dict[str, Any]) -> list[dict[str, Any]]:
    if set(schema) == {"anyOf"}:
        return [choice for one in schema["anyOf"] for choice in _choices(one)]
    if schema.get("type") == "array":
        return [{"type": "object", "properties": {RESULT: schema}, "required": [RESULT]}]
    return [schema]
