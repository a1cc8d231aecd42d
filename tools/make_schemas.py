#!/usr/bin/env python3
"""Writes schemas/output/*.schema.json: the JSON Schema of every document that a command prints.

The schemas are made from the types in docket/**/shapes.py. `tools/make_schemas.py --check` lists
the files that are stale.
"""

from __future__ import annotations

import enum
import json
import os
import re
import sys
import types
from collections.abc import Callable
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from output_documents import DOCUMENTS

from docket.errorcodes import codes_and_causes
from docket.model.jsonkinds import Rule

Schema = dict[str, Any]

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DIRECTORY = os.path.join(ROOT, "schemas", "output")
CODES = os.path.join(ROOT, "schemas", "error-codes.json")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


class Schemas:
    """Makes the schema of a type, and collects the schemas of the objects in it."""

    def __init__(self) -> None:
        self.definitions: Schema = {}

    def of(self, hint: Any) -> Schema:
        """Return the schema of a type; an object becomes a reference to its definition."""
        if hint in PLAIN:
            return {"type": PLAIN[hint]}
        if hint is Any:
            return {}
        if is_typeddict(hint):
            return self._reference(hint)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return _annotated(self.of(arguments[0]), arguments[1:])
        make = self._makers().get(origin)
        if make is None:
            raise TypeError(f"{hint!r} is not a type of a JSON document")
        return make(arguments)

    def _makers(self) -> dict[Any, Callable[[tuple[Any, ...]], Schema]]:
        return {
            NotRequired: lambda arguments: self.of(arguments[0]),
            Union: self._union,
            types.UnionType: self._union,
            Literal: _literal,
            list: lambda arguments: {"type": "array", "items": self.of(arguments[0])},
            dict: self._table,
        }

    def whole(self, hint: Any) -> Schema:
        """Return the schema of a whole document, in which the outermost object is spelled out."""
        if get_origin(hint) is Annotated:
            first, *rest = get_args(hint)
            return _annotated(self.whole(first), rest)
        return self._object(hint) if is_typeddict(hint) else self.of(hint)

    def _reference(self, hint: Any) -> Schema:
        name = _snake(hint.__name__.removesuffix("Document"))
        if name not in self.definitions:
            self.definitions[name] = {}  # the place is taken: a type may contain itself
            self.definitions[name] = self._object(hint)
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, hint: Any) -> Schema:
        keys = get_type_hints(hint, include_extras=True)
        return {
            "type": "object",
            "properties": {key: self.of(value) for key, value in keys.items()},
            "required": [key for key, value in keys.items() if get_origin(value) != NotRequired],
        }

    def _table(self, arguments: tuple[Any, ...]) -> Schema:
        values = self.of(arguments[1])
        return {"type": "object", **({"additionalProperties": values} if values else {})}

    def _union(self, members: tuple[Any, ...]) -> Schema:
        schemas = [self.of(member) for member in members]
        if all(set(schema) <= {"type"} for schema in schemas):
            return {"type": [schema["type"] for schema in schemas]}
        if len(schemas) == 2 and {"type": "null"} in schemas:
            other = next(schema for schema in schemas if schema != {"type": "null"})
            if isinstance(other.get("type"), str) and "enum" not in other:
                return {**other, "type": [other["type"], "null"]}
        return {"anyOf": schemas}


def _literal(values: tuple[Any, ...]) -> Schema:
    return {"const": values[0]} if len(values) == 1 else {"enum": list(values)}


def _annotated(schema: Schema, remarks: Any) -> Schema:
    """Return a schema with what the type is annotated with; the outer description comes first."""
    schema = dict(schema)
    for remark in remarks:
        if isinstance(remark, str):
            inner = schema.pop("description", "")
            schema["description"] = f"{remark} {inner}".strip()
        elif isinstance(remark, Rule):
            schema |= remark.keywords
        elif issubclass(remark, enum.Enum):
            schema["enum"] = [str(member) for member in remark]
    return schema


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def whole_schema(title: str, hint: Any) -> Schema:
    """Return a schema that is complete in itself: with every definition that it needs."""
    schemas = Schemas()
    schema = {"$schema": DIALECT, "title": title, **schemas.whole(hint)}
    if schemas.definitions:
        schema["$defs"] = dict(sorted(schemas.definitions.items()))
    return schema


def error_codes() -> str:
    """Return the list of error codes and causes."""
    return json.dumps([code.document() for code in codes_and_causes()], indent=2) + "\n"


def files() -> dict[str, str]:
    """Return the text of every file, by its path."""
    schemas = {
        os.path.join(DIRECTORY, f"{name}.schema.json"): json.dumps(
            whole_schema(title, hint), indent=2
        )
        + "\n"
        for name, (title, hint) in sorted(DOCUMENTS.items())
    }
    return {**schemas, CODES: error_codes()}


def main(arguments: list[str]) -> int:
    """Write the files, or with --check list those that are stale."""
    checking = "--check" in arguments
    stale = [path for path, content in files().items() if _read(path) != content]
    for path in stale:
        if not checking:
            with open(path, "w", encoding="utf-8") as file:
                file.write(files()[path])
        print(f"{os.path.basename(path)}: {'is stale' if checking else 'written'}")
    return 1 if stale and checking else 0


def _read(path: str) -> str | None:
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    sys.exit(main(sys.argv[1:]))
