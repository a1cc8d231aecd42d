"""An answer that is kept on the screen and renewed until Ctrl-C."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator

from docket.app.text.jsonform import compact
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.render.errors import beside_text

_USUAL_HEIGHT = 24
_HOME = "\x1b[H"
_CLEAR_REST_OF_LINE = "\x1b[K"
_CLEAR_BELOW = "\x1b[J"


def frames(
    call: Call, answer: Callable[[], tuple[Answer, bool]], seconds: float = 2.0
) -> Iterator[bytes]:
    """Yield an answer every `seconds`, until it says that it was the last one, or Ctrl-C.

    On a terminal each takes the place of the one before; with --json each is one line.
    """
    while True:
        shown, last = answer()
        yield _as_json(shown) if call.json else _as_text(shown, call)
        yield b""
        if last:
            return
        time.sleep(seconds)


def _as_json(answer: Answer) -> bytes:
    return compact(answer.document).encode() + b"\n"


def _as_text(answer: Answer, call: Call) -> bytes:
    screen = call.screen()
    text = answer.text(screen)
    if answer.warnings:
        text += "\n\n" + beside_text((), answer.warnings, screen)
    if not screen.terminal:
        return (text + "\n\n").encode(errors="backslashreplace")
    lines = text.split("\n")[: _height()]
    painted = "".join(f"{line}{_CLEAR_REST_OF_LINE}\n" for line in lines)
    return f"{_HOME}{painted}{_CLEAR_BELOW}".encode(errors="backslashreplace")


def _height() -> int:
    try:
        lines = os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        lines = 0
    return (lines or _USUAL_HEIGHT) - 1
