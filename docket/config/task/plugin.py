"""The configuration that the class of a drop-in task demands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from docket.config.task.entry import TaskEntry
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Node, Path, Scalar, Section, Sequence
from docket.model.task.taskclass import TaskClass

# Keys with the same meaning for every task since the older program; a class cannot redefine them.
SHARED = frozenset(
    {
        "agent_notes",
        "backoff_base",
        "depends_on",
        "description",
        "destructive",
        "docket_bin",
        "inputs",
        "network",
        "notify",
        "on_complete",
        "on_failure",
        "on_success",
        "outputs",
        "required_env",
        "retry",
        "schedule",
    }
)

_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "str": (str,),
    "integer": (int,),
    "int": (int,),
    "number": _NUMBER,
    "float": _NUMBER,
    "boolean": (bool,),
    "bool": (bool,),
    "array": (list,),
    "list": (list,),
    "object": (dict,),
    "dict": (dict,),
}


def own_keys(drop_in: TaskClass) -> frozenset[str]:
    """Return the keys that belong to the task itself, although Docket has one of that name."""
    return (frozenset(drop_in.schema) | frozenset(drop_in.inputs)) - SHARED


def check_schema(entry: TaskEntry, drop_in: TaskClass) -> None:
    """Note where the configuration is not what the class's `schema` asks for."""
    config = entry.own.plain()
    for key, rule in drop_in.schema.items():
        if not isinstance(rule, Mapping):
            entry.problem(
                (), f"Task '{entry.name}' schema for '{key}' must be a mapping", code=Code.BROKEN
            )
        elif key in config:
            _check_value(entry, key, rule, config[key])
        elif rule.get("required"):
            entry.problem(
                (),
                f"Task '{entry.name}' missing required config key '{key}'",
                expected=_expected(rule),
                code=Code.MISSING_KEY,
            )


def check_storable(entry: TaskEntry) -> None:
    """Note numbers that have no form in a plan."""
    _walk(entry, entry.own, ())


def _walk(entry: TaskEntry, node: Node, path: Path) -> None:
    if isinstance(node, Section):
        for key, child in node.entries.items():
            _walk(entry, child, (*path, key))
    elif isinstance(node, Sequence):
        for index, child in enumerate(node.items):
            _walk(entry, child, (*path, index))
    elif isinstance(node, Scalar) and isinstance(node.value, float) and math.isinf(node.value):
        entry.problem(path, "an endless number cannot be handed to a task", hint="put it in quotes")


def _check_value(entry: TaskEntry, key: str, rule: Mapping[str, Any], value: Any) -> None:
    kind = rule.get("type")
    if isinstance(kind, str) and kind in _TYPES and not _fits(value, kind):
        node = entry.node(key)
        quoted = "string" in kind or kind == "str"
        trap = quoted and isinstance(node, Scalar) and not isinstance(value, str)
        entry.problem(
            (key,),
            f"Task '{entry.name}' config key '{key}' must be {kind}",
            expected=kind,
            hint="put it in quotes" if trap else None,
        )
        return
    allowed = rule.get("enum")
    if isinstance(allowed, list | tuple) and value not in allowed:
        words = ", ".join(str(word) for word in allowed)
        entry.problem(
            (key,),
            f"Task '{entry.name}' config key '{key}' must be one of: {words}",
            expected=f"one of: {words}",
        )


def _fits(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and bool not in _TYPES[kind]:
        return False
    return isinstance(value, _TYPES[kind])


def _expected(rule: Mapping[str, Any]) -> str | None:
    kind = rule.get("type")
    return kind if isinstance(kind, str) else None
