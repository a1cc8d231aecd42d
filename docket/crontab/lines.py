"""A crontab, line by line: entries with the settings above them, and what is wrong elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping

from docket.crontab.assignments import read_assignment
from docket.model.problem import Mark, Problem
from docket.model.record import Record, field

LONGEST_LINE = 998  # cron cuts a longer command, or refuses it

_MACRO = re.compile(r"(@[^ \t]*)(?:[ \t]+(.*))?", re.DOTALL)
_FIELDS = re.compile(r"((?:[^ \t]+[ \t]+){4}[^ \t]+)(?:[ \t]+(.*))?", re.DOTALL)
_USER = re.compile(r"([^ \t]+)[ \t]+(.*)", re.DOTALL)
_MARK = b"\xef\xbb\xbf"


class CrontabEntry(Record):
    """One line that runs something.

    `expression` has one blank between its fields, `command` is as written, percent signs and all.
    `settings` are the assignments above it in the file, `comment` the lines right above it.
    """

    mark: Mark
    source: str
    expression: str
    command: str
    user: str | None = None
    comment: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


class Crontab(Record):
    """What one file holds: its entries, the lines that cannot be read, and what is doubtful."""

    file: str
    entries: tuple[CrontabEntry, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def read_crontab(data: bytes, file: str, *, user_field: bool) -> Crontab:
    """Return what the crontab `data` holds; `user_field`: lines name a user."""
    reader = _Reader(file, user_field=user_field)
    if data.startswith(_MARK):
        data = data.removeprefix(_MARK)
        reader.warn(1, "the file begins with a byte order mark, which cron itself refuses")
    lines = data.split(b"\n")
    if lines[-1].strip():
        reader.warn(
            len(lines),
            "the last line does not end with a newline: Debian's cron ignores the whole file, so "
            "that none of its jobs may have run so far",
        )
    for number, line in enumerate(lines, 1):
        reader.take(number, line)
    return reader.result()


class _Reader:
    def __init__(self, file: str, *, user_field: bool) -> None:
        self._file = file
        self._user_field = user_field
        self._settings: dict[str, str] = {}
        self._comment: list[str] = []
        self._returns: list[int] = []
        self._entries: list[CrontabEntry] = []
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def result(self) -> Crontab:
        if self._returns:
            self._refuse(
                self._returns[0],
                f"{_lines(len(self._returns))} with a carriage return (Windows), which cron hands "
                "to the shell as a part of the command",
                "import.line_ends",
                hint="make plain newlines of them, as with `tr -d '\\r'`, and import the result",
            )
        problems = sorted(self._problems, key=lambda problem: problem.mark.line)  # type: ignore[union-attr]
        return Crontab(self._file, tuple(self._entries), tuple(problems), tuple(self._warnings))

    def take(self, number: int, raw: bytes) -> None:
        stripped = raw.strip(b" \t")
        if stripped in (b"", b"\r"):
            self._comment.clear()
        elif stripped.startswith(b"#"):
            self._comment.append(stripped[1:].decode(errors="replace").strip())
        else:
            self._take_active(number, raw)
            self._comment.clear()

    def _take_active(self, number: int, raw: bytes) -> None:
        try:
            line = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = raw[error.start]
            self._refuse(number, f"the byte 0x{byte:02x} is not UTF-8", "import.encoding")
            return
        if "\0" in line:
            self._refuse(
                number, "the line holds a NUL character, where cron stops", "import.encoding"
            )
        elif line.endswith("\r"):
            self._returns.append(number)
        elif (found := read_assignment(line)) is not None:
            self._assign(number, line, *found)
        else:
            self._enter(number, line.lstrip(" \t"))

    def _assign(self, number: int, line: str, name: str, value: str) -> None:
        if len(line.encode()) > LONGEST_LINE:
            self._too_long(number)
            return
        if not value and not line.rstrip().endswith(('"', "'")):
            self.warn(number, f"Debian's cron refuses `{name}=` without quotes and the whole file")
        self._settings[name] = value

    def _enter(self, number: int, line: str) -> None:
        match = (_MACRO if line.startswith("@") else _FIELDS).fullmatch(line)
        if match is None:
            count = len(line.split())
            self._refuse(
                number,
                f"the line has {'one word' if count == 1 else f'{count} words'}, and cron wants "
                "five fields and a command, or NAME=value",
                "import.not_a_job",
                hint="put a `#` before what is a comment",
            )
            return
        expression, command = " ".join(match[1].split()), match[2] or ""
        user = None
        if self._user_field and command:
            named = _USER.fullmatch(command)
            user, command = (named[1], named[2]) if named else (command, "")
        if len(command.encode()) > LONGEST_LINE:
            self._too_long(number)
        elif not command.strip() or command.startswith("%"):
            self._refuse(number, "there is no command after the schedule", "import.no_command")
        elif command.startswith("*") and not self._user_field:
            self._refuse(
                number,
                "the command begins with `*`, which cron takes for a sixth field",
                "import.not_a_job",
                hint="cron has five fields: take one out",
            )
        else:
            mark = Mark(self._file, number, 1)
            comment, settings = tuple(self._comment), dict(self._settings)
            self._entries.append(
                CrontabEntry(mark, line, expression, command, user, comment, settings)
            )

    def _too_long(self, number: int) -> None:
        self._refuse(
            number,
            f"it is longer than the {LONGEST_LINE} bytes that cron takes",
            "import.too_long",
            hint="put the command into a script",
        )

    def warn(self, number: int, sentence: str) -> None:
        mark = Mark(self._file, number, 1)
        self._warnings.append(Problem(sentence, mark, code="import.doubtful"))

    def _refuse(self, number: int, sentence: str, code: str, hint: str | None = None) -> None:
        mark = Mark(self._file, number, 1)
        self._problems.append(Problem(sentence, mark, hint=hint, code=code))


def _lines(count: int) -> str:
    return "the line ends" if count == 1 else f"{count} lines from here on end"
