"""Rows of docket-cli 0.2, as its tables have them, made into rows of this store.

Most rows need no thought and are copied by SQL (`takeover`). Here is what the others need: odd
instants, words that were never a status, details that are no JSON, runs that were left open.
"""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from docket.model.jsontext import DEEPEST_OUTPUT, depth
from docket.model.rows import RunRow
from docket.model.runid import is_run_id, make_run_id
from docket.model.states import RunStatus, Trigger

HISTORY, LATEST, EVENTS = REFERENCE_TABLES = ("task_run_history", "task_runs", "task_run_events")
NOTE = "taken_over"  # the key of `details` for what the old row said and has no column
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FINAL = frozenset(status.value for status in RunStatus if status.final)
_OPEN = ("running", "cancel_requested")
_MICROSECOND = timedelta(microseconds=1)


def instant_us(text: Any) -> int | None:
    """Return an instant of any precision and offset in microseconds; UTC if none is named."""
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return (at - _EPOCH) // _MICROSECOND


def details_of(text: Any) -> dict[str, Any]:
    """Return the details of a row; what is no JSON object is kept under a key of its own."""
    if text is None:
        return {}
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {"details_text": str(text)}
    if depth(found) > DEEPEST_OUTPUT:
        return {"details_text": text}
    return found if isinstance(found, dict) else {"details_value": found}


def run_of_history(row: dict[str, Any], now_us: int) -> RunRow:
    """Return the run of a row of the history; one that was left open gets the end it had.

    A row that still says `running` for a live worker stays open.
    """
    note: dict[str, Any] = {}
    details = details_of(row["details"])
    started = _started(row, note)
    run = RunRow(
        run_id=_run_id(row, started, note),
        task=_text(row["task_name"]),
        trigger=(Trigger.ASYNC if details.get("mode") == "async" else Trigger.UNKNOWN).value,
        started_at=started,
        finished_at=_instant(row, "finished_at", note),
        exit_code=_whole(row["exit_code"]),
        summary=_text(row["summary"]),
        details=details,
        dry_run=bool(_whole(row["dry_run"])),
        log_path=_log_path(details),
        status=RunStatus.FAILED.value,
    )
    if not _set_status(run, _text(row["status"]), note, now_us):
        run.pid = _whole(details.get("pid"))
    if note:
        run.details[NOTE] = note
    return run


def run_of_latest(row: dict[str, Any]) -> RunRow:
    """Return the run of a task's latest state, of which the history has nothing."""
    code = _whole(row["exit_code"])
    good = code == 0 or (code == 2 and bool(_whole(row["dry_run"])))
    finished = row["last_run"]
    started = row["started_at"]
    if started is None and isinstance(row["duration_seconds"], (int, float)):
        ended = instant_us(finished)
        if ended is not None:
            started = _iso(ended - int(row["duration_seconds"] * 1_000_000))
    run = run_of_history(
        {
            **row,
            "status": (RunStatus.SUCCEEDED if good else RunStatus.FAILED).value,
            "started_at": finished if started is None else started,
            "finished_at": finished,
        },
        instant_us(finished) or 0,
    )
    run.details.setdefault(NOTE, {})["from"] = "the latest state of the task"
    return run


def run_of_events(run_id: str, task: str, first_us: int, last_us: int) -> RunRow:
    """Return a run of which nothing is left but its events."""
    return RunRow(
        run_id=run_id,
        task=task,
        trigger=Trigger.UNKNOWN.value,
        started_at=first_us,
        finished_at=max(first_us, last_us),
        status=RunStatus.LOST.value,
        exit_code=RunStatus.LOST.exit_code,
        summary="docket-cli recorded events of this run, and not the run itself.",
        details={NOTE: {"from": "events alone"}},
    )


def event_text(text: Any) -> str:
    """Return the JSON of an event; what is no JSON object is kept under a key of its own."""
    if isinstance(text, str) and "\0" not in text:
        try:
            found = json.loads(text)
            if isinstance(found, dict) and depth(found) <= DEEPEST_OUTPUT:
                return text
        except (ValueError, RecursionError):
            pass
    return json.dumps(details_of(text))


def is_at_work(run_id: str, pid: int | None) -> bool:
    """Whether process `pid` is the worker that docket-cli started for that very run."""
    if pid is None or pid <= 0:
        return False
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            line = file.read()
    except OSError:
        return False
    return f"\0--run-id\0{run_id}\0".encode(errors="surrogateescape") in line


def _set_status(run: RunRow, word: str, note: dict[str, Any], now_us: int) -> bool:
    """Give the run its status and, if it is over, its end; return whether it is over."""
    if word in _FINAL:
        run.status = word
        if run.finished_at is None:
            run.finished_at = run.started_at
        return True
    note["status"] = word
    if word not in _OPEN:
        run.status = RunStatus.FAILED.value
        run.finished_at = run.finished_at or run.started_at
        return True
    if run.finished_at is not None and run.exit_code is not None:
        # docket-cli's launcher could write `running` over the end of a short run (its bug).
        good = run.exit_code == 0 or (run.exit_code == 2 and run.dry_run)
        run.status = (RunStatus.SUCCEEDED if good else RunStatus.FAILED).value
        return True
    if is_at_work(run.run_id, _whole(run.details.get("pid"))):
        run.status, run.finished_at = RunStatus.RUNNING.value, None
        return False
    _close(run, word, now_us)
    return True


def _close(run: RunRow, word: str, now_us: int) -> None:
    """Close a run whose worker is gone: nobody else will."""
    cancelled = word == "cancel_requested"
    status = RunStatus.CANCELLED if cancelled else RunStatus.LOST
    run.status = status.value
    run.error_code = None if cancelled else "lost"
    run.exit_code = status.exit_code
    run.finished_at = max(run.started_at, min(_last_sign(run), now_us))
    run.summary = (
        "Cancelled: the worker of docket-cli was asked to stop, and is gone."
        if cancelled
        else "Lost: the worker of docket-cli ended without recording how."
    )


def _last_sign(run: RunRow) -> int:
    try:
        return os.stat(run.log_path or "").st_mtime_ns // 1000
    except (OSError, ValueError):
        return run.started_at


def _started(row: dict[str, Any], note: dict[str, Any]) -> int:
    found = _instant(row, "started_at", note)
    if found is None:
        found = instant_us(row.get("finished_at"))
    if found is None and is_run_id(_text(row["run_id"])):
        stamp = _text(row["run_id"])
        found = instant_us(f"{stamp[:15]}+00:00")
    return 0 if found is None else found


def _instant(row: dict[str, Any], name: str, note: dict[str, Any]) -> int | None:
    found = instant_us(row[name])
    if found is None and row[name] is not None:
        note[name] = _text(row[name])
    return found


def _run_id(row: dict[str, Any], started_us: int, note: dict[str, Any]) -> str:
    """Return the row's id; a row without one gets an id made from what it says."""
    given = row["run_id"]
    if isinstance(given, str) and given:
        return given
    if given is not None:
        note["run_id"] = _text(given)
    import hashlib  # noqa: PLC0415  (brings OpenSSL, for rows that hardly exist)

    known = json.dumps([_text(value) for value in row.values()]).encode()
    return make_run_id(max(started_us, 0), hashlib.sha256(known).digest()[:4])


def _log_path(details: dict[str, Any]) -> str | None:
    path = details.get("log_path")
    return path if isinstance(path, str) and path and "\0" not in path else None


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return "" if value is None else str(value)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and abs(value) < 1 << 63 else None


def _iso(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat()


def now_us() -> int:
    """Return the time, for the ends of runs that nobody saw end."""
    return time.time_ns() // 1000
