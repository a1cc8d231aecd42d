"""The row of a run that is recorded before its runner starts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from docket.app.record.runrequests import checked_key, checked_params
from docket.app.runs.options import RunOptions
from docket.app.session.session import Session
from docket.errors import BusError, DocketError, NotStartedError, StoreError
from docket.model.plan import Plan
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.model.states import RunStatus
from docket.model.text.secretnames import hidden_parameters
from docket.runfiles import boot_id
from docket.store.logfiles import log_path
from docket.store.pending import claim, close_unstarted


def pending_row(session: Session, plan: Plan, options: RunOptions) -> RunRow:
    """Return the row of a run that is about to begin; nothing is recorded yet.

    Raises ParameterError and UsageError for what cannot be given to a run.
    """
    params = checked_params(plan, options.params)
    key = checked_key(options.idempotency_key)
    now_us = session.now_us()
    run_id = options.run_id or make_run_id(now_us, os.urandom(4))
    return RunRow(
        run_id=run_id,
        task=plan.task,
        trigger=options.trigger.value,
        started_at=now_us,
        status=RunStatus.PENDING.value,
        summary="About to begin",
        boot_id=boot_id(),
        plan_hash=plan.plan_hash,
        log_path=log_path(plan.log_dir, run_id),
        params=params,
        idempotency_key=key,
        triggered_by=options.triggered_by,
    )


def recorded_in_advance(plan: Plan, row: RunRow) -> tuple[RunRow, str | None]:
    """Record a run that is about to start, and return the first row of its key or its own.

    The second value says why it could not be recorded: its runner tries again, and spools the
    record. StoreError if the run has a key: without the store nobody knows that it is the first.
    """
    try:
        return claim(plan.state_db, row), None
    except StoreError as error:
        if row.idempotency_key is None:
            return row, error.sentence
        raise StoreError(
            f"{error.sentence} Nothing was started: whether the key {row.idempotency_key!r} "
            "is new is not known.",
            hint="Try again, or start it without a key: its record is merged afterwards.",
            task=plan.task,
        ) from error


def as_recorded(plan: Plan, row: RunRow) -> RunRow:
    """Return a row as the store may have it: without the values of parameters that are secrets."""
    shown = RunRow(**row.to_json())
    shown.params = hidden_parameters(row.params, plan.secrets)
    return shown


def exec_words(row: RunRow, options: RunOptions) -> list[str]:
    """Return the words for `docket exec` of a run that was recorded in advance."""
    found = ["--trigger", row.trigger, "--run-id", row.run_id]
    return found + ["--force"] * options.force + ["--no-destructive"] * options.gated


@contextmanager
def recording_refusals(session: Session, plan: Plan, row: RunRow) -> Iterator[None]:
    """Close the row as failed if the run cannot be started, and raise NotStartedError."""
    try:
        yield
    except DocketError as error:
        raise _not_started(session, plan, row, error.sentence, error.hint) from error
    except OSError as error:
        why = f"{error.filename or plan.lock_dir}: {error.strerror}."
        raise _not_started(session, plan, row, why, None) from error


def _not_started(
    session: Session, plan: Plan, row: RunRow, why: str, hint: str | None
) -> DocketError:
    facts = {"task": plan.task, "run_id": row.run_id}
    summary = f"The run could not be started: {why}"
    try:
        closed = close_unstarted(plan.state_db, row.run_id, summary, now_us=session.now_us())
    except StoreError as error:
        return NotStartedError(f"{summary} {error.sentence}", hint=hint, **facts)
    if closed:
        return NotStartedError(summary, hint=hint, **facts)
    hint = f"It goes on by itself: docket wait {row.run_id}"
    return BusError(f"The run has begun, and its manager was lost: {why}", hint=hint, **facts)
