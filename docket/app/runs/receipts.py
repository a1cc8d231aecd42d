"""The receipt of a run in the background: what its caller needs to follow it."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from docket.app.text.documents import iso
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.runs.shapes import ExpectationDocument, ReceiptDocument
    from docket.app.text.shapes import DurationsDocument

_FIRST_LOOK_SECONDS = 5
_LONGEST_BETWEEN_SECONDS = 300


class Receipt(Record):
    """A run that goes on by itself; `started_us` is microseconds since the epoch."""

    task: str
    run_id: str
    pid: int | None
    started_us: int
    log_path: str
    unit: str | None
    launcher: str
    idempotency_key: str | None = None
    typical_duration: DurationsDocument | None = None
    warnings: tuple[str, ...] = ()
    repeated: bool = False  # whether it is the receipt of an earlier request with the same key
    program: str = "docket"  # how a shell calls the Docket that the run is one of

    def document(self) -> ReceiptDocument:
        """Return the receipt as `docket run --async --json` prints it."""
        program = self.program
        expected = expectation(self.typical_duration)
        document: ReceiptDocument = {
            "ok": True,
            "status": "running",  # even if the runner has not started yet
            "task": self.task,
            "run_id": self.run_id,
            "pid": self.pid,
            "started_at": iso(self.started_us),
            "log_path": self.log_path,
            "status_command": f"{program} status --run-id {self.run_id} --json",
            "wait_command": f"{program} wait {self.run_id} --json",
            "logs_command": f"{program} logs {self.run_id}",
            "next_check_after_seconds": expected["next_check_after_seconds"],
            "mode": "async",
            "unit": self.unit,
            "launcher": self.launcher,
            "idempotency_key": self.idempotency_key,
            "repeated": self.repeated,
            "warnings": list(self.warnings),
        }
        if self.typical_duration is not None:
            document["estimated_duration_seconds"] = expected["estimated_duration_seconds"]
            document["p90_duration_seconds"] = expected["p90_duration_seconds"]
            document["typical_duration"] = self.typical_duration
        return document


def expectation(typical_duration: DurationsDocument | None) -> ExpectationDocument:
    """Return how long a run may take and when it is worth looking again, as far as it is known.

    That is after a quarter of what such runs take, in whole seconds.
    """
    if typical_duration is None:
        return {"next_check_after_seconds": _FIRST_LOOK_SECONDS}
    quarter = math.ceil(float(typical_duration["median_seconds"]) / 4)
    return {
        "next_check_after_seconds": min(max(quarter, 1), _LONGEST_BETWEEN_SECONDS),
        "estimated_duration_seconds": typical_duration["median_seconds"],
        "p90_duration_seconds": typical_duration["p90_seconds"],
    }


def asked_at(run_id: str) -> int:
    """Return the instant that a run id holds, in microseconds since the epoch."""
    instant = datetime.fromisoformat(f"{run_id[:15]}.{run_id[15:21]}+00:00")
    return (instant - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
