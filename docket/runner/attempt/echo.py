"""The runner's own standard output: the journal under systemd, else the caller's."""

from __future__ import annotations

import fcntl
import os
import select
import stat

from docket.systemd.journal import stream_is_journal
from docket.systemd.notify import send_on_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Data = bytes | bytearray
    Send = Callable[[int, Data, bool], int]

_WARNING = b"<4>"  # priority prefix that journald reads, sd-daemon(3)
_MUST_READ = 1 << 16  # above this much unsent output the child has to wait
_AT_ONCE = 1 << 16
_PIPE_BUF = select.PIPE_BUF  # so much never blocks if poll says that there is room, pipe(7)
_PAGE = 4096
_FIONREAD = 0x541B


class Echo:
    """Passes blocks of whole lines on, never blocking: what cannot be sent now waits in `pending`.

    The journal gets at most `journal_bytes`, with a line that says so; a terminal gets everything.
    """

    __slots__ = ("_descriptor", "_journal", "_room", "_send", "pending")

    def __init__(self, descriptor: int, journal_bytes: int) -> None:
        self._descriptor = descriptor
        self._journal = stream_is_journal(descriptor)
        self._room = journal_bytes
        self._send = _sender_for(descriptor)
        self.pending = bytearray()

    @property
    def descriptor(self) -> int:
        """The descriptor to poll for room; below 0 once nothing can be written any more."""
        return self._descriptor

    @property
    def congested(self) -> bool:
        """Whether so much output waits that reading from the child should pause."""
        return len(self.pending) >= _MUST_READ

    def write(self, block: bytes, *, is_error: bool) -> None:
        """Take a block of output, ending with a newline."""
        if self._descriptor < 0:
            return
        if self._journal:
            block = self._for_journal(block, is_error=is_error)
        if not self.pending:
            block = block[self._sent(block, ready=False) :]
        self.pending += block

    def write_heading(self, line: bytes) -> None:
        """Take a line of Docket's own; it is for the journal only."""
        if self._journal:
            self.write(line, is_error=False)

    def flush_some(self) -> None:
        """Write one piece; to be called when the descriptor has room."""
        del self.pending[: self._sent(self.pending, ready=True)]

    def flush_all(self, wait: Callable[[], bool]) -> None:
        """Write everything that waits; `wait` says whether room came in time."""
        while self.pending and self._descriptor >= 0 and wait():
            self.flush_some()

    def _sent(self, data: Data, *, ready: bool) -> int:
        """Send a piece and return its length; all of it if nobody reads any more."""
        try:
            return self._send(self._descriptor, data, ready)
        except BlockingIOError:
            return 0
        except OSError:  # the reader is gone: the run goes on without it
            self._descriptor = -1
            return len(data)

    def _for_journal(self, block: bytes, *, is_error: bool) -> bytes:
        if self._room <= 0:
            return b""
        if len(block) > self._room:
            cut = block.rfind(b"\n", 0, self._room) + 1
            block = block[:cut] + b"[docket: further output is in the log file only]\n"
            self._room = 0
        else:
            self._room -= len(block)
        if is_error:
            return _WARNING + block[:-1].replace(b"\n", b"\n" + _WARNING) + block[-1:]
        return block


def _sender_for(descriptor: int) -> Send:
    """Return what writes a piece of the data, as much as does not block.

    Its last argument says whether poll has just reported room.
    """
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return _write_little
    if stat.S_ISSOCK(mode):  # the journal's stream
        return lambda descriptor, data, _ready: send_on_stream(descriptor, data)
    if stat.S_ISFIFO(mode):
        return _write_into_pipe
    return _write_little if os.isatty(descriptor) else _write_much


def _write_little(descriptor: int, data: Data, ready: bool) -> int:
    return _write(descriptor, data, _PIPE_BUF) if ready else 0


def _write_much(descriptor: int, data: Data, _ready: bool) -> int:
    return _write(descriptor, data, _AT_ONCE)


def _write_into_pipe(descriptor: int, data: Data, ready: bool) -> int:
    """Write as much as the pipe has room for; its first and its last page may be used in part."""
    size = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    filled = int.from_bytes(fcntl.ioctl(descriptor, _FIONREAD, b"\0\0\0\0"), "little")
    room = size - filled - 2 * _PAGE
    if room <= 0 and not ready:
        return 0
    return _write(descriptor, data, max(room, _PIPE_BUF) if ready else room)


def _write(descriptor: int, data: Data, most: int) -> int:
    with memoryview(data) as view:
        return os.write(descriptor, view[:most])
