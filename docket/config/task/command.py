"""The part of a task that is a program: its words, and what its output means."""

from __future__ import annotations

import os
import re
import shlex

from docket.config.task.entry import TaskEntry
from docket.config.task.secrets import looks_like_token
from docket.config.yaml.codes import Code
from docket.model.states import OutputFormat
from docket.model.task.task import CommandSpec

# A word that is a pipe, a redirection or a list sign, or that ends with a semicolon.
_OPERATOR = re.compile(r"^(\|\|?|&&?|;|<<?|[0-9&]?>>?.*)$|[^\\];$")
_SHELLS = frozenset({"sh", "bash", "dash", "ksh", "zsh", "fish", "busybox"})
_VARIABLE = re.compile(r"\$(\w+|\{\w+\})|\$\(|`")


def command_spec(entry: TaskEntry, user_home: str) -> CommandSpec:
    """Return the program of a command task; mistakes are noted, and leave words out."""
    argv = _words(entry, "command", user_home)
    dry_run = _words(entry, "dry_run_command", user_home)
    dry_args = tuple(entry.value("dry_run_args", ()))
    if dry_run or entry.has("dry_run_args"):
        dry_run = (dry_run or argv) + dry_args
    for key in ("command", "args", "dry_run_args", "dry_run_command"):
        _doubt_tokens(entry, key)
    return CommandSpec(
        argv=argv + tuple(entry.value("args", ())),
        dry_run_argv=dry_run,
        output_format=OutputFormat(entry.value("output_format", "text")),
        parse_errors=entry.value("parse_errors", "fail"),
    )


def _words(entry: TaskEntry, key: str, user_home: str) -> tuple[str, ...]:
    value = entry.value(key)
    if value is None:
        return ()
    words = _split(entry, key, value) if isinstance(value, str) else tuple(value)
    if words and words[0].startswith("~/"):
        words = (user_home + words[0][1:], *words[1:])
    return words


def _split(entry: TaskEntry, key: str, line: str) -> tuple[str, ...]:
    # The older program read a text as one word, so the path of a program may hold spaces.
    if os.path.isabs(line) and os.path.isfile(line):
        return (line,)
    try:
        words = tuple(shlex.split(line))
    except ValueError:
        entry.problem(
            (key,), f"`{key}`: a quote or a backslash is left open", expected="a command line"
        )
        return ()
    operator = next((w for w in words if _OPERATOR.search(w) and not _quoted(line, w)), None)
    if operator is not None:
        entry.problem(
            (key,),
            f"`{key}` is written for a shell, and none runs here",
            expected="a program and its words",
            hint="write [sh, -c, '...'] with the whole line as the last word, "
            "or put the sign in quotes if it is meant as it is",
        )
    if not words:
        entry.problem((key,), f"`{key}` holds no word", expected="a command line")
    if not _is_shell(words) and any(_VARIABLE.search(word) for word in words):
        entry.warn(
            (key,),
            f"`{key}`: no shell runs, so `$` and backquotes stay as they are",
            hint="write [sh, -c, '...'] if a shell is meant",
        )
    return words


def _is_shell(words: tuple[str, ...]) -> bool:
    """Whether the words start a shell, which reads its signs itself."""
    return bool(words) and words[0].rpartition("/")[2] in _SHELLS


def _quoted(line: str, word: str) -> bool:
    return f'"{word}"' in line or f"'{word}'" in line or f"\\{word}" in line


def _doubt_tokens(entry: TaskEntry, key: str) -> None:
    value = entry.value(key)
    words = [value] if isinstance(value, str) else value or []
    if any(looks_like_token(word) for word in words):
        entry.warn(
            (key,),
            f"`{key}` holds what looks like a secret: everybody can read it in the process list",
            hint="let the task read it from the environment (env_file) or a credential",
            code=Code.SECRET,
        )
