"""What one task takes, as a JSON Schema: its entry in the config, and the parameters of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from docket.app.catalog.lookup import find_task, load_config
from docket.app.session.session import Session
from docket.app.text.redaction import redact, redact_text
from docket.config.schema import schema as config_schema
from docket.model.task.task import Task

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_COMMAND = "command_task"
_CLASS = "class_task"
# The words that a class's `schema` may have for a type, and JSON Schema's.
_TYPES = {
    "string": "string",
    "str": "string",
    "integer": "integer",
    "int": "integer",
    "number": "number",
    "float": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "array",
    "list": "array",
    "object": "object",
    "dict": "object",
}


def task_schema(session: Session, name: str) -> dict[str, Any]:
    """Return the JSON Schema of `{config, params}` of a task.

    Raises ConfigError, NameRefusedError, UnknownTaskError and BrokenTaskError.
    """
    task = find_task(load_config(session), name)
    config = _config(task)
    return {
        "$schema": _DIALECT,
        "title": f"What the task {task.name} takes",
        "description": redact_text(task.description),
        "type": "object",
        "properties": {"config": config, "params": _params(task)},
        "additionalProperties": False,
        "$defs": _definitions(config),
    }


def _config(task: Task) -> dict[str, Any]:
    """Return the schema of the task's entry in the config."""
    about = "The task's entry in the config."
    if task.python is None:
        return {"$ref": f"#/$defs/{_COMMAND}", "description": about}
    kind = task.raw.get("type") or task.name
    built_in = config_schema.built_in_definition(str(kind))
    known = built_in if built_in in config_schema.document()["$defs"] else _CLASS
    own = {key: _of_class(rule) for key, rule in task.schema.items() if isinstance(rule, Mapping)}
    required = [key for key, rule in task.schema.items() if _is_required(rule)]
    return {
        "description": about,
        "allOf": [
            {"$ref": f"#/$defs/{known}"},
            {"type": "object", "properties": own, "required": required},
        ],
    }


def _of_class(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Return JSON Schema's words for one key of a class's `schema`."""
    found: dict[str, Any] = {}
    kind = _TYPES.get(str(rule.get("type")))
    if kind is not None:
        found["type"] = kind
    if isinstance(rule.get("enum"), list | tuple):
        found["enum"] = list(rule["enum"])
    for key in ("description", "default"):
        if key in rule:
            found[key] = redact(rule[key])
    return found


def _is_required(rule: Any) -> bool:
    return isinstance(rule, Mapping) and rule.get("required") is True


def _params(task: Task) -> dict[str, Any]:
    return {
        "description": "What docket run --param takes.",
        "type": "object",
        "properties": {
            name: {"type": "string", "description": redact_text(text)}
            for name, text in task.inputs.items()
        },
        "additionalProperties": False,
    }


def _definitions(schema: Any) -> dict[str, Any]:
    """Return the definitions of the config's schema that a schema needs, and no other."""
    needed: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in needed:
                needed[name] = config_schema.definition(name)
                waiting.append(needed[name])
    return {name: needed[name] for name in sorted(needed)}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        target = value.get("$ref")
        if isinstance(target, str):
            yield target.removeprefix("#/$defs/")
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
