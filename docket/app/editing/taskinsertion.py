"""Tasks put into the text of a config; every other line of it stays as it is."""

from __future__ import annotations

import re

_TASKS = re.compile(r"tasks:[ \t]*(?:\{[ \t]*\}|null|~)?[ \t]*(?:#.*)?")
_TOP_LEVEL = re.compile(r"[^\s#]")


def with_tasks(text: str, tasks: str) -> str | None:
    """Return a config with more tasks below its `tasks:`; None if `tasks:` is on one line.

    `tasks` are lines with an indentation of two; they get the one that the config has.
    """
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    starts = [at for at, line in enumerate(lines) if re.match(r"['\"]?tasks['\"]?[ \t]*:", line)]
    if not starts:
        return f"{''.join(lines)}tasks:\n{tasks}"
    start = starts[0]
    if not _TASKS.fullmatch(lines[start].rstrip("\r\n")):
        return None
    lines[start] = re.sub(r"^tasks:[ \t]*(?:\{[ \t]*\}|null|~)", "tasks:", lines[start])
    end, indent = _block(lines, start + 1)
    between = "" if end == start + 1 else "\n"
    return "".join((*lines[:end], between, _indented(tasks, indent or "  "), *lines[end:]))


def _block(lines: list[str], start: int) -> tuple[int, str]:
    """Return where the block that begins at `start` ends, and its indentation."""
    end, indent = start, ""
    for at in range(start, len(lines)):
        line = lines[at]
        if _TOP_LEVEL.match(line):
            break
        bare = line.strip()
        if bare and line[0] == " ":
            end = at + 1
            if not indent and not bare.startswith("#"):
                indent = line[: len(line) - len(line.lstrip(" "))]
    return end, indent


def _indented(tasks: str, indent: str) -> str:
    lines = tasks.splitlines(keepends=True)
    return "".join(indent + line.removeprefix("  ") if line.strip() else line for line in lines)
