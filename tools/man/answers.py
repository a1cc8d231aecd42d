"""docket-json(7): what programs read, from the schemas of the answers and docs/errors.md."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from generated import ROOT

from man import docs
from man.frame import Page
from man.markdown import Item, entry, rendered
from man.roff import bold, inline, prose

Schema = Mapping[str, Any]


def answers_page() -> Page:
    """Return the page of the answers, the error codes and the exit codes."""
    see_also = ("docket(1)", "docket-schema(1)", "docket-mcp(1)", "docket-exec(8)")
    purpose = "what docket answers to programs: shapes, error codes, exit codes"
    return Page("docket-json", 7, purpose, _body(), see_also)


def _body() -> Iterator[str]:
    yield ".SH DESCRIPTION"
    contract = docs.section("agents.md", "The contract")
    yield from rendered(block for block in contract if isinstance(block, Item))
    yield ".PP"
    yield f"{bold('docket schema output NAME')} prints each shape as a JSON Schema."
    objects: dict[str, Schema] = {}
    yield ".SH ANSWERS"
    yield "A star marks the keys that are always there."
    for path in sorted(glob.glob(os.path.join(ROOT, "schemas", "output", "*.json"))):
        with open(path, encoding="utf-8") as file:
            schema = json.load(file)
        objects |= schema.get("$defs", {})
        yield f'.SS "{inline(os.path.basename(path).partition(".")[0])}"'
        yield from _shape(schema, f"{schema['title']}.")
    yield ".SH OBJECTS"
    yield "The objects that answers contain, by the names that are used above."
    for name, schema in sorted(objects.items()):
        yield f'.SS "{inline(name)}"'
        yield from _shape(schema, "")
    yield ".SH ERRORS"
    yield from rendered(docs.introduction("errors.md"))
    yield from rendered(docs.sections("errors.md"))


def _shape(schema: Schema, title: str) -> Iterator[str]:
    yield from prose(title) if title else ()
    keys = schema.get("properties")
    if keys is None:
        yield from prose(f"It is {_kind(schema)}.")
        return
    required = schema.get("required", ())
    for name, part in keys.items():
        star = "*" if name in required else ""
        yield from entry(
            f"{bold(name)}{star} ({inline(_kind(part))})", [prose(part.get("description", ""))]
        )


def _kind(schema: Schema) -> str:
    """Return the type of a value in words, with the name of the object where it is one."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"])
    if "const" in schema:
        return f"always `{json.dumps(schema['const'])}`"
    kinds = schema.get("type", "any value")
    words = " or ".join(
        _of(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)
    )
    if "enum" in schema:
        words += f": {', '.join(f'`{word}`' for word in schema['enum'])}"
    return words


def _of(kind: str, schema: Schema) -> str:
    if kind == "array" and schema.get("items"):
        return f"list of {_kind(schema['items'])}"
    if kind == "object" and schema.get("additionalProperties"):
        return f"object whose values are {_kind(schema['additionalProperties'])}"
    return {"array": "list"}.get(kind, kind)
