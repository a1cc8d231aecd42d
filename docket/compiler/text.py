"""The text of one unit file, section by section; unwritable values are refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docket.compiler.quoting import (
    command_line,
    double_percent,
    path_refusal,
    quote_assignment,
    quote_path,
    refusal,
    value_refusal,
)
from docket.errors import CompileError

_MEASURE = re.compile(r"-?[0-9]+(?:\.[0-9]+)?[A-Za-z]{0,3}%?|infinity")

_SPECIFIERS = {"CREDENTIALS_DIRECTORY": "%d", "XDG_RUNTIME_DIR": "%t"}


class UnitText:
    """Collects the lines of one unit file for `task`; CompileError names the task and the key."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._blocks: list[str] = []

    def section(self, name: str) -> None:
        """Begin a section."""
        self._blocks.append(f"\n[{name}]" if self._blocks else f"[{name}]")

    def fixed(self, *lines: str) -> None:
        """Add lines that hold nothing of the user's."""
        self._blocks.extend(lines)

    def value(self, directive: str, text: str, key: str) -> None:
        """Add one directive with the value that the user's `key` gives it."""
        why = value_refusal(text)
        if why is not None:
            raise refused(self._task, key, why)
        self._blocks.append(f"{directive}={double_percent(text)}")

    def measure(self, directive: str, text: str, key: str) -> None:
        """Add a number with its unit, such as `512M` or `50%`, which systemd takes verbatim."""
        if not _MEASURE.fullmatch(text):
            raise refused(self._task, key, f"is {text!r}")
        self._blocks.append(f"{directive}={text}")

    def paths(self, directive: str, paths: Sequence[str], key: str) -> None:
        """Add paths, each of which may be missing when the service starts."""
        for path in paths:
            why = path_refusal(path)
            if why is not None:
                raise refused(self._task, key, why)
        if paths:
            self._blocks.append(f"{directive}={' '.join(quote_path('-' + path) for path in paths)}")

    def command(self, directive: str, words: Sequence[str], *, privileged: bool = False) -> None:
        """Add one command line of Docket's own.

        A `privileged` one runs outside of the sandbox, and its failure does not keep the task from
        running: the runner itself records what is wrong.
        """
        for word in words:
            why = refusal(word)
            if why is not None:
                raise refused(self._task, directive, why)
        prefix = "-+" if privileged else ""
        try:
            self._blocks.append(f"{directive}={prefix}{command_line(words)}")
        except ValueError as error:
            raise refused(self._task, directive, str(error)) from None

    def program(self, words: Sequence[str], key: str) -> None:
        """Add the user's own command line as ExecStart=; line breaks in a word are carried."""
        for word in words:
            why = refusal(word.replace("\n", " ").replace("\r", " "))
            if why is not None:
                raise refused(self._task, key, why)
        try:
            self._blocks.append(f"ExecStart={command_line(words)}")
        except ValueError as error:
            raise refused(self._task, key, str(error)) from None

    def variable(self, name: str, value: str, key: str) -> None:
        """Add one variable of the user's as Environment=; line breaks in it are carried.

        The directories that only a run knows are written as systemd's own specifiers.
        """
        why = refusal(value.replace("\n", " ").replace("\r", " "))
        if why is not None:
            raise refused(self._task, key, why)
        try:
            line = quote_assignment(name, value)
        except ValueError as error:
            raise refused(self._task, key, str(error)) from None
        for directory, specifier in _SPECIFIERS.items():
            line = line.replace(f"${{{directory}}}", specifier)
            if value == f"${directory}" or value.startswith(f"${directory}/"):
                line = line.replace(f"=${directory}", f"={specifier}", 1)
        self._blocks.append(f"Environment={line}")

    def body(self) -> str:
        """Return the whole text, ending with a line end."""
        return "\n".join(self._blocks) + "\n"


def refused(task: str, key: str, why: str) -> CompileError:
    """Return the error for a value of `key` that no unit file can carry."""
    return CompileError(
        f"Task '{task}': `{key}` {why}, and no unit file can carry that.",
        hint="Write it on one line, without control characters.",
        task=task,
        key=key,
    )
