"""The arguments of a tool: declared once, published as JSON Schema, and checked by that."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docket.errors import UsageError
from docket.model.record import Record
from docket.model.text.nearest import nearest

_LONGEST_SHOWN = 60
_LONGEST_TEXT = 300  # names, ids and instants; the values of parameters have their own limit


class Parameter(Record):
    """One argument: its JSON Schema, and its default if it may be left out."""

    name: str
    schema: Mapping[str, Any]
    required: bool = False
    default: Any = None

    def told(self) -> dict[str, Any]:
        """Return the schema with its default, as agents see it.

        Several types are written as alternatives: some agents' models refuse a list of types.
        """
        found = dict(self.schema)
        if not isinstance(found["type"], str):
            about = {"description": found.pop("description")}
            kind, *rest = found.pop("type")
            found = {"anyOf": [{"type": kind, **found}, *({"type": one} for one in rest)], **about}
        return found if self.required else {**found, "default": self.default}


def text(name: str, description: str) -> Parameter:
    """Take a text that must be given."""
    schema = {"type": "string", "maxLength": _LONGEST_TEXT, "description": description}
    return Parameter(name, schema, required=True)


def maybe_text(name: str, description: str) -> Parameter:
    """Take a text or null."""
    schema = {"type": ["string", "null"], "maxLength": _LONGEST_TEXT, "description": description}
    return Parameter(name, schema)


def flag(name: str, description: str) -> Parameter:
    """Take true or false; false if it is left out."""
    return Parameter(name, {"type": "boolean", "description": description}, default=False)


def whole(name: str, description: str, default: int | None, least: int, most: int) -> Parameter:
    """Take a whole number within bounds; null too if that is the default."""
    kind = "integer" if default is not None else ["integer", "null"]
    schema = {"type": kind, "minimum": least, "maximum": most, "description": description}
    return Parameter(name, schema, default=default)


def seconds(name: str, description: str, default: float | None) -> Parameter:
    """Take a number of seconds; null too if that is the default."""
    kind = "number" if default is not None else ["number", "null"]
    return Parameter(name, {"type": kind, "minimum": 0, "description": description}, False, default)


def words(name: str, description: str, known: Sequence[str]) -> Parameter:
    """Take a list of words out of a closed set, or null."""
    items = {"type": "string", "enum": list(known)}
    kind = ["array", "null"]
    return Parameter(name, {"type": kind, "items": items, "description": description})


def command(name: str, description: str, *, required: bool) -> Parameter:
    """Take a program and its arguments, or null unless it must be given."""
    items = {"type": "string", "maxLength": _LONGEST_TEXT}
    kind = "array" if required else ["array", "null"]
    schema = {"type": kind, "items": items, "minItems": 1, "description": description}
    return Parameter(name, schema, required=required)


def table(name: str, description: str) -> Parameter:
    """Take an object whose values are texts, or null."""
    values = {"type": "string"}
    kind = ["object", "null"]
    return Parameter(
        name, {"type": kind, "additionalProperties": values, "description": description}
    )


def anything(name: str, description: str) -> Parameter:
    """Take any value that must be given."""
    kinds = ["string", "number", "boolean", "object", "array", "null"]
    return Parameter(name, {"type": kinds, "description": description}, required=True)


def word(name: str, description: str, known: Sequence[str], default: str) -> Parameter:
    """Take one word out of a closed set."""
    schema = {"type": "string", "enum": list(known), "description": description}
    return Parameter(name, schema, default=default)


def input_schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """Return the JSON Schema of a tool's arguments."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: parameter.told() for parameter in parameters},
        "additionalProperties": False,
    }
    required = [parameter.name for parameter in parameters if parameter.required]
    return {**schema, "required": required} if required else schema


def checked(tool: str, parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every argument, given or by default; UsageError for the first that is wrong."""
    known = [parameter.name for parameter in parameters]
    for name in given:
        if name not in known:
            raise _unknown(tool, name, known)
    found = {}
    for parameter in parameters:
        if parameter.name in given:
            value = found[parameter.name] = given[parameter.name]
            for complaint in _complaints(parameter.schema, value):
                raise UsageError(
                    f"The argument {parameter.name} of {tool} {complaint}.",
                    hint=str(parameter.schema["description"]),
                )
        elif parameter.required:
            raise UsageError(f"{tool} needs the argument {parameter.name}.", hint=_takes(known))
        else:
            found[parameter.name] = parameter.default
    return found


def _complaints(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    """Yield what is wrong with a value, in words; what the schema says is the one rule."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  (only if it is needed)

    if isinstance(value, float) and not math.isfinite(value):  # JSON has no such number
        yield f"must be {_one_of(_kinds(schema))}, not {_shown(value)}"
        return
    for error in sorted(Draft202012Validator(schema).iter_errors(value), key=lambda e: e.path):
        where = "".join(f"{_shown(step)}: " for step in error.path if isinstance(step, str))
        yield where + _complaint(error.validator, error.schema, error.instance)


def _complaint(rule: str, schema: Mapping[str, Any], value: Any) -> str:
    match rule:
        case "type":
            return f"must be {_one_of(_kinds(schema))}, not {_shown(value)}"
        case "enum":
            return f"must be one of {', '.join(schema['enum'])}, not {_shown(value)}"
        case "maxLength":
            return f"must have at most {schema['maxLength']} characters, and has {len(value)}"
        case "minItems":
            return "must not be empty"
        case "minimum" | "maximum":
            most = schema.get("maximum")
            bounds = f"at least {schema['minimum']}" + (f" and at most {most}" if most else "")
            return f"must be {bounds}, not {_shown(value)}"
        case _:
            return f"does not fit its schema ({rule})"


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema["type"]
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _one_of(kinds: Sequence[str]) -> str:
    shown = ["null" if kind == "null" else f"{_article(kind)} {kind}" for kind in kinds]
    return " or ".join(shown)


def _article(kind: str) -> str:
    return "an" if kind[0] in "aeio" else "a"


def _shown(value: Any) -> str:
    found = repr(value)
    return found if len(found) <= _LONGEST_SHOWN else found[:_LONGEST_SHOWN] + "..."


def _unknown(tool: str, name: str, known: Sequence[str]) -> UsageError:
    near = nearest(name, known)
    hint = f"Did you mean {near!r}?" if near else _takes(known)
    return UsageError(f"{tool} has no argument {_shown(name)}.", hint=hint)


def _takes(known: Sequence[str]) -> str:
    return f"It takes: {', '.join(known)}." if known else "It takes no arguments."
