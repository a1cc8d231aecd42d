"""Whether each part of a plan is what `Plan` says: a damaged file must break no command.

The runner does not look: it pays for this on each run, and a plan that it cannot use ends it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from docket.model.plan import Channel, Hook, Plan, PythonTarget, Source
from docket.model.struct import Struct
from docket.model.task.sandbox import Policy, Sandbox
from docket.model.time.calendar import Calendar

_LARGEST = 2**63  # what SQLite and the kernel take
_LONGEST_SECONDS = 1e12


def damaged_part(plan: Plan) -> str | None:
    """Return the name of the first part that is not of its type; None if all are."""
    part = _first_misfit(plan)
    if part is not None:
        return part
    if not all(map(_is_calendar, plan.calendars)):
        return "calendars"
    return None if all(map(_is_property, plan.service)) else "service"


def _is_text(value: Any) -> bool:
    if not isinstance(value, str) or "\0" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode(errors="surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not _is_flag(value) and -_LARGEST <= value < _LARGEST


def _is_number(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value) and abs(value) <= _LONGEST_SECONDS
    return _is_whole(value) and abs(value) <= _LONGEST_SECONDS


def _is_source(value: Source) -> bool:
    return _is_text(value.path) and all(map(_is_whole, value.identity()))


def _is_hook(value: Hook) -> bool:
    return all(map(_is_text, (value.kind, value.command, value.url, value.url_env, value.message)))


def _is_channel(value: Channel) -> bool:
    return _is_text(value.kind) and isinstance(value.options, dict)


def _first_misfit(value: Struct) -> str | None:
    own = value.__dict__
    for name, annotation in type(value).__annotations__.items():
        if not _FITS[annotation](own[name]):
            return name
    return None


def _is_whole_struct(value: Struct) -> bool:
    return _first_misfit(value) is None


def _is_python(value: PythonTarget) -> bool:
    return isinstance(value.config, dict) and all(
        map(_is_text, (value.path, value.class_name, value.module))
    )


def _is_calendar(value: Any) -> bool:
    try:
        found = Calendar.from_json(value)
    except ValueError:
        return False
    fields = (getattr(found, name) for name in Calendar.__slots__ if name != "zone")
    return all(
        field is None or (field and 0 <= min(field) <= max(field) < 10_000) for field in fields
    )


def _is_property(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_text, value[:2]))


def _is_sandbox(value: Any) -> bool:
    try:
        found = Sandbox.from_json(value)
        return all(_is_text(one) for part in found.to_json().values() for one in part)
    except (TypeError, ValueError, AttributeError):
        return False


def _is_policy(value: Any) -> bool:
    try:
        return bool(Policy.from_json(value)) or not value
    except (TypeError, ValueError, AttributeError, KeyError):
        return False


def _list_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _optional(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_text(k) and _is_text(v) for k, v in value.items())


# By the annotation in Plan and in its parts: a field of a new type has to be given its line here.
_FITS: dict[str, Callable[[Any], bool]] = {
    "str": _is_text,
    "bool": _is_flag,
    "int": _is_whole,
    "float": _is_number,
    "float | None": _optional(_is_number),
    "bool | float": lambda value: _is_flag(value) or _is_number(value),
    "list[str]": _list_of(_is_text),
    "list[int]": _list_of(_is_whole),
    "list[Any]": lambda value: isinstance(value, list),
    "dict[str, str]": _is_texts,
    "list[Source]": _list_of(_is_source),
    "list[Hook]": _list_of(_is_hook),
    "list[Channel]": _list_of(_is_channel),
    "PythonTarget | None": _optional(_is_python),
    "Notify | None": _optional(_is_whole_struct),
    "RunAs | None": _optional(_is_whole_struct),
    "dict[str, Any]": _is_sandbox,
    "dict[str, dict[str, str]]": _is_policy,
}
