"""The beginning and the end of a program's output; memory stays flat however long it is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_LINE = 200
_LOOKED_AT = 40  # lines at the end that are searched for the one that says what went wrong
_RSYNCS_SUM = "rsync error: "  # its last line: the exit code in words, and no cause
_COMPLAINTS = (
    "cannot",
    "could not",
    "denied",
    "error",
    "exception",
    "fail",
    "fatal",
    "invalid",
    "no such",
    "not found",
    "refused",
    "timed out",
    "unable",
)
KEPT_BYTES = 64 * 1024  # of each stream, half at the beginning and half at the end
KEPT_OF_EVENTS = 8 * 1024  # where each line is an event, which is stored whole


class Excerpt:
    """The beginning and the end of a stream; `kept_bytes` of it, half of them of each."""

    __slots__ = ("_half", "_head", "_tail", "total")

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._half = kept_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()  # at most twice the half
        self.total = 0

    def feed(self, block: bytes) -> None:
        """Take the next bytes."""
        self.total += len(block)
        room = self._half - len(self._head)
        if room > 0:
            self._head += block[:room]
            block = block[room:]
        if len(block) >= self._half:
            self._tail[:] = memoryview(block)[-self._half :]
        elif block:
            self._tail += block
            if len(self._tail) > 2 * self._half:
                del self._tail[: -self._half]

    def text(self) -> str:
        """Return what was kept, with a line where something was left out."""
        tail = bytes(self._tail[-self._half :])
        left_out = self.total - len(self._head) - len(tail)
        if left_out <= 0:
            return decoded(bytes(self._head) + tail)
        marker = f"\n[docket: {left_out} bytes left out here]\n".encode()
        return decoded(bytes(self._head) + marker + tail)


def decoded(data: bytes) -> str:
    r"""Return bytes as text; what is not UTF-8 shows as \xff."""
    return data.decode("utf-8", "backslashreplace")


def printable(text: str) -> str:
    """Return text with a blank for each character that a line of text cannot show."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def complaint_in(errors: str, output: str) -> str:
    """Return the line that says what went wrong: the last of standard error that complains.

    If none does, the last line of standard error; of the output, only a line that complains.
    """
    lines = list(_last_lines(errors))
    for line in lines or _last_lines(output):
        lowered = line.lower()
        if lowered.startswith(_RSYNCS_SUM):
            continue
        if any(word in lowered for word in _COMPLAINTS):
            return line
    return lines[0] if lines else ""


def last_line_of(output: str) -> str:
    """Return the last line of a program's output that says something, "" if none does."""
    return next(_last_lines(output), "")


def _last_lines(text: str) -> Iterator[str]:
    """Yield the last lines that hold a letter, the last one first, as a terminal shows them."""
    for line in text[-_LONGEST_LINE * _LOOKED_AT :].split("\n")[: -_LOOKED_AT - 1 : -1]:
        shown = _without_colours(line.rstrip("\r").rpartition("\r")[2])
        words = " ".join(printable(shown).split())
        if any(c.isalpha() for c in words):
            cut = len(words) > _LONGEST_LINE
            yield words[: _LONGEST_LINE - 1] + "…" if cut else words


def _without_colours(line: str) -> str:
    """Return the line without the escape sequences of a terminal: ESC [, digits, a letter."""
    first, *rest = line.split("\x1b[")
    return first + "".join(part.lstrip("0123456789;?")[1:] for part in rest)
