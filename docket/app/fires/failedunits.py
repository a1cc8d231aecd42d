"""Services that failed before there was a run: the record has no row of it, the manager knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from docket.app.session.ports import UnitDetail, UnitState
from docket.app.session.session import Session
from docket.errors import BusError
from docket.model.ends.systemdexits import systemd_code
from docket.model.record import Record
from docket.store.reader import Reader

if TYPE_CHECKING:
    from docket.app.fires.shapes import FailedUnitDocument

_START_LIMIT = "start-limit-hit"
# What mends it, by the name that systemd gives to its own exit codes; the rest is in the journal.
_MENDED_BY = {
    "EXEC": "docket install",  # the program was moved: the unit is written for this Docket
    "CREDENTIALS": "docket check",  # this command names the missing file
    "CHDIR": "docket check",
}


class FailedUnit(Record):
    """A service that failed and has no run; `command` mends it, or shows what has to be mended."""

    unit: str
    sentence: str
    command: str

    def document(self) -> FailedUnitDocument:
        """Return it as a JSON object."""
        return {"unit": self.unit, "sentence": self.sentence, "command": self.command}


def failed_unit(
    session: Session, reader: Reader, task: str, unit: str, states: Mapping[str, UnitState] | None
) -> FailedUnit | None:
    """Return the failure of a task's service that has no row; None if there is none.

    Later rows of the task supersede it, and so does the row of a missed fire that names it.
    `states` are what the manager said of all units, None if it did not answer.
    """
    state = (states or {}).get(unit)
    if state is None or state.active_state != "failed":
        return None
    try:
        detail = session.units().detail(unit)
    except BusError:
        return None
    known = detail.result != _START_LIMIT and reader.has_invocation(detail.invocation_id)
    if known or detail.changed_us is None or _is_superseded(reader, task, detail.changed_us):
        return None
    return _described(detail, "systemctl" if session.paths.system else "systemctl --user")


def _is_superseded(reader: Reader, task: str, failed_us: int) -> bool:
    newest = reader.last_any(task)
    if newest is None:
        return False
    told = (newest.error_code or "").startswith(("unit_", "condition_", "assert_"))
    return newest.started_us > failed_us or (told and not newest.status.ran)


def _described(detail: UnitDetail, systemctl: str) -> FailedUnit:
    named = systemd_code(detail.exit_status) if detail.exit_status is not None else None
    if detail.result == _START_LIMIT:
        why, command = "it was started too often", f"{systemctl} reset-failed {detail.name}"
    elif named is not None:
        why = f"{named[1]} ({detail.exit_status}/{named[0]})"
        command = _MENDED_BY.get(named[0], f"{systemctl} status {detail.name}")
    else:
        why, command = f"its result is {detail.result}", f"{systemctl} status {detail.name}"
    return FailedUnit(detail.name, f"{detail.name} failed before there was a run: {why}.", command)
