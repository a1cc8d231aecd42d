"""The beginning and the end of what a program writes; memory stays flat whatever that is."""

from __future__ import annotations

KEPT_BYTES = 64 * 1024  # of each stream, half at the beginning and half at the end


class Excerpt:
    """The beginning and the end of a stream."""

    __slots__ = ("_head", "_tail", "total")

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def feed(self, block: bytes) -> None:
        """Take the next bytes."""
        self.total += len(block)
        room = KEPT_BYTES // 2 - len(self._head)
        if room > 0:
            self._head += block[:room]
            block = block[room:]
        if block:
            self._tail += block[-KEPT_BYTES:]
            if len(self._tail) > KEPT_BYTES:
                del self._tail[: -KEPT_BYTES // 2]

    def text(self) -> str:
        """Return what was kept, with a line where something was left out."""
        tail = bytes(self._tail[-KEPT_BYTES // 2 :])
        left_out = self.total - len(self._head) - len(tail)
        if left_out <= 0:
            return decoded(bytes(self._head) + tail)
        marker = f"\n[docket: {left_out} bytes left out here]\n".encode()
        return decoded(bytes(self._head) + marker + tail)


def decoded(data: bytes) -> str:
    r"""Return bytes as text; what is not UTF-8 shows as \xff."""
    return data.decode("utf-8", "backslashreplace")
