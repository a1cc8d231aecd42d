"""Reading a log that grows, through its segments, to the last byte (docket.store.logfiles)."""

from __future__ import annotations

import os
from collections.abc import Iterator

from docket.store.logfiles import NEWER_SEGMENT, OLDER_SEGMENT

_CHUNK = 1 << 16
_COMPARED = 1 << 16
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_GAP = b"[docket: a part left out here]\n"
_MARKER = b"[docket: "


class LogFollower:
    """The reading end of a log that is being written.

    The segments that a long log goes to replace each other; if the reader was too slow for one,
    a line says that a part is left out.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor = -1
        self._found = False
        self._in_segment = False
        self._head_end = 0
        self._segment_bytes = 0

    @property
    def found(self) -> bool:
        """Whether there has been a log to read."""
        return self._found

    def available(self) -> Iterator[bytes]:
        """Yield what has been written since the last call; nothing while there is no file."""
        if self._descriptor < 0:
            head = self._opened("")
            if head is None:
                return
            self._descriptor, self._found = head, True
        while True:
            yield from self._rest()
            following = self._following()
            if following is None:
                return
            # Whatever was written before the next segment appeared is still to be read.
            yield from self._rest()
            if self._step(following):
                yield _GAP

    def finish(self) -> Iterator[bytes]:
        """Yield what is left once the run is over and its segments are joined to the log."""
        yield from self.available()
        if self._in_segment and self._inode(NEWER_SEGMENT) is None:
            yield from self._joined()
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _rest(self) -> Iterator[bytes]:
        while data := os.read(self._descriptor, _CHUNK):
            yield data

    def _following(self) -> str | None:
        """Return the segment that follows the one being read, if there is one by now."""
        own = os.fstat(self._descriptor)
        older = self._inode(OLDER_SEGMENT)
        newer = self._inode(NEWER_SEGMENT)
        if newer is None or newer == own.st_ino:
            return None
        if self._in_segment and older == own.st_ino:
            return NEWER_SEGMENT
        return OLDER_SEGMENT if older is not None else NEWER_SEGMENT

    def _step(self, segment: str) -> bool:
        """Go on with a segment; return whether some before it may have been lost unread."""
        before = self._descriptor
        at = os.lseek(before, 0, os.SEEK_CUR)
        found = os.fstat(before)
        if not self._in_segment and found.st_size > at:
            return False  # the segments are being joined to the log: it is read on as it is
        descriptor = self._opened(segment)
        older = self._inode(OLDER_SEGMENT)
        if segment == NEWER_SEGMENT and older not in (None, found.st_ino):
            if descriptor is not None:
                os.close(descriptor)  # it moved on this very moment: the one between comes first
            descriptor = self._opened(OLDER_SEGMENT)
        if descriptor is None:
            return False  # the next look finds it
        if self._in_segment:
            self._segment_bytes = found.st_size
        else:
            self._head_end, self._in_segment = at, True
        os.close(before)
        self._descriptor = descriptor
        return segment == OLDER_SEGMENT

    def _opened(self, segment: str) -> int | None:
        try:
            return os.open(self.path + segment, _FLAGS)
        except FileNotFoundError:
            return None

    def _joined(self) -> Iterator[bytes]:
        """Yield what the joined log has after the segment that was read last."""
        last = os.fstat(self._descriptor).st_size
        if last < self._segment_bytes:
            return  # only the last segment is not full
        seen = os.pread(self._descriptor, _COMPARED, max(last - _COMPARED, 0))
        with open(self.path, "rb") as file:
            file.seek(self._head_end)
            marker = file.readline(_COMPARED)
            start = self._head_end
            if marker.startswith(_MARKER):
                start += len(marker)
                # After a gap the log goes on with a whole line.
                last -= os.pread(self._descriptor, _COMPARED, 0).find(b"\n") + 1
            size = os.fstat(file.fileno()).st_size
            for end in (start + last, size):
                if os.pread(file.fileno(), len(seen), max(end - len(seen), 0)) == seen:
                    break
            else:
                yield _GAP
                end = start
            file.seek(end)
            while data := file.read(_CHUNK):
                yield data

    def _inode(self, segment: str) -> int | None:
        try:
            return os.stat(self.path + segment, follow_symlinks=False).st_ino
        except FileNotFoundError:
            return None
