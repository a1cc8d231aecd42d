"""The answer of a command: document, text and exit code; it is printed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from docket.cli.render.layout.screen import Screen
from docket.errors import DocketError
from docket.model.problem import Problem
from docket.model.record import Record


class Answer(Record):
    """One finished answer, in both forms.

    `text` is made only if text is wanted, for the screen that it is shown on. `problems`,
    `warnings` and the `error` that makes the answer incomplete go to standard error beside the
    text; the document holds them itself.
    """

    document: Any
    text: Callable[[Screen], str]
    exit_code: int = 0
    warnings: tuple[str | Problem, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: DocketError | None = None


class AnswerStream(Record):
    """An answer in parts, each written as it comes; an empty part asks for a flush.

    `endless` is one that Ctrl-C normally ends: that is not a failure.
    """

    parts: Iterable[bytes]
    exit_code: int = 0
    endless: bool = False


def said(*sentences: str) -> Callable[[Screen], str]:
    """Return the text form that is just these lines."""
    return lambda _screen: "\n".join(sentences)
