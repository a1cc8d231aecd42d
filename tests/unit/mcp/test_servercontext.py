"""What every call is served with, and how a call is taken back."""

from __future__ import annotations

import threading

import pytest

from docket.app.session.session import open_session
from docket.errors import DocketError, RunNotFoundError
from docket.mcp.toolcall import ALLOWANCE, AbandonedError, ServerContext, ToolCall


@pytest.mark.parametrize(
    ("text", "gated"),
    [
        *(("1", False), (" Yes ", False), ("allow", False), ("true", False)),
        *(("", True), ("0", True), ("no", True), ("false", True), ("2", True), ("on", True)),
    ],
)
def test_the_gate_is_open_only_for_the_words_that_open_it(text: str, gated: bool) -> None:
    session = open_session({"HOME": "/nowhere", ALLOWANCE: text})
    assert ServerContext(session, (), lambda error: DocketError(str(error))).gated is gated


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
