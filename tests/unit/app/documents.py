"""Checking documents against their published schemas, closed to keys that these do not name."""

from __future__ import annotations

import copy
import json
import os
from typing import Any

from jsonschema import Draft202012Validator

_DIRECTORY = os.path.join(os.path.dirname(__file__), "..", "..", "..", "schemas", "output")


def require_valid(name: str, document: Any) -> Any:
    """Return the document as a reader of its JSON gets it; AssertionError if it is wrong."""
    read = json.loads(json.dumps(document, allow_nan=False))
    errors = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message[:400]}"
        for error in Draft202012Validator(_closed(schema(name))).iter_errors(read)
    ]
    assert not errors, errors
    return read


def schema(name: str) -> dict[str, Any]:
    """Return a published schema."""
    with open(os.path.join(_DIRECTORY, f"{name}.schema.json"), encoding="utf-8") as file:
        found: dict[str, Any] = json.load(file)
    return found


def _closed(value: Any) -> Any:
    """Return the schema so that an object may have no key that it does not describe."""
    closed = copy.deepcopy(value)
    waiting = [closed]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "properties" in part and part.get("type") == "object":
                part.setdefault("additionalProperties", False)
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return closed
