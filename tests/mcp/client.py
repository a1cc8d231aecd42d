"""A session with a real server, from inside a test: the SDK's client in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PYTHON = str(ROOT / ".venv-mcp" / "bin" / "python")
SERVER = str(ROOT / ".venv-mcp" / "bin" / "docket-mcp")
PATIENCE = 40.0


class Answered(NamedTuple):
    """The outcome of a call of a tool."""

    failed: bool
    document: Any
    texts: list[str]
    seconds: float


class Refused(NamedTuple):
    """An error of the protocol itself."""

    code: int
    sentence: str


class Session:
    """One client. Calls may be started and awaited one by one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Speak through a process of the driver, which has pipes for its input and output."""
        self._process = process
        self._told: dict[int, queue.SimpleQueue[Any]] = {0: queue.SimpleQueue()}
        self._next = 0
        self.progress: dict[int, list[dict[str, Any]]] = {}
        self.errors: list[str] = []
        for target in (self._listen, self._overhear):
            threading.Thread(target=target, daemon=True).start()
        self.hello = self._await(0)

    def call(self, tool: str, **arguments: Any) -> Answered:
        """Call a tool and return its answer."""
        found = self.answer(self.start(tool, **arguments))
        assert isinstance(found, Answered), found
        return found

    def start(self, tool: str, *, progress: bool = False, **arguments: Any) -> int:
        """Begin a call and return its number."""
        return self._order("call", name=tool, arguments=arguments, progress=progress)

    def answer(self, number: int) -> Answered | Refused | None:
        """Return the answer to a call; None if it was cancelled."""
        told = self._await(number)
        if "refused" in told:
            return Refused(told["refused"], told["sentence"])
        if "taken_back" in told:
            return None
        return Answered(told["failed"], told["document"], told["texts"], told["seconds"])

    def take_back(self, number: int) -> None:
        """Send notifications/cancelled for a call."""
        self._send({"do": "take back", "id": number})

    def tools(self) -> list[dict[str, Any]]:
        """Return the tools as the client sees them."""
        found: list[dict[str, Any]] = self._await(self._order("tools"))["tools"]
        return found

    def server_pid(self) -> int:
        """Return the process of the server."""
        path = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
        (child,) = Path(path).read_text().split()
        return int(child)

    def leave(self) -> float:
        """End the session in order, and return how many seconds that took."""
        begun = time.monotonic()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(PATIENCE)
        return time.monotonic() - begun

    def die(self) -> None:
        """End the client as a crash does."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def _order(self, do: str, **facts: Any) -> int:
        self._next += 1
        self._told[self._next] = queue.SimpleQueue()
        self.progress[self._next] = []
        self._send({"do": do, "id": self._next, **facts})
        return self._next

    def _send(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _await(self, number: int) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._told[number].get(timeout=PATIENCE)
        except queue.Empty:
            raise AssertionError("no answer\n" + "".join(self.errors)) from None
        return found

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "progress" in told:
                self.progress[told["id"]].append(told)
            else:
                self._told[told["id"]].put(told)

    def _overhear(self) -> None:
        if self._process.stderr is not None:
            self.errors.extend(self._process.stderr)


def words(server: Sequence[str] = (SERVER,), protocol: str = "handshake") -> list[str]:
    """Return the command line of a driver."""
    return [PYTHON, str(ROOT / "tests" / "mcp" / "driver.py"), protocol, *server]


def begin(environ: Mapping[str, str], protocol: str = "handshake") -> Session:
    """Open a session with a server that has this environment."""
    process = subprocess.Popen(
        words(protocol=protocol),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(environ),
    )
    return Session(process)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a server whose home lies in a directory of the test."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    names = {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "TZ": "UTC", "LANG": "C.UTF-8"}
    return {"PATH": os.environ.get("PATH", os.defpath), **names, **more}
