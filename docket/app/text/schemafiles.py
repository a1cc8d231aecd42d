"""The published JSON Schemas and the table of error codes: where they lie, what prints them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from docket.errors import UsageError
from docket.model.record import Record
from docket.model.text.nearest import nearest

if TYPE_CHECKING:
    from docket.app.text.shapes import SchemaReferenceDocument
    from docket.model.shapes import ErrorCodeDocument

_ROOT = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "schemas"
)
_OUTPUTS = os.path.join(_ROOT, "output")
_CODES = os.path.join(_ROOT, "error-codes.json")
_SUFFIX = ".schema.json"


class ErrorCode(Record):
    """One stable word for what went wrong, or for why a run ended as it did."""

    code: str
    meaning: str
    what_to_do: str

    def document(self) -> ErrorCodeDocument:
        """Return the code as a JSON object."""
        return {"code": self.code, "meaning": self.meaning, "what_to_do": self.what_to_do}


def output_names() -> list[str]:
    """Return the names of the answers that have a schema."""
    try:
        files = os.listdir(_OUTPUTS)
    except OSError:
        return []
    return sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))


def output_schema(name: str) -> str:
    """Return the text of one schema; UsageError, with the nearest name, where there is none."""
    names = output_names()
    if name not in names:
        raise no_schema("output", name, names)
    with open(_path(name), encoding="utf-8") as file:
        return file.read()


def no_schema(kind: str, name: str, names: list[str]) -> UsageError:
    """Return the error for a name that no schema of a kind has."""
    near = nearest(name, names)
    hint = f"did you mean {near}?" if near else f"the names are: {', '.join(names)}"
    return UsageError(f"There is no schema of the {kind} {name!r}.", hint=hint)


def error_codes() -> tuple[ErrorCode, ...]:
    """Return every code, in the order of docs/errors.md."""
    with open(_CODES, encoding="utf-8") as file:
        return tuple(ErrorCode(**row) for row in json.load(file))


def reference(kind: str, name: str) -> SchemaReferenceDocument | None:
    """Return how to get the schema of a name: by a command, and where it lies; None for no name.

    Those of inputs are made when they are asked for, so they lie nowhere.
    """
    if not name:
        return None
    return {
        "name": name,
        "command": f"docket schema {kind} {name}",
        "path": _path(name) if kind == "output" else None,
    }


def _path(name: str) -> str:
    return os.path.join(_OUTPUTS, name + _SUFFIX)
