"""Following a run while it goes on: its log, and the events that it reports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.history import logs
from docket.app.record.opening import open_record
from docket.app.record.runreference import find_run
from docket.app.runs.wait import until_over
from docket.app.session.session import Session
from docket.errors import RunnerDiedError, UsageError
from docket.model.record import Record
from docket.model.records import EventRecord, RunRecord
from docket.store.logfiles import last_lines
from docket.store.logfollow import LogFollower
from docket.store.reader import Reader

if TYPE_CHECKING:
    from docket.app.history.shapes import LogLineDocument

_LOOK_SECONDS = 0.1
_MOST_KEPT = 1 << 22
_BATCH = 2000


class Piece(Record):
    """A line of a log with its newline, or a part of one that goes on; empty if it is quiet."""

    run_id: str
    content: bytes

    def document(self) -> LogLineDocument:
        """Return the piece as one line of `docket logs --follow --json`."""
        return {
            "run_id": self.run_id,
            "content": self.content.decode("utf-8", "replace"),
        }


def follow_log(session: Session, run_id: str, tail: int | None = None) -> Iterator[bytes]:
    """Yield what the run prints until it is over, begun with its last `tail` lines or with all.

    An empty part says that nothing more is there for now. Raises RunNotFoundError, and RunLogError
    if the run is over and left no log.
    """
    if tail is not None and tail < 0:
        raise UsageError(f"--tail must not be below 0, and is {tail}.")
    with open_record(session) as reader:
        run = find_run(reader, run_id)
    return _log_parts(session, run, tail)


def pieces(run_id: str, parts: Iterator[bytes]) -> Iterator[Piece]:
    """Yield the parts of a log as whole lines; a part of a line where the run is quiet after it."""
    waiting = b""
    for part in parts:
        whole, newline, rest = part.rpartition(b"\n")
        if newline:
            for line in (waiting + whole).split(b"\n"):
                yield Piece(run_id, line + b"\n")
            waiting = rest
        else:
            waiting += rest
            if not part:
                yield Piece(run_id, waiting)
                waiting = b""
    if waiting:
        yield Piece(run_id, waiting)


def follow_events(
    session: Session, run_id: str, after_index: int = 0, limit: int | None = None
) -> Iterator[EventRecord | None]:
    """Yield a run's events as they come until it is over; None says that it is quiet for now.

    Raises RunNotFoundError.
    """
    if after_index < 0:
        raise UsageError(f"--after-index must not be below 0, and is {after_index}.")
    with open_record(session) as reader:
        run = find_run(reader, run_id)
    return _events(session, run, after_index, limit)


def _log_parts(session: Session, run: RunRecord, tail: int | None) -> Iterator[bytes]:
    over = _watched(session, run)
    follower: LogFollower | None = None
    ended, begun = over.is_set(), False
    while True:
        follower = follower or _follower(session, run)
        if follower is not None:
            parts = follower.finish() if ended else follower.available()
            yield from parts if begun or tail is None else _last(parts, tail)
            begun = True
        if ended:
            break
        yield b""
        ended = over.wait(_LOOK_SECONDS)
    if follower is None or not follower.found:
        yield logs.read(session, run.run_id, tail).content


def _follower(session: Session, run: RunRecord) -> LogFollower | None:
    """Return the reading end of the run's log once its row says where that is."""
    with open_record(session) as reader:
        path = find_run(reader, run.run_id).log_path
    return LogFollower(path) if path is not None else None


def _last(parts: Iterator[bytes], count: int) -> Iterator[bytes]:
    kept = b""
    for part in parts:
        kept += part
        if len(kept) > _MOST_KEPT:
            kept = last_lines(kept, count)
    yield last_lines(kept, count)


def _events(
    session: Session, run: RunRecord, after: int, limit: int | None
) -> Iterator[EventRecord | None]:
    over = _watched(session, run)
    place = _Place(run.run_id, after, limit)
    ended = False
    while not ended:
        # Opened again after the end: what could not be written before was spooled, and is merged.
        ended = over.is_set()
        with open_record(session) as reader:
            yield from place.waiting(reader)
            while not over.is_set() and place.left != 0:
                yield None
                over.wait(_LOOK_SECONDS)
                yield from place.waiting(reader)
        ended = ended or place.left == 0


class _Place:
    """How far the events of a run have been read; `left` is how many more are wanted."""

    def __init__(self, run_id: str, after: int, left: int | None) -> None:
        self._run_id = run_id
        self._after = after
        self.left = left

    def waiting(self, reader: Reader) -> Iterator[EventRecord]:
        """Yield the events that have come since."""
        while self.left != 0:
            most = _BATCH if self.left is None else min(self.left, _BATCH)
            found = reader.events(self._run_id, self._after, most)
            if not found:
                return
            yield from found
            self._after = found[-1].event_index
            self.left = None if self.left is None else self.left - len(found)


def _watched(session: Session, run: RunRecord) -> threading.Event:
    """Return an event that is set once the run is over, from a thread that sleeps on its lock."""
    over = threading.Event()

    def watch() -> None:
        try:
            until_over(session, run)
        except RunnerDiedError:
            pass  # read what it left
        finally:
            over.set()

    threading.Thread(target=watch, daemon=True).start()
    return over
