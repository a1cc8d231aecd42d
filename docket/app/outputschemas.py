"""The published JSON Schemas of what the commands answer."""

from __future__ import annotations

import difflib
import os

from docket.errors import UsageError

_DIRECTORY = os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "schemas", "output"
)
_SUFFIX = ".schema.json"


def output_names() -> list[str]:
    """Return the names of the answers that have a schema."""
    try:
        files = os.listdir(_DIRECTORY)
    except OSError:
        return []
    return sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX))


def output_schema(name: str) -> str:
    """Return the text of one schema; UsageError, with the nearest name, where there is none."""
    names = output_names()
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the names are: {', '.join(names)}"
        raise UsageError(f"There is no schema of the output {name!r}.", hint=hint)
    with open(os.path.join(_DIRECTORY, name + _SUFFIX), encoding="utf-8") as file:
        return file.read()
