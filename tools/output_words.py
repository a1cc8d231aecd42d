"""The words that the shapes of documents are written in."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def number(description: str, **more: Any) -> Schema:
    return {"type": "number", "description": description, **more}


def count(description: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": description}


def flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def instant(description: str) -> Schema:
    return text(f"{description} ISO 8601, UTC, microseconds.", format="date-time")


def or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def words(description: str) -> Schema:
    return {"type": "array", "items": {"type": "string"}, "description": description}


def table(description: str, values: Schema | None = None) -> Schema:
    schema: Schema = {"type": "object", "description": description}
    return {**schema, "additionalProperties": values} if values is not None else schema


def rows(name: str, description: str) -> Schema:
    return {"type": "array", "items": ref(name), "description": description}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def record(properties: Schema, optional: tuple[str, ...] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}
