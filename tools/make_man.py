"""Write docs/man/docket.1 from the command line's own definitions.

`python tools/make_man.py` writes the page, `--check` only says whether it is up to date.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence

import click
from generated import ROOT, renew

sys.path.insert(0, ROOT)

from docket import __version__
from docket.cli.clickgroup import Command, DocketGroup, is_shared, program
from docket.cli.commandtable import VERBS
from docket.errorcodes import codes_and_causes

TAIL = r"""
.SH EXIT STATUS
.TP
.B 0
Success. A run that was skipped by a guard counts as one.
.TP
.B 1
A failure of any kind: a failed run, a wrong command line, a config that cannot be used.
.TP
.B 2
A dry run completed.
.TP
.B 130
Interrupted by Ctrl\-C, or the run was cancelled.
.SH ENVIRONMENT
.TP
.B DOCKET_HOME
The Docket home; ~/.docket if it is not set.
.TP
.B DOCKET_CONFIG
The config file; config.yaml in the home if it is not set.
.TP
.B DOCKET_MCP_ALLOW_DESTRUCTIVE
Set to 1, true, yes or allow when
.B docket mcp
starts, agents may run tasks that are destructive.
.TP
.BR VISUAL ", " EDITOR
The editor of
.BR "docket configure" .
.TP
.B NO_COLOR
Set to anything, no colours are used.
.TP
.B COLUMNS
How wide tables may be.
.TP
.B DOCKET_DEBUG
Set to 1, an error inside Docket prints its traceback.
.SH FILES
.TP
.I ~/.docket/config.yaml
The tasks (with
.BR \-\-system :
.IR /etc/docket/config.yaml ).
.TP
.I ~/.docket/tasks/*.py
Drop\-in tasks in Python.
.TP
.I ~/.docket/state.db
The record of runs.
.TP
.I ~/.docket/logs/
What runs printed.
.TP
.I ~/.config/systemd/user/docket\-*.timer
The installed timers, each with its service beside it.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1),
.BR systemd.timer (5),
.BR systemd.time (7)
"""


def page() -> str:
    """Return the text of the manual page."""
    group = program()
    lines = [
        f'.TH DOCKET 1 "" "docket {__version__}" "User Commands"',
        ".SH NAME",
        r"docket \- scheduled and on\-demand jobs: systemd owns the timing, Docket the execution",
        ".SH SYNOPSIS",
        ".B docket",
        r"[OPTIONS] COMMAND [ARGS]...",
        ".SH DESCRIPTION",
        *_paragraphs(group.help or ""),
        ".SH OPTIONS",
        "The options of every command come before or after the command.",
        *_options([p for p in group.params if isinstance(p, click.Option)]),
        ".SH COMMANDS",
    ]
    for name in VERBS:
        lines += _command(group, name)
    lines += [".SH ERROR CODES", *_codes()]
    return "\n".join(lines) + TAIL


def _codes() -> Iterator[str]:
    yield "The values of error_code, of errors and then of runs. What to do: docket schema errors."
    for code in codes_and_causes():
        yield from (".TP", f".B {_safe(code.code)}", _safe(code.meaning))


def _command(group: DocketGroup, name: str) -> Iterator[str]:
    command = group.get_command(click.Context(group), name)
    assert isinstance(command, Command)
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    words = " ".join(["docket", name, *map(_argument, arguments)])
    yield f".SS {_safe(words)}"
    yield from _paragraphs(command.help or "")
    own = [
        p
        for p in command.params
        if isinstance(p, click.Option) and not is_shared(p) and "--help" not in p.opts
    ]
    yield from _options(own)


def _options(options: Sequence[click.Option]) -> Iterator[str]:
    for option in options:
        names = ", ".join(rf"\fB{_safe(name)}\fR" for name in option.opts)
        value = _value(option)
        yield ".TP"
        yield f"{names} {value}".rstrip()
        yield _safe(" ".join((option.help or "").split()))


def _argument(argument: click.Argument) -> str:
    return argument.metavar or argument.human_readable_name


def _value(option: click.Option) -> str:
    if option.is_flag or option.count:
        return ""
    if isinstance(option.type, click.Choice):
        return rf"\fI{_safe('|'.join(option.type.choices))}\fR"
    return rf"\fI{_safe(option.metavar or 'VALUE')}\fR"


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        if number:
            yield ".PP"
        yield _safe(" ".join(paragraph.replace("\b", "").split()))


def _safe(text: str) -> str:
    """Return text that roff takes for itself: no escapes, no requests."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    sys.exit(renew("docs/man/docket.1", lambda _before: page(), sys.argv[1:]))
