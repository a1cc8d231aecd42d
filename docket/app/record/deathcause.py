"""What the witnesses of a dead run say of its end: the boot, the service manager, the journal."""

from __future__ import annotations

import os
from typing import Any

from docket.app.record.liveness import is_of_another_boot, lock_dir_of
from docket.app.session.session import Session
from docket.errors import DocketError
from docket.model.ends.runnerends import CANCELLED, LOST, REBOOTED, End, end_of_runner
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.runfiles import is_cancelled
from docket.systemd.journalctl import read_end

_AT_WORK = ("active", "activating", "reloading", "deactivating", "maintenance")


class DeathCause(Record):
    """How a run ended, the latest time of it, and the witnesses that were asked."""

    end: End
    at_us: int
    asked: dict[str, Any]


def cause_of_death(session: Session, run: RunRecord) -> DeathCause | None:
    """Return what is known of the end of a run whose lock is free.

    None if the service manager is still at work on it: its finalizer will record it.
    """
    asked: dict[str, Any] = {"lock": "free"}
    now = session.now_us()
    lock_dir = lock_dir_of(session.paths, run.task)
    if run.cancel_requested_us is not None or is_cancelled(lock_dir, run.run_id):
        return DeathCause(CANCELLED, now, {**asked, "request": "cancel"})
    if is_of_another_boot(run, lock_dir):
        return DeathCause(REBOOTED, _last_sign(run, now), {**asked, "boot": "another one"})
    seen = _ask_manager(session, run, asked)
    if seen == "at work":
        return None
    result, status, at_us = _ask_journal(session, run, asked) or (seen, "", _last_sign(run, now))
    known = result not in ("", "success")
    return DeathCause(end_of_runner(result, status) if known else LOST, at_us, asked)


def _ask_manager(session: Session, run: RunRecord, asked: dict[str, Any]) -> str:
    """Return the result of the unit's invocation, "at work", or "" if it is not known."""
    if run.unit is None or not run.invocation_id:
        asked["systemd"] = "not asked: the run had no unit of its own"
        return ""
    try:
        state = session.units().detail(run.unit)
    except DocketError as error:
        asked["systemd"] = error.sentence
        return ""
    if state.invocation_id != run.invocation_id:
        asked["systemd"] = "knows no such invocation any more"
        return ""
    asked["systemd"] = f"{state.active_state}, result {state.result or 'unknown'}"
    return "at work" if state.active_state in _AT_WORK else state.result


def _ask_journal(
    session: Session, run: RunRecord, asked: dict[str, Any]
) -> tuple[str, str, int] | None:
    if run.unit is None or not run.invocation_id:
        return None
    try:
        told = read_end(run.invocation_id, system=session.paths.system, environ=session.environ)
    except DocketError as error:
        asked["journal"] = error.sentence
        return None
    asked["journal"] = "says nothing of it" if told is None else f"result {told[0]}"
    return told


def _last_sign(run: RunRecord, now_us: int) -> int:
    """Return when the run last wrote to its log: nearer to its end than the time we look."""
    try:
        written = os.stat(run.log_path or "").st_mtime_ns // 1000
    except OSError:
        return run.started_us
    return min(max(written, run.started_us), now_us)
