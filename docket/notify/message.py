"""The contents of a message about a run, in plain values."""

from __future__ import annotations

from docket.model.struct import Struct
from docket.model.text.placeholders import fill
from docket.model.time.humantime import duration, local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_USUAL = "Docket {task} {status} on {host}: {summary} ({run_id}) in {duration}"


class Message(Struct):
    """One message about one run.

    `event` is success, failure, reminder, recovery, cancelled, start or test; `note` a line that
    says how the run relates to those before it; `output` the end of what the run printed, if
    asked for.
    """

    event: str
    task: str
    run_id: str
    status: str
    error_code: str | None
    exit_code: int
    consecutive_failures: int
    failing_since: str | None  # ISO 8601: when the first of those failures began
    command_exit_code: int | None
    summary: str
    started_at: str  # ISO 8601
    finished_at: str
    started_us: int  # microseconds since the epoch
    finished_us: int
    duration_seconds: float
    trigger: str
    host: str
    note: str
    output: str
    template: str  # "" means the usual text

    @property
    def bad(self) -> bool:
        """Whether it reports a failure."""
        return self.event in ("failure", "reminder")

    @property
    def title(self) -> str:
        """One short line, for channels that have one."""
        word = {"reminder": "still " + self.status, "recovery": "works again"}
        return f"{self.task}: {word.get(self.event, self.status)} on {self.host}"

    def text(self, escape: Callable[[str], str] = str, *, with_output: bool = True) -> str:
        """Return the whole text; `escape` makes a value harmless to the channel's own marks."""
        lines = [fill(self.template or _escaped_braces(escape), self._values(escape))]
        if self.note:
            lines.append(escape(self.note))
        if with_output and self.output:
            lines.append(escape("The end of the output:\n" + self.output))
        return "\n".join(lines)

    def _values(self, escape: Callable[[str], str]) -> dict[str, str]:
        plain = {
            "event": self.event,
            "task": self.task,
            "task_name": self.task,
            "run_id": self.run_id,
            "status": self.status,
            "summary": self.summary,
            "duration": duration(self.duration_seconds),
            "host": self.host,
            "started_at": local(self.started_us),
            "finished_at": local(self.finished_us),
        }
        return {name: escape(value) for name, value in plain.items()}


def _escaped_braces(escape: Callable[[str], str]) -> str:
    """Return the usual text with its own brackets and dots escaped, its placeholders kept."""
    pieces = _USUAL.replace("{", "\0{").replace("}", "}\0").split("\0")
    return "".join(piece if piece.startswith("{") else escape(piece) for piece in pieces)
