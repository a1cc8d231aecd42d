"""The runner's own standard output: the journal under systemd, else whoever started it."""

from __future__ import annotations

import os
import stat

from docket.systemd.journal import stream_is_journal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_WARNING = b"<4>"  # priority prefix that journald reads, sd-daemon(3)
_MUST_READ = 1 << 16  # above this much unsent output the child has to wait


class Echo:
    """Passes blocks of whole lines on, never blocking: what cannot be sent now waits in `pending`.

    The journal gets at most `journal_bytes`, with a line that says so; a terminal gets everything.
    """

    __slots__ = ("_descriptor", "_journal", "_most", "_room", "pending")

    def __init__(self, descriptor: int, journal_bytes: int) -> None:
        self._descriptor = descriptor
        self._journal = stream_is_journal(descriptor)
        self._room = journal_bytes
        self._most = _most_at_once(descriptor)
        self.pending = bytearray()

    @property
    def descriptor(self) -> int:
        """The descriptor to poll for room; below 0 once nothing can be written any more."""
        return self._descriptor

    @property
    def congested(self) -> bool:
        """Whether so much waits that the child should not be read for now."""
        return len(self.pending) >= _MUST_READ

    def write(self, block: bytes, *, is_error: bool) -> None:
        """Take a block of output, ending with a newline."""
        if self._descriptor < 0:
            return
        if self._journal:
            block = self._for_journal(block, is_error=is_error)
        self.pending += block

    def write_heading(self, line: bytes) -> None:
        """Take a line of Docket's own; it is for the journal only."""
        if self._journal:
            self.write(line, is_error=False)

    def flush_some(self) -> None:
        """Write one piece; to be called when the descriptor has room."""
        try:
            sent = os.write(self._descriptor, self.pending[: self._most])
        except BlockingIOError:
            return
        except OSError:  # the reader is gone: the run goes on without it
            self._descriptor = -1
            self.pending.clear()
            return
        del self.pending[:sent]

    def flush_all(self, wait: Callable[[], bool]) -> None:
        """Write everything that waits; `wait` says whether room came in time."""
        while self.pending and self._descriptor >= 0 and wait():
            self.flush_some()

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


def _most_at_once(descriptor: int) -> int:
    """Return how many bytes never block once poll says that there is room."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return 1
    return 1 << 20 if stat.S_ISREG(mode) else 4096  # PIPE_BUF, pipe(7)
