"""Values of `docket.model` to JSON and back: records, enums, tuples, mappings.

Text, numbers, booleans and None are kept as they are; everything else is a list that begins with
its kind. Only the classes below come back, so that a file can ask for nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from docket.model.ends.exitmeaning import ExitMeaning
from docket.model.record import Record
from docket.model.states import OutputFormat, Overlap
from docket.model.task import task as tasks
from docket.model.task.sandbox import Floor, Network, Profile
from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.model.time.period import Period

_RECORDS: dict[str, type[Record]] = {
    name: kind
    for name, kind in (*vars(tasks).items(), ("ScheduleSpec", ScheduleSpec), ("Floor", Floor))
    if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
}
_ENUMS: dict[str, type[StrEnum]] = {
    enum.__name__: enum
    for enum in (ExitMeaning, Network, OutputFormat, Overlap, Period, Profile, ScheduleKind)
}
_LISTS: dict[str, type[list[Any] | tuple[Any, ...]]] = {"list": list, "tuple": tuple}
_PLAIN = (str, int, float, bool, type(None))


def pack(value: Any) -> Any:
    """Return `value` as JSON holds it; ValueError if it holds something of another kind."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is tuple or kind is list:
        return [kind.__name__, *map(pack, value)]
    if isinstance(value, Mapping):
        return ["mapping", *([pack(key), pack(part)] for key, part in value.items())]
    if isinstance(value, StrEnum) and kind.__name__ in _ENUMS:
        return ["enum", kind.__name__, value.value]
    if isinstance(value, Record) and kind.__name__ in _RECORDS:
        return ["record", kind.__name__, *map(pack, value.to_dict().values())]
    raise ValueError(f"no value of a config: {kind.__name__}")


def unpack(packed: Any) -> Any:
    """Return the value that `pack` packed; ValueError for anything else."""
    if not isinstance(packed, list):
        return packed
    try:
        kind, *parts = packed
        if kind == "mapping":
            return {unpack(key): unpack(part) for key, part in parts}
        if kind == "enum":
            name, value = parts
            return _ENUMS[name](value)
        values = [unpack(part) if isinstance(part, list) else part for part in parts]
        return _RECORDS[values[0]](*values[1:]) if kind == "record" else _LISTS[kind](values)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not packed here: {error}") from None
