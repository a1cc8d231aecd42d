"""One call of a tool: its progress, and whether the client still waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from docket.app.session.session import Session
from docket.app.status.capabilities import CommandForm
from docket.errors import DocketError
from docket.model.record import Record

ALLOWANCE = "DOCKET_MCP_ALLOW_DESTRUCTIVE"
CHANGES = "DOCKET_MCP_ALLOW_CHANGES"
NAMES = "DOCKET_MCP_ALLOW_DATA"
_YES = ("1", "true", "yes", "allow")
_AGAIN_SECONDS = 0.05
ANSWER_VARIABLE = "DOCKET_MCP_ANSWER_SECONDS"
_ANSWER_SECONDS = 45.0  # many clients give up after a minute


class ServerContext(Record):
    """What every call is served with.

    `fault` records what nobody foresaw and returns the error for the client.
    """

    session: Session
    forms: Sequence[CommandForm]
    fault: Callable[[BaseException], DocketError]

    @property
    def gated(self) -> bool:
        """Whether destructive tasks are refused; the environment of the server's start says."""
        return not self._allows(ALLOWANCE)

    @property
    def changes(self) -> bool:
        """Whether agents may add, edit and remove tasks; the environment says so too."""
        return self._allows(CHANGES)

    @property
    def names(self) -> frozenset[str]:
        """The tasks whose state, and the queues, that agents may use; `*` is all of them."""
        return frozenset(self.session.environ.get(NAMES, "").replace(",", " ").split())

    def _allows(self, variable: str) -> bool:
        return self.session.environ.get(variable, "").strip().lower() in _YES

    @property
    def answer_seconds(self) -> float:
        """After how many seconds a call is answered although its run goes on."""
        try:
            return max(0.1, float(self.session.environ[ANSWER_VARIABLE]))
        except (KeyError, ValueError):
            return _ANSWER_SECONDS


class AbandonedError(Exception):
    """The client does not want the answer any more."""


class ToolCall:
    """One call, shared by the thread that does it and the loop that watches over it."""

    def __init__(self) -> None:
        self.message = ""
        self.run_id = ""  # the id of the run that the call started
        self.every_seconds = 1.0  # the pause between two notifications of progress
        self.over = threading.Event()
        self._abandoned = threading.Event()
        self._lock = threading.Lock()  # a call begins before it is abandoned, or never
        self._undo: Callable[[], object] | None = None

    def begin(self, task: str, run_id: str, undo: Callable[[], object]) -> None:
        """Say what is under way, and what ends it if the client takes its request back."""
        self.message = f"{task} is running (run {run_id})"
        self.run_id = run_id
        with self._lock:
            self.check()
            self._undo = undo

    def check(self) -> None:
        """Raise AbandonedError if nobody waits any more."""
        if self._abandoned.is_set():
            raise AbandonedError

    def pause(self, pause_seconds: float) -> None:
        """Sleep; AbandonedError at once if nobody waits any more."""
        if self._abandoned.wait(pause_seconds):
            raise AbandonedError

    def leave(self) -> None:
        """Let the call's thread end as soon as it can; what it started goes on."""
        self._abandoned.set()

    def take_back(self) -> None:
        """End what the call started; returns when that is done, or there is nothing to end."""
        with self._lock:
            self.leave()
            undo = self._undo
        while undo is not None and not self.over.is_set():
            with suppress(DocketError, OSError):  # it has no record yet: try again until it has
                undo()
                return
            time.sleep(_AGAIN_SECONDS)
