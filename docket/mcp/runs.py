"""The tools that start runs, wait for them and end them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from docket.app.catalog.lookup import current_plan
from docket.app.record.liveness import is_held
from docket.app.record.opening import open_record
from docket.app.record.runreference import find_run
from docket.app.runs import cancel as cancelling
from docket.app.runs import run as running
from docket.app.runs import start as starting
from docket.app.runs import wait as waiting
from docket.app.runs.gate import refuse_destructive
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.refusals import refuse_in_dry_run
from docket.app.runs.run import RunOutcome
from docket.app.runs.sandboxing import in_its_sandbox
from docket.app.session.session import Session
from docket.errors import DocketError
from docket.mcp.toolcall import ServerContext, ToolCall
from docket.model.record import Record
from docket.model.runid import make_run_id
from docket.model.states import Trigger
from docket.paths import exec_command

_UNATTACHED = Attachment(echo=False, signals=False)  # the protocol has standard output
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 0.2
_SHORTEST_TICK_SECONDS = 0.1


class Result(Record):
    """What a tool answers; `failed` marks it as an error, whatever is in it."""

    document: Any
    failed: bool = False


class _TimeUpError(Exception):
    """The time that a caller wanted to wait is up."""


def run_task(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Run a task and answer when it is over, its hooks included, or when it takes too long.

    Clients give up after a while, and what they give up must not cost the run: before that the
    answer is what `docket_wait_run` says when the time is up, and the run goes on.
    """
    if given["dry_run"]:
        return _preview(server, given)
    refuse_where_gated(server, given["task_name"])
    run = _RunInThread(lambda: _run(server, call, given))
    deadline = time.monotonic() + server.answer_seconds
    while True:
        outcome = run.outcome(max(deadline - time.monotonic(), _SHORTEST_TICK_SECONDS))
        if outcome is not None:
            return Result(outcome.document(), failed=outcome.exit_code != 0)
        found = _under_way(server.session, call.run_id)
        if found is not None:
            call.leave()
            return Result(found.document())


class _RunInThread:
    """A run with a thread of its own, which its caller may leave behind."""

    def __init__(self, run: Callable[[], RunOutcome]) -> None:
        self._run = run
        self._outcome: RunOutcome | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._go, daemon=True)
        self._thread.start()

    def _go(self) -> None:
        try:
            self._outcome = self._run()
        except BaseException as error:  # noqa: BLE001  (raised again in the call's own thread)
            self._error = error

    def outcome(self, seconds: float) -> RunOutcome | None:
        """Return the outcome of the run, or None if it is not over in that time."""
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error
        return self._outcome


def _under_way(session: Session, run_id: str) -> waiting.Waited | None:
    """Return a run that is not over; None if the record does not hold it yet, or any more."""
    try:
        with open_record(session) as reader:
            run = find_run(reader, run_id)
    except DocketError:
        return None
    return None if run.status.final else waiting.Waited(run, over=False)


def run_task_async(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Start a run that goes on by itself, and answer with its receipt."""
    if given["dry_run"]:
        return _preview(server, given)
    refuse_where_gated(server, given["task_name"])
    call.check()
    receipt = starting.start(server.session, given["task_name"], _options(server, given))
    return Result(receipt.document())


def wait_run(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """Wait until a run is over, or the time is up."""
    run_id, timeout = given["run_id"], given["timeout"]
    call.every_seconds = max(given["poll_interval"], _SHORTEST_TICK_SECONDS)
    with open_record(server.session) as reader:
        run = find_run(reader, run_id)
    run_id = run.run_id
    waiting.refuse_own_run(server.session, {run_id: run})
    call.message = f"waiting for run {run_id} of {run.task}"
    asleep = _sleeper(call, timeout)
    try:
        found = waiting.until_over(server.session, run, asleep)
    except _TimeUpError:
        with open_record(server.session) as reader:
            found = find_run(reader, run_id)
    return Result(waiting.Waited(found, over=found.status.final).document())


def cancel_run(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> Result:
    """End a run that waits or runs."""
    call.message = f"ending run {given['run_id']}"
    return Result(cancelling.cancel(server.session, given["run_id"]).document())


def refuse_where_gated(server: ServerContext, task: str) -> None:
    """Raise DestructiveRefusedError for a task that is not to be run from here."""
    if server.gated:
        refuse_destructive(server.session, task)


def _preview(server: ServerContext, given: Mapping[str, Any]) -> Result:
    """Show what would run; a preview that is complete is a success."""
    refuse_in_dry_run(
        params=bool(given["params"]), idempotency_key=given["idempotency_key"] is not None
    )
    outcome = running.run(
        server.session,
        exec_command(),
        given["task_name"],
        RunOptions(trigger=Trigger.AGENT, run_id=_new_run_id(server.session), dry_run=True),
        _UNATTACHED,
    )
    return Result(outcome.document(), failed=not outcome.ok)


def _run(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> RunOutcome:
    """Run it as a child of ours if that can be; else it goes on by itself and is waited for."""
    task, session = given["task_name"], server.session
    plan = in_its_sandbox(session, current_plan(session, task), Trigger.AGENT, None)
    if given["idempotency_key"] is not None or plan.needs_systemd:
        return _start_and_wait(server, call, given)
    run_id = _new_run_id(session)
    call.begin(task, run_id, _undo(session, run_id))
    return running.run(
        session,
        exec_command(),
        task,
        _options(server, given).replace(run_id=run_id),
        _UNATTACHED,
    )


def _start_and_wait(server: ServerContext, call: ToolCall, given: Mapping[str, Any]) -> RunOutcome:
    call.check()
    task, session = given["task_name"], server.session
    run_id = starting.start(session, task, _options(server, given)).run_id
    call.begin(task, run_id, _undo(session, run_id))
    with open_record(session) as reader:
        run = find_run(reader, run_id)
    waiting.until_over(session, run, _sleeper(call, None))
    return running.recorded_outcome(session, task, run_id)


def _undo(session: Session, run_id: str) -> Callable[[], object]:
    return lambda: cancelling.cancel(session, run_id)


def _sleeper(call: ToolCall, timeout_seconds: float | None) -> Callable[[str], bool]:
    """Return a function that sleeps until a lock is free or the client stops waiting.

    flock itself takes no timeout, and a thread that sleeps in it could not be had back.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds

    def asleep(path: str) -> bool:
        pause = _FIRST_PAUSE_SECONDS
        while held := is_held(path):
            _pause(call, pause, deadline)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        call.check()
        _refuse_when_late(deadline)
        return held is not None

    return asleep


def _pause(call: ToolCall, seconds: float, deadline: float | None) -> None:
    _refuse_when_late(deadline)
    left = seconds if deadline is None else deadline - time.monotonic()
    call.pause(min(seconds, max(left, 0.0)))


def _refuse_when_late(deadline: float | None) -> None:
    if deadline is not None and time.monotonic() >= deadline:
        raise _TimeUpError


def _options(server: ServerContext, given: Mapping[str, Any]) -> RunOptions:
    return RunOptions(
        force=given["force"],
        idempotency_key=given["idempotency_key"],
        params=_pairs(given),
        trigger=Trigger.AGENT,
        gated=server.gated,
    )


def _pairs(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((given["params"] or {}).items())


def _new_run_id(session: Session) -> str:
    return make_run_id(session.now_us(), os.urandom(4))
