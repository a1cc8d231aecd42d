"""The log file of one run: its beginning, and its end when it grew beyond the cap.

It is made at the first byte: a run that prints nothing leaves no file.
While the run lasts, what comes after the first half of the cap goes to two segments beside the log,
the older of which is thrown away whenever the newer is full; at the end they are joined to the log.
So the tail is on disk at every moment, and the whole never takes more than the cap.
"""

from __future__ import annotations

import errno
import os

from docket.files import NotPlainError, open_directory, open_plain, write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16
_LARGEST = 4 << 30  # bytes; logs are capped well below this
NEWER_SEGMENT = ".1"
OLDER_SEGMENT = ".2"
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def log_path(log_dir: str, run_id: str) -> str:
    """Return where the log of a run is."""
    return os.path.join(log_dir, run_id + ".log")


class RunLog:
    """The writing end. `problem` is the sentence that ended the writing, or None.

    `exists` says whether there is a file, `ends_line` whether the next byte begins a line. A log
    that cannot be written (a full disk) never ends the run. Its directory is held from the first
    byte on: what somebody else renames or links meanwhile leads the writing nowhere.
    """

    __slots__ = (
        "_descriptor",
        "_directory",
        "_head",
        "_head_room",
        "_max_bytes",
        "_segment_bytes",
        "_segment_room",
        "ends_line",
        "exists",
        "left_out",
        "path",
        "problem",
    )

    def __init__(self, path: str, max_bytes: int) -> None:
        self.path = path
        self.problem: str | None = None
        self.left_out = 0
        self._max_bytes = max_bytes
        self._head_room = max_bytes // 2
        self._segment_bytes = max(max_bytes // 4, 1)
        self._segment_room = -1  # below 0: still writing the head
        self._directory = -1
        self._descriptor = -1
        self._head = -1  # the log itself, while segments are written
        self.exists = False
        self.ends_line = True

    def write(self, data: bytes) -> None:
        """Append what the task wrote."""
        if self.problem is not None or not data:
            return
        self.ends_line = data.endswith(b"\n")
        try:
            if not self.exists:
                self._directory = open_directory(os.path.dirname(self.path))
                self._descriptor = self._opened("")
                self.exists = True
            if self._segment_room < 0:
                if len(data) <= self._head_room:
                    self._head_room -= len(data)
                    write_all(self._descriptor, data)
                    return
                data = self._end_head(data)
            self._write_tail(data)
        except OSError as error:
            self._give_up(error)

    def finish(self) -> None:
        """Join the segments to the log, with a line that says how much was left out."""
        if self._head >= 0:
            try:
                self._join()
            except OSError as error:
                self._give_up(error)
        self._close()

    def _end_head(self, data: bytes) -> bytes:
        """Fill the head up to the last whole line that fits, and return the rest."""
        cut = data.rfind(b"\n", 0, self._head_room) + 1
        write_all(self._descriptor, data[:cut])
        self._head, self._descriptor = self._descriptor, -1
        self._open_segment()
        return data[cut:]

    def _write_tail(self, data: bytes) -> None:
        while len(data) > self._segment_room:
            part, data = data[: self._segment_room], data[self._segment_room :]
            write_all(self._descriptor, part)
            self._rotate()
        self._segment_room -= len(data)
        write_all(self._descriptor, data)

    def _rotate(self) -> None:
        name = os.path.basename(self.path)
        self.left_out += _size(name + OLDER_SEGMENT, self._directory) or 0
        os.replace(
            name + NEWER_SEGMENT,
            name + OLDER_SEGMENT,
            src_dir_fd=self._directory,
            dst_dir_fd=self._directory,
        )
        self._open_segment()

    def _open_segment(self) -> None:
        self._close_segment()
        self._descriptor = self._opened(NEWER_SEGMENT)
        self._segment_room = self._segment_bytes

    def _opened(self, segment: str) -> int:
        return open_plain(os.path.basename(self.path) + segment, _FLAGS, self._directory)[0]

    def _join(self) -> None:
        self._close_segment()
        # By the descriptors: somebody else's links may have the names by now.
        name = os.path.basename(self.path)
        for data in _tail(name, self.left_out, self._max_bytes, self._directory):
            write_all(self._head, data)
        for segment in (OLDER_SEGMENT, NEWER_SEGMENT):
            if _size(name + segment, self._directory) is not None:
                os.unlink(name + segment, dir_fd=self._directory)

    def _close_segment(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _close(self) -> None:
        self._close_segment()
        for descriptor in (self._head, self._directory):
            if descriptor >= 0:
                os.close(descriptor)
        self._head = self._directory = -1

    def _give_up(self, error: OSError) -> None:
        self.problem = f"The log file {self.path} could not be written: {error.strerror}."
        self._close()


def read_log(path: str) -> Iterator[bytes]:
    """Yield the log in chunks, of a run that goes on or was cut off too; OSError if missing."""
    descriptor, status = open_plain(path)
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > _LARGEST:
            raise NotPlainError(errno.EFBIG, f"larger than {_LARGEST >> 30} GiB", path)
        while chunk := file.read(_CHUNK):
            yield chunk
    yield from _tail(path, None, None)


def tail_lines(path: str, count: int) -> bytes:
    """Return the last `count` lines of a log; OSError if it is missing."""
    if count <= 0:
        return b""
    kept = b""
    for chunk in read_log(path):
        kept += chunk
        if len(kept) > _CHUNK * 2:
            kept = last_lines(kept, count)
    return last_lines(kept, count)


def last_bytes(path: str, count: int) -> tuple[bytes, int]:
    """Return the last `count` bytes of a log, and how many came before; OSError if missing."""
    kept, total = b"", 0
    for chunk in read_log(path):
        total += len(chunk)
        kept = (kept + chunk)[-count:]
    return kept, total - len(kept)


def last_lines(data: bytes, count: int) -> bytes:
    """Return the last `count` lines of `data`; the last of them may lack its newline."""
    if count <= 0:
        return b""
    at = len(data) - 1 if data.endswith(b"\n") else len(data)
    for _ in range(count):
        at = data.rfind(b"\n", 0, at)
        if at < 0:
            return data
    return data[at + 1 :]


def _tail(
    path: str, left_out: int | None, max_bytes: int | None, directory: int | None = None
) -> Iterator[bytes]:
    """Yield the marker line and the segments, from a whole line on."""
    names = (path + OLDER_SEGMENT, path + NEWER_SEGMENT)
    parts = [name for name in names if _size(name, directory) is not None]
    cut = len(parts) == 2 and left_out != 0
    if cut:
        how_much = f"{left_out} bytes" if left_out else "a part"
        limit = f"; logs are capped at {max_bytes} bytes" if max_bytes else ""
        yield f"[docket: {how_much} left out here{limit}]\n".encode()
    for number, part in enumerate(parts):
        with os.fdopen(open_plain(part, directory=directory)[0], "rb") as file:
            first = file.read(_CHUNK)
            if cut and number == 0:
                first = first[first.find(b"\n") + 1 :]
            if first:
                yield first
            while chunk := file.read(_CHUNK):
                yield chunk


def _size(path: str, directory: int | None) -> int | None:
    """Return the size of what has that name, or None if nothing has; no link is followed."""
    try:
        return os.stat(path, dir_fd=directory, follow_symlinks=False).st_size
    except OSError:
        return None
