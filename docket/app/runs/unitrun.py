"""A run in the foreground in a transient unit, for what only a unit can enforce."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from docket.app.record.runrequests import requested
from docket.app.runs.cancel import cancel
from docket.app.runs.foreground import signals_in_turn
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.pendingrow import (
    as_recorded,
    exec_words,
    pending_row,
    recorded_in_advance,
    recording_refusals,
)
from docket.app.runs.transientunit import launcher_of, transient_properties, transient_unit
from docket.app.session.session import Session
from docket.errors import StoreError
from docket.model.plan import Plan
from docket.model.states import RunStatus
from docket.store.pending import find

_PATIENCE_SECONDS = 30.0  # for the finalizer of a runner that died
_PAUSE_SECONDS = 0.05


def run_in_unit(
    session: Session,
    plan: Plan,
    options: RunOptions,
    attachment: Attachment,
) -> str:
    """Run a task in a transient unit and return the id of its run when that is over.

    Raises NeedsSystemdError, BusAbsentError, ParameterError, StoreError, NotStartedError.
    """
    units = session.units()
    launcher_of(units, plan, options.launcher)
    row = pending_row(session, plan, options)
    row.unit = transient_unit(plan, row.run_id)
    recorded_in_advance(plan, as_recorded(plan, row))
    words = [*exec_words(row, options), *["--quiet"] * (not attachment.echo)]
    properties = transient_properties(plan, row.run_id, words)
    properties += our_output(attachment.output) if attachment.echo else []
    with (
        signals_in_turn()
        if attachment.signals
        else _cancelled_by_ctrl_c(session, row.run_id) as passed_on,
        recording_refusals(session, plan, row),
        requested(plan, row),
    ):
        units.run_transient(row.unit, properties, passed_on)
    _await_end(plan, row.run_id)
    return row.run_id


@contextmanager
def _cancelled_by_ctrl_c(session: Session, run_id: str) -> Iterator[Callable[[], int]]:
    try:
        yield lambda: 0
    except KeyboardInterrupt:
        cancel(session, run_id)
        raise


def our_output(output: int) -> list[list[Any]]:
    """Return the properties by which a unit writes to our own output."""
    found = []
    errors = 2 if output == 1 else output  # a progress bar needs a single writer
    for name, number in (("StandardOutput", output), ("StandardError", errors)):
        try:
            os.fstat(number)
        except OSError:  # the stream is closed: output goes to the journal instead
            continue
        found.append([f"{name}FileDescriptor", "h", number])
    return found


def _await_end(plan: Plan, run_id: str) -> None:
    """Wait until the end is recorded: if the runner died, its finalizer is still at it.

    If the store cannot be read, nothing is waited for: the record is spooled then.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            row = find(plan.state_db, run_id)
        except StoreError:
            return
        if row is None or RunStatus(row.status).final:
            return
        time.sleep(_PAUSE_SECONDS)
