"""Somebody's editor on a file, and asking whether to go on."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from docket.app.editing.configure import CheckReport
from docket.cli import streams
from docket.cli.call import Call
from docket.cli.render.check import findings
from docket.cli.render.layout.screen import screen_of
from docket.errors import DocketError, ToolMissingError

FALLBACK = "vi"


class EditorFailedError(DocketError):
    """The editor ended with a failure, so what it left is not taken."""

    code = "editor.failed"


def offer_again(call: Call) -> Callable[[CheckReport], bool]:
    """Return what shows a user what is wrong with an edited text, and asks whether to go on."""

    def again(report: CheckReport) -> bool:
        if call.json:
            return False
        screen = screen_of(sys.stderr, call.environ, time.time_ns() // 1000)
        streams.complain("\n".join(findings(report, screen)))
        return ask("Re-edit to fix? [Y/n]")

    return again


def edit(path: str, environ: Mapping[str, str]) -> None:
    """Open `path` in the user's editor and wait for its end.

    Raises ToolMissingError if there is no such program, EditorFailedError if it fails.
    """
    named = environ.get("VISUAL") or environ.get("EDITOR") or FALLBACK
    try:
        words = shlex.split(named)
    except ValueError:
        words = [named]
    # Ctrl-C belongs to the editor; a handler, unlike ignoring, is not passed on to it.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.call([*words, path], env=dict(environ))
    except OSError as error:
        raise ToolMissingError(
            f"The editor {words[0] if words else named!r} cannot be started: {error.strerror}.",
            hint="set VISUAL or EDITOR to an editor that is installed",
        ) from None
    finally:
        signal.signal(signal.SIGINT, before)
    if code != 0:
        raise EditorFailedError(
            f"The editor '{named}' ended with exit code {code}.", hint="nothing was saved"
        )


def ask(question: str) -> bool:
    """Ask on the terminal; an empty answer is yes, and no answer at all is no."""
    if sys.stdin is None or not sys.stdin.isatty():
        return False
    streams.complain(question)
    answer = sys.stdin.readline()
    return bool(answer) and answer.strip().lower() in ("", "y", "yes")
