"""What is wrong with a config, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.model.record import Record

if TYPE_CHECKING:
    from docket.model.shapes import ProblemDocument


class Mark(Record):
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(Record):
    """One mistake (or, as a warning, one doubt) with its place and what to do about it."""

    sentence: str
    mark: Mark | None
    key: tuple[str | int, ...] = ()  # path of keys, e.g. ("tasks", "backup", "retry")
    expected: str | None = None
    hint: str | None = None  # e.g. the nearest known key
    code: str = "config.invalid"
    task: str | None = None  # the task it belongs to, if it affects one task only
    spares: bool = False  # it breaks the file that it is in, and nothing in other files

    @property
    def fatal(self) -> bool:
        """Whether no task can be used for it.

        A foreign word at the top level spoils nothing; one that looks like a known key does, for
        then what that key would say is missing.
        """
        foreign = self.code == "config.unknown_key" and len(self.key) == 1 and self.hint is None
        return self.task is None and not foreign and not self.spares

    def document(self) -> ProblemDocument:
        """The problem as a JSON object."""
        return {
            "error": self.sentence,
            "error_code": self.code,
            "file": self.mark.file if self.mark else None,
            "line": self.mark.line if self.mark else None,
            "column": self.mark.column if self.mark else None,
            "key": ".".join(str(part) for part in self.key) or None,
            "expected": self.expected,
            "hint": self.hint,
            "task": self.task,
        }
