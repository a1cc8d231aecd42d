"""The kept part of a child's output: its beginning and end as text, and the parsed values.

Memory stays flat whatever the child writes; a note says what is left out.
"""

from __future__ import annotations

from docket.model.excerpt import decoded
from docket.model.jsontext import loads_output
from docket.model.states import OutputFormat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LARGEST_JSON = 1024 * 1024
LARGEST_LINE = 64 * 1024  # longer lines are passed on in pieces
_KEPT_EVENTS = 1000
_KEPT_EVENT_BYTES = 256 * 1024
_KEPT_BAD_LINES = 100
_SHOWN_OF_LINE = 200


class PlainOutput:
    """`output_format: text`: nothing is made of the output."""

    def feed(self, block: bytes) -> None:
        """Take the next whole lines."""

    def finish(self) -> None:
        """Take note that the output is over."""

    def details(self) -> dict[str, Any]:
        """Return what the output adds to the details of the run."""
        return {}

    @property
    def problem(self) -> str | None:
        """The sentence that says why the output is not what was declared, or None."""
        return None


class JsonOutput(PlainOutput):
    """`output_format: json`: the whole standard output is one JSON value."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._total = 0
        self._details: dict[str, Any] = {}

    def feed(self, block: bytes) -> None:
        """Take the next whole lines."""
        self._total += len(block)
        if self._total <= LARGEST_JSON:
            self._data += block

    def finish(self) -> None:
        """Parse what was collected."""
        if self._total > LARGEST_JSON:
            reason = f"{self._total} bytes are more than the {LARGEST_JSON} that are read"
            self._details = {"parse_error": f"Invalid JSON stdout: {reason}"}
            return
        try:
            self._details = {"json": loads_output(self._data.decode("utf-8"))}
        except ValueError as error:
            self._details = {"parse_error": f"Invalid JSON stdout: {error}"}
        self._data.clear()

    def details(self) -> dict[str, Any]:
        """Return the value, or why there is none."""
        return self._details

    @property
    def problem(self) -> str | None:
        """Why the output is no JSON value, or None."""
        return self._details.get("parse_error")


class JsonLinesOutput(PlainOutput):
    """`output_format: jsonl`: each line is a JSON object, an event as soon as it is written."""

    def __init__(self, report: Callable[[dict[str, Any], str], None]) -> None:
        self._report = report
        self._partial = b""
        self._too_long = False  # only the beginning of an unfinished line is kept
        self._line = 0
        self._count = 0
        self._bad = 0
        self._kept_bytes = 0
        self._events: list[dict[str, Any]] = []
        self._last: dict[str, Any] | None = None
        self._bad_lines: list[dict[str, Any]] = []

    def feed(self, block: bytes) -> None:
        """Take the next bytes, and report the events of whole lines."""
        data = self._partial + block if self._partial else block
        lines = data.split(b"\n")
        self._partial = lines.pop()
        for line in lines:
            self._take(line)
        if len(self._partial) > LARGEST_JSON or self._too_long:
            self._too_long = True
            self._partial = self._partial[:_SHOWN_OF_LINE]

    def finish(self) -> None:
        """Take a last line that has no newline."""
        if self._partial:
            self._take(self._partial)
        self._partial = b""

    def details(self) -> dict[str, Any]:
        """Return the first events, how many there were, the last one, and the bad lines."""
        found: dict[str, Any] = {
            "events": self._events,
            "event_count": self._count,
            "last_event": self._last,
        }
        if self._count > len(self._events):
            found["events_truncated"] = True
        if self._bad:
            found["invalid_jsonl_lines"] = self._bad_lines
            found["invalid_jsonl_line_count"] = self._bad
        return found

    @property
    def problem(self) -> str | None:
        """Which line is no JSON object, or None."""
        if not self._bad:
            return None
        first = self._bad_lines[0]
        return f"Invalid JSONL stdout: line {first['line']}: {first['error']}"

    def _take(self, line: bytes) -> None:
        self._line += 1
        if self._too_long:
            self._too_long = False
            self._refuse(line, f"the line is longer than {LARGEST_JSON} bytes")
            return
        if not line or line.isspace():
            return
        try:
            text = line.decode("utf-8")
            event = loads_output(text)
        except ValueError as error:
            self._refuse(line, str(error))
            return
        if not isinstance(event, dict):
            self._refuse(line, "not a JSON object")
            return
        self._count += 1
        self._last = event
        if self._count <= _KEPT_EVENTS and self._kept_bytes + len(line) <= _KEPT_EVENT_BYTES:
            self._kept_bytes += len(line)
            self._events.append(event)
        self._report(event, text)

    def _refuse(self, line: bytes, reason: str) -> None:
        self._bad += 1
        if len(self._bad_lines) < _KEPT_BAD_LINES:
            self._bad_lines.append(
                {"line": self._line, "error": reason, "text": decoded(line[:_SHOWN_OF_LINE])}
            )


class GuessedOutput(PlainOutput):
    """`output_format: auto`: a JSON value, JSON objects by line, or text, decided at the end."""

    def __init__(self, report: Callable[[dict[str, Any], str], None]) -> None:
        self._report = report
        self._data = bytearray()
        self._total = 0
        self._details: dict[str, Any] = {}

    def feed(self, block: bytes) -> None:
        """Take the next whole lines."""
        self._total += len(block)
        if self._total <= LARGEST_JSON:
            self._data += block
        else:
            self._data.clear()

    def finish(self) -> None:
        """Tell what the output was."""
        if not self._data.lstrip().startswith((b"{", b"[")):
            return
        whole = JsonOutput()
        whole.feed(bytes(self._data))
        whole.finish()
        if whole.problem is None:
            self._details = whole.details()
            return
        events: list[tuple[dict[str, Any], str]] = []
        lines = JsonLinesOutput(lambda event, text: events.append((event, text)))
        lines.feed(bytes(self._data))
        lines.finish()
        if lines.problem is None:
            self._details = lines.details()
            for event, text in events:
                self._report(event, text)

    def details(self) -> dict[str, Any]:
        """Return what was found."""
        return self._details


def parser_for(output_format: str, report: Callable[[dict[str, Any], str], None]) -> PlainOutput:
    """Return the parser for a task's standard output; `report` is called for each event."""
    match OutputFormat(output_format):
        case OutputFormat.TEXT:
            return PlainOutput()
        case OutputFormat.JSON:
            return JsonOutput()
        case OutputFormat.JSONL:
            return JsonLinesOutput(report)
        case OutputFormat.AUTO:
            return GuessedOutput(report)
