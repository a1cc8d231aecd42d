"""Failed starts of a service, as systemd logged and remembers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docket.errors import DocketError
from docket.model.ends.systemdexits import systemd_code
from docket.model.record import Record
from docket.systemd.journalctl import JournalLine, read_unit
from docket.systemd.unitend import UnitEnd, read_unit_end

_LINES = 5000  # lines of the journal about one unit
_SECOND_US = 1_000_000
_STATUS = "status="
# "was skipped because of an unmet condition check (C=v)." in 252, "skipped, unmet condition check
# C=v" in 257; "no trigger condition checks were met" in both.
_UNMET_CHECK = "unmet condition check"
_UNMET_TRIGGERS = "no trigger condition checks were met"
_UNASSERTED = ("Assertion failed", "Starting requested but asserts failed")


class FailedStart(Record):
    """One failed start. `cause` is the cause of the fire's row."""

    at_us: int
    cause: str
    detail: str = ""  # the condition that was not met, as the unit has it


def failed_starts(
    unit: str, *, system: bool, environ: Mapping[str, str]
) -> tuple[FailedStart, ...]:
    """Return the failed starts of a service, as far as they are still known."""
    try:
        lines = read_unit(unit, system=system, environ=environ, tail=_LINES)
    except DocketError:
        lines = []
    end = read_unit_end(unit, system=system, environ=environ)
    return (*logged_starts(lines), *(remembered_starts(end) if end is not None else ()))


def logged_starts(lines: Sequence[JournalLine]) -> list[FailedStart]:
    """Return what the manager's own lines say of failed starts."""
    found = []
    for line in lines:
        text = line.message.decode("utf-8", "replace")
        cause, detail = "", ""
        if _UNMET_CHECK in text or _UNMET_TRIGGERS in text:
            cause, detail = "condition_failed", unmet_condition(text)
        elif any(words in text for words in _UNASSERTED):
            cause = "assert_failed"
        elif _STATUS in text:  # "Main process exited, code=exited, status=203/EXEC"
            cause = unit_cause(text.partition(_STATUS)[2].partition("/")[0])
        if cause:
            found.append(FailedStart(line.at_us, cause, detail))
    return found


def unmet_condition(text: str) -> str:
    """Return the condition that the manager's line says was not met; "" if it names none."""
    named = text.partition(_UNMET_CHECK)[2].strip()
    return named[1:].removesuffix(".").removesuffix(")") if named.startswith("(") else named


def remembered_starts(end: UnitEnd) -> list[FailedStart]:
    """Return what the manager remembers of the last start; its instants are whole seconds."""
    found = []
    if end.checked_us is not None and (end.condition_failed or end.assert_failed):
        cause = "condition_failed" if end.condition_failed else "assert_failed"
        found.append(FailedStart(end.checked_us + _SECOND_US // 2, cause))
    cause = unit_cause(str(end.exit_status)) if end.exited and end.result == "exit-code" else ""
    if cause and end.changed_us is not None:
        found.append(FailedStart(end.changed_us + _SECOND_US // 2, cause))
    return found


def unit_cause(status: str) -> str:
    """Return the cause for an exit code that systemd itself gives; "" for a program's own."""
    known = systemd_code(int(status)) if status.isascii() and status.isdigit() else None
    return "" if known is None else f"unit_{known[0].lower()}"
