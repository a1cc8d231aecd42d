"""Shows the progress that a run's task reports, below what the run prints."""

from __future__ import annotations

import fcntl
import os
import select
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

from docket.app.catalog.lookup import state_db
from docket.app.session.session import Session
from docket.app.text.documents import iso
from docket.errors import DocketError
from docket.model.record import Record
from docket.model.records import EventRecord
from docket.store.reader import Reader, open_reader

if TYPE_CHECKING:
    from docket.app.runs.shapes import ProgressDocument

_CHUNK = 1 << 16
_ABOVE_STANDARD = 10
_LOOK_SECONDS = 0.25
_QUIET_SECONDS = 0.2  # how long a pipe that somebody keeps open is listened to after the end


class RunProgress(Record):
    """What a task said last: the fraction that is done (0 to 1, None: not known) and at what."""

    fraction: float | None
    message: str
    at_us: int

    def document(self) -> ProgressDocument:
        """Return the progress as a JSON object."""
        return {"fraction": self.fraction, "message": self.message, "at": iso(self.at_us)}


class Display(Protocol):
    """Shows the output of a run, and its progress below it."""

    def output(self, data: bytes) -> None:
        """Show what the run printed."""

    def progress(self, progress: RunProgress) -> None:
        """Show how far it is."""

    def close(self) -> None:
        """Remove the progress, and leave only the output."""


def progress_document(progress: RunProgress | None) -> ProgressDocument | None:
    """Return the progress as a JSON object, null if there is none."""
    return None if progress is None else progress.document()


def progress_of(reader: Reader, run_id: str) -> RunProgress | None:
    """Return the last progress of a run; None if it reported none."""
    event = reader.last_progress(run_id)
    return None if event is None else _understood(event)


def _understood(event: EventRecord) -> RunProgress:
    return progress_in(event.event if isinstance(event.event, dict) else {}, event.at_us)


def progress_in(said: Mapping[str, Any], at_us: int) -> RunProgress:
    """Return the progress that an event reports; wrong values count as missing."""
    fraction = said.get("fraction")
    if isinstance(fraction, bool) or not isinstance(fraction, int | float):
        fraction = None
    message = said.get("message")
    return RunProgress(
        # A whole number of 400 digits is not a float: cut it to the range first.
        None if fraction is None else float(min(max(fraction, 0.0), 1.0)),
        message if isinstance(message, str) else "",
        at_us,
    )


@contextmanager
def shown_on(display: Display, session: Session, run_id: str) -> Iterator[int]:
    """Give a descriptor for the output of the run `run_id`, which goes to `display` meanwhile.

    What the run reports of its progress is looked up several times a second.
    """
    ends = os.pipe2(os.O_CLOEXEC)
    reading, writing = (fcntl.fcntl(e, fcntl.F_DUPFD_CLOEXEC, _ABOVE_STANDARD) for e in ends)
    for end in ends:
        os.close(end)
    over = threading.Event()
    show = _Show(display, session, run_id, reading, over)
    thread = threading.Thread(target=show.serve, daemon=True)
    thread.start()
    try:
        yield writing
    finally:
        os.close(writing)
        over.set()
        thread.join()
        os.close(reading)


class _Show:
    """The thread that reads a run's output and looks for its progress."""

    def __init__(
        self, display: Display, session: Session, run_id: str, reading: int, over: threading.Event
    ) -> None:
        self._display = display
        self._session = session
        self._run_id = run_id
        self._reading = reading
        self._over = over
        self._look_at = time.monotonic() + _LOOK_SECONDS
        self._seen: RunProgress | None = None

    def serve(self) -> None:
        """Show everything until the run is over and its pipe is empty."""
        poll = select.poll()
        poll.register(self._reading, select.POLLIN)
        with suppress(OSError):  # the terminal is gone: the run goes on, and its log is whole
            while True:
                over = self._over.is_set()
                if poll.poll((_QUIET_SECONDS if over else _LOOK_SECONDS) * 1000):
                    data = os.read(self._reading, _CHUNK)
                    if not data:
                        break
                    self._display.output(data)
                elif over:
                    break
                self._look()
            self._display.close()
        self._drain()

    def _look(self) -> None:
        if time.monotonic() < self._look_at or self._over.is_set():
            return
        found = None
        # No record yet, or none that can be read: then nothing is shown.
        with suppress(DocketError), open_reader(state_db(self._session)) as reader:
            found = progress_of(reader, self._run_id)
        if found is not None and found != self._seen:
            self._seen = found
            self._display.progress(found)
        self._look_at = time.monotonic() + _LOOK_SECONDS

    def _drain(self) -> None:
        """Read on for as long as the run writes, so that it never waits for us."""
        with suppress(OSError):
            while not self._over.is_set() and os.read(self._reading, _CHUNK):
                pass
