"""The process's own ends of the protocol: its standard streams, where nobody else can reach them.

Standard input is the stream of requests, which no child may read from, and standard output that of
the answers, which nothing else may be written to. So both are moved away at once, and what is left
in their places is /dev/null to read and standard error to write.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
from collections.abc import Callable

import anyio.to_thread

_ABOVE_STANDARD = 10
_CHUNK = 1 << 16
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_TIME_OUT = re.compile(r"tim(?:e|ed)[\s-]?out", re.IGNORECASE)
_NOT_JSON_OF_TEXT = -32700
_LONGEST_LINE = 16 << 20  # bytes; what is longer is read to its end and dropped


def take_streams() -> tuple[int, int]:
    """Move standard input and output away and return their new descriptors; OSError if closed."""
    reading = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, _ABOVE_STANDARD)
    writing = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, _ABOVE_STANDARD)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed: nothing can be reported
        os.dup2(nothing, 1)
    if nothing > 2:
        os.close(nothing)
    return reading, writing


class Requests:
    """Lines as the client sends them; waiting for one can be broken off at any moment."""

    def __init__(self, descriptor: int, answers: Answers, ended: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._answers = answers
        self._ended = ended
        self._timed_out: set[object] = set()
        self._held = bytearray()
        self._searched = 0
        self._drops = False

    def __aiter__(self) -> Requests:
        return self

    async def __anext__(self) -> str:
        while True:
            line = self._line()
            if line is not None:
                text = line.decode("utf-8", "replace")
                if await self._is_whole(text):
                    return text
                continue
            chunk = await anyio.to_thread.run_sync(self._read, abandon_on_cancel=True)
            if not chunk:
                self._ended()
                raise StopAsyncIteration
            self._held += chunk

    def timed_out(self, number: object) -> bool:
        """Whether the client took a request back because it had no time to wait any longer."""
        return number in self._timed_out

    async def _is_whole(self, text: str) -> bool:
        """Note what a cancellation says; answer a request with half a surrogate pair with no."""
        told = "notifications/cancelled" in text
        if not told and "\\ud" not in text.lower():
            return True
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            return True  # the protocol layer answers this
        if not isinstance(message, dict):
            return True
        if told and message.get("method") == "notifications/cancelled":
            self._note(message.get("params"))
        if _HALF_PAIR.search(json.dumps(message, ensure_ascii=False)) is None:
            return True
        sentence = "The request holds half of a surrogate pair, which is not text."
        error = {"code": _NOT_JSON_OF_TEXT, "message": sentence}
        if "id" in message:
            answer = {"jsonrpc": "2.0", "id": message["id"], "error": error}
            await self._answers.write(json.dumps(answer) + "\n")
            await self._answers.flush()
        return False

    def _note(self, params: object) -> None:
        number = params.get("requestId") if isinstance(params, dict) else None
        reason = params.get("reason") if isinstance(params, dict) else None
        if isinstance(number, (int, str)) and _TIME_OUT.search(str(reason)):
            self._timed_out.add(number)

    def _read(self) -> bytes:
        while True:
            try:
                return os.read(self._descriptor, _CHUNK)
            except BlockingIOError:  # our parent shares the descriptor and set it to non-blocking
                select.select([self._descriptor], [], [])
            except OSError:
                return b""  # this is as good as the end of the input

    def _line(self) -> bytes | None:
        """Take a line out of what has come; None if there is no whole one."""
        while (end := self._held.find(b"\n", self._searched)) >= 0:
            line = bytes(self._held[: end + 1])
            del self._held[: end + 1]
            self._searched = 0
            if not self._drops:
                return line
            self._drops = False
        self._searched = len(self._held)
        if self._searched > _LONGEST_LINE:
            self._held.clear()
            self._searched, self._drops = 0, True
        return None


class Answers:
    """The output to the client; after it has gone away nothing more is sent."""

    def __init__(self, descriptor: int, ended: Callable[[], None]) -> None:
        self._descriptor = descriptor
        self._ended = ended
        self._waiting = bytearray()

    async def write(self, text: str) -> None:
        """Keep a text until `flush`."""
        self._waiting += text.encode("utf-8", "backslashreplace")

    async def flush(self) -> None:
        """Write what waits; a client that does not read makes this wait, and nothing else."""
        data = bytes(self._waiting)
        self._waiting.clear()
        await anyio.to_thread.run_sync(self._write, data, abandon_on_cancel=True)

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:  # the client is gone, which the end of its requests shows too
                self._ended()
                return
