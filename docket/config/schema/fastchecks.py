"""The schema compiled into plain checks that only separate valid from invalid, fast.

jsonschema takes milliseconds for one task, and loading it takes longer than reading a whole file.
So a value is first shown to these checks; only what they do not recognise goes to jsonschema, which
decides. A keyword that is unknown here is refused when the schema is compiled, and a property test
holds both against each other.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from docket.config.schema import schema as schemas

Check: TypeAlias = Callable[[Any], bool]

_SILENT = frozenset({"$defs", "$schema", "title", "description", "default", "examples"})
_HANDLED_ELSEWHERE = frozenset({"then", "else"})


@functools.cache
def recogniser(name: str) -> Check:
    """Return the check of the schema's definition `name`."""
    return compile_check(schemas.definition(name))


@functools.cache
def top_level() -> Check:
    """Return the check of the file without its tasks and defaults."""
    return compile_check(schemas.top_level())


def compile_check(schema: dict[str, Any]) -> Check:
    """Return a function that is true for the values which `schema` allows; raise KeyError."""
    checks: list[Check] = []
    for keyword, argument in schema.items():
        if keyword in _SILENT or keyword in _HANDLED_ELSEWHERE or keyword.startswith("x-"):
            continue
        checks += _KEYWORDS[keyword](argument, schema)
    if len(checks) == 1:
        return checks[0]
    return lambda value: all(check(value) for check in checks)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value) and value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


_TYPES: dict[str, Check] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "number": _is_number,
    "integer": _is_integer,
}


def _type(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    if isinstance(argument, str):
        return [_TYPES[argument]]
    checks = [_TYPES[name] for name in argument]
    return [lambda value: any(check(value) for check in checks)]


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _enum(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: any(_same(value, allowed) for allowed in argument)]


def _const(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: _same(value, argument)]


def _minimum(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: not _is_number(value) or not value < argument]


def _maximum(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: not _is_number(value) or not value > argument]


def _exclusive_minimum(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: not _is_number(value) or not value <= argument]


def _min_length(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: not isinstance(value, str) or len(value) >= argument]


def _pattern(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    search = re.compile(argument).search
    return [lambda value: not isinstance(value, str) or search(value) is not None]


def _items(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    check = compile_check(argument)
    return [lambda value: not isinstance(value, list) or all(check(item) for item in value)]


def _min_items(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: not isinstance(value, list) or len(value) >= argument]


def _min_properties(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: not isinstance(value, dict) or len(value) >= argument]


def _max_properties(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [lambda value: not isinstance(value, dict) or len(value) <= argument]


def _required(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    needed = frozenset(argument)
    return [lambda value: not isinstance(value, dict) or needed <= value.keys()]


def _property_names(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    check = compile_check(argument)
    return [lambda value: not isinstance(value, dict) or all(check(name) for name in value)]


def _any_of(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    checks = [compile_check(branch) for branch in argument]
    return [lambda value: any(check(value) for check in checks)]


def _if(argument: Any, schema: dict[str, Any]) -> list[Check]:
    condition = compile_check(argument)
    then, otherwise = compile_check(schema.get("then", {})), compile_check(schema.get("else", {}))
    return [lambda value: then(value) if condition(value) else otherwise(value)]


def _ref(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    return [recogniser(argument.removeprefix("#/$defs/"))]


def _properties(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    checks = {name: compile_check(schema) for name, schema in argument.items()}

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(checks[name](part) for name, part in value.items() if name in checks)

    return [check]


def _pattern_properties(argument: Any, _schema: dict[str, Any]) -> list[Check]:
    checks = [
        (re.compile(pattern).search, compile_check(part)) for pattern, part in argument.items()
    ]

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        return all(c(part) for name, part in value.items() for p, c in checks if p(name))

    return [check]


def _additional(argument: Any, schema: dict[str, Any]) -> list[Check]:
    known = frozenset(schema.get("properties", ()))
    patterns = [re.compile(pattern).search for pattern in schema.get("patternProperties", ())]
    allowed = None if argument is False else compile_check(argument)

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        others = [n for n in value if n not in known and not any(p(n) for p in patterns)]
        if allowed is None:
            return not others
        return all(allowed(value[name]) for name in others)

    return [check]


_KEYWORDS: dict[str, Callable[[Any, dict[str, Any]], list[Check]]] = {
    "$ref": _ref,
    "additionalProperties": _additional,
    "anyOf": _any_of,
    "const": _const,
    "enum": _enum,
    "exclusiveMinimum": _exclusive_minimum,
    "if": _if,
    "items": _items,
    "maxProperties": _max_properties,
    "maximum": _maximum,
    "minItems": _min_items,
    "minLength": _min_length,
    "minProperties": _min_properties,
    "minimum": _minimum,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "properties": _properties,
    "propertyNames": _property_names,
    "required": _required,
    "type": _type,
}
