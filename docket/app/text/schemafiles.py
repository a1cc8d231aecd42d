"""The published JSON Schemas: where they are, and what prints them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from docket.errors import UsageError
from docket.model.text.nearest import nearest

if TYPE_CHECKING:
    from docket.app.text.shapes import SchemaReferenceDocument

_ROOT = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "schemas"
)
_OUTPUTS = os.path.join(_ROOT, "output")
_SUFFIX = ".schema.json"


def output_names() -> list[str]:
    """Return the names of the answers that have a schema."""
    try:
        files = os.listdir(_OUTPUTS)
    except OSError:
        return []
    return sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))


def output_schema(name: str) -> str:
    """Return the text of one schema; UsageError, with the nearest name, if there is none."""
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


def reference(kind: str, name: str) -> SchemaReferenceDocument | None:
    """Return how to get the schema of a name: by a command, and where it is; None for no name.

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
