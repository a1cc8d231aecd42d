"""What every call is served with, and how a call is taken back."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pytest

from docket.app.session.session import open_session
from docket.errors import DocketError, RunNotFoundError
from docket.mcp.toolcall import ALLOWANCE, ANSWER_VARIABLE, AbandonedError, ServerContext, ToolCall
from docket.mcp.tools import TOOLS


def context(environ: Mapping[str, str]) -> ServerContext:
    session = open_session({"HOME": "/nowhere", **environ})
    return ServerContext(session, (), lambda error: DocketError(str(error)))


@pytest.mark.parametrize(
    ("text", "gated"),
    [
        *(("1", False), (" Yes ", False), ("allow", False), ("true", False)),
        *(("", True), ("0", True), ("no", True), ("false", True), ("2", True), ("on", True)),
    ],
)
def test_the_gate_is_open_only_for_the_words_that_open_it(text: str, gated: bool) -> None:
    assert context({ALLOWANCE: text}).gated is gated


def test_what_is_taken_back_before_it_began_does_not_begin() -> None:
    call = ToolCall()
    call.leave()
    with pytest.raises(AbandonedError):
        call.begin("about to run", "r", lambda: pytest.fail("there is nothing to undo"))


def test_a_sleep_ends_when_nobody_waits_any_more() -> None:
    call = ToolCall()
    threading.Timer(0.05, call.leave).start()
    with pytest.raises(AbandonedError):
        call.pause(30)


def test_what_has_no_record_yet_is_undone_as_soon_as_it_has() -> None:
    call = ToolCall()
    tries: list[int] = []

    def undo() -> None:
        tries.append(len(tries))
        if len(tries) < 3:
            raise RunNotFoundError("There is no run yet.")

    call.begin("running", "r", undo)
    call.take_back()
    assert tries == [0, 1, 2]


def test_what_is_over_is_not_undone() -> None:
    call = ToolCall()
    call.begin("running", "r", lambda: pytest.fail("it is over"))
    call.over.set()
    call.take_back()


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, 45.0), ("", 45.0), ("soon", 45.0), ("7", 7.0), ("0", 0.1)]
)
def test_a_call_is_answered_before_clients_give_up(text: str | None, seconds: float) -> None:
    environ = {} if text is None else {ANSWER_VARIABLE: text}
    assert context(environ).answer_seconds == seconds


def test_the_tool_that_waits_sends_long_work_to_the_one_that_does_not() -> None:
    text = TOOLS["docket_run_task"].description
    assert "use docket_run_task_async for what takes long" in text
    assert f"After {context({}).answer_seconds:.0f} seconds the answer is" in text
