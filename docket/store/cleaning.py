"""Values of rows as Docket writes them: whatever else a row holds is replaced, and named.

A database that was edited by hand, or damaged where SQLite does not notice it, must not keep the
other rows from being shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from docket.model.jsontext import DEEPEST, depth
from docket.model.records import AttemptRecord, EventRecord, HookRecord, RunRecord, RunSample
from docket.model.rows import AttemptRow, EventRow, HookRow, RunRow
from docket.model.states import RunStatus, Trigger
from docket.model.struct import Struct

SAMPLE = (
    "status",
    "error_code",
    "trigger",
    "scheduled_for",
    "started_at",
    "finished_at",
    "retry_count",
    "peak_memory_bytes",
    "output_bytes",
)
EARLIEST_US = -2_208_988_800_000_000  # 1900
LATEST_US = 253_370_764_800_000_000  # 9999: a day more has no date in some time zones
_INSTANTS = ("scheduled_for", "until", "at")
_TOO_DEEP = {"not_shown": f"nested more than {DEEPEST} levels deep"}

_Row = TypeVar("_Row", bound=Struct)


def is_instant(name: str) -> bool:
    """Whether a column of that name holds microseconds since the epoch."""
    return name.endswith("_at") or name in _INSTANTS


def run_record(values: Sequence[Any]) -> RunRecord:
    """Return the run that the columns of a row hold, in the order of RunRow."""
    known, damaged = cleaned(RunRow, values)
    status = _member(RunStatus, known.pop("status"))
    trigger = _member(Trigger, known.pop("trigger"))
    damaged += ["status"] * (status is None) + ["trigger"] * (trigger is None)
    if "finished_at" in damaged:
        known["finished_at"] = known["started_at"]
    return RunRecord(
        status=status or RunStatus.LOST,
        trigger=trigger or Trigger.UNKNOWN,
        damaged=tuple(damaged),
        **known,
    )


def run_sample(values: Sequence[Any]) -> RunSample:
    """Return a run from the columns that SAMPLE names."""
    known, _ = cleaned(RunRow, values, SAMPLE)
    return RunSample(
        _member(RunStatus, known["status"]) or RunStatus.LOST,
        known["error_code"],
        _member(Trigger, known["trigger"]) or Trigger.UNKNOWN,
        known["scheduled_for"],
        known["started_at"],
        known["finished_at"],
        known["retry_count"],
        known["peak_memory_bytes"],
        known["output_bytes"],
    )


def attempt_record(run_id: str, values: Sequence[Any]) -> AttemptRecord:
    """Return the attempt that the columns of a row hold."""
    return AttemptRecord(run_id=run_id, **cleaned(AttemptRow, values)[0])


def hook_record(run_id: str, values: Sequence[Any]) -> HookRecord:
    """Return the hook that the columns of a row hold."""
    return HookRecord(run_id=run_id, **cleaned(HookRow, values)[0])


def event_record(run_id: str, task: str, values: Sequence[Any]) -> EventRecord:
    """Return the event that the columns of a row hold; its JSON is a value here."""
    known, _ = cleaned(EventRow, values)
    try:
        known["event"] = shallow_json(known["event"])
    except ValueError:
        known["event"] = None
    return EventRecord(run_id=run_id, task=task, **known)


def cleaned_row(row: type[_Row], values: Sequence[Any]) -> _Row:
    """Return the row that the columns hold, with harmless values for what is damaged."""
    return row(**cleaned(row, values)[0])


def cleaned(
    row: type[Struct], values: Sequence[Any], names: Sequence[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Return the values by name, harmless if they are damaged, and the names of those.

    `names` says which columns the values are of, if they are not all of the row's.
    """
    known, damaged = {}, []
    for name, value in zip(names or row.FIELDS, values, strict=True):
        known[name], sound = _value(row.__annotations__[name], name, value)
        if not sound:
            damaged.append(name)
    return known, damaged


def is_sound(kind: str, name: str, value: Any) -> bool:
    """Whether a column of an annotated kind may hold a value."""
    return _value(kind, name, value)[1]


def storable(kind: str, name: str, value: Any) -> Any:
    """Return a value that a column may hold: the value itself, or a harmless one in its place."""
    shown, sound = _value(kind, name, value)
    if sound:
        return value
    return json.dumps(shown) if isinstance(shown, dict) else shown


def integer(value: Any) -> int:
    """Return a whole number as it is, and 0 for anything else."""
    return value if isinstance(value, int) else 0


def instant(value: Any) -> int | None:
    """Return an instant as it is, and None for anything that no calendar holds."""
    return value if isinstance(value, int) and EARLIEST_US <= value < LATEST_US else None


def shallow_json(text: Any) -> Any:
    """Return the value of a JSON text; ValueError if it is not one.

    A value that is nested too deeply to be walked is replaced by a note.
    """
    if not isinstance(text, str):
        raise ValueError("no text")  # noqa: TRY004  (one error for all that is no JSON)
    try:
        value = json.loads(text)
    except RecursionError:
        return dict(_TOO_DEEP)
    return dict(_TOO_DEEP) if is_deep(text) and depth(value) > DEEPEST else value


def is_deep(text: str) -> bool:
    """Whether a JSON text has brackets enough to be nested too deeply."""
    return text.count("[") + text.count("{") > DEEPEST


def _value(kind: str, name: str, value: Any) -> tuple[Any, bool]:
    """Return what a column of an annotated kind holds, and whether that is sound."""
    if value is None and kind.endswith("| None"):
        return None, True
    if kind.startswith("dict"):
        return _object(kind, value)
    if kind == "bool":
        return bool(value), isinstance(value, int)
    if kind.startswith("int"):
        sound = isinstance(value, int) and (not is_instant(name) or instant(value) is not None)
        return (value if sound else None if kind.endswith("| None") else 0), sound
    return _text(name, value)


def _text(name: str, value: Any) -> tuple[str | None, bool]:
    if isinstance(value, str):
        # A confined task can write any path there, and whoever reads the log is not confined.
        sound = name != "log_path" or value.endswith(".log")
        return (value if sound else None), sound
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value), False


def _object(kind: str, value: Any) -> tuple[Any, bool]:
    try:
        found = shallow_json(value)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return (None if kind.endswith("| None") else {}), False
    return found, found != _TOO_DEEP


_Member = TypeVar("_Member", RunStatus, Trigger)


def _member(kind: type[_Member], word: Any) -> _Member | None:
    try:
        return kind(word)
    except ValueError:
        return None
