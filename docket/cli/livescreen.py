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
from docket.cli.render.layout.plain import cut
from docket.cli.render.layout.screen import Ink, Screen
from docket.model.time.humantime import local

_USUAL_HEIGHT = 24
_USUAL_WIDTH = 80
_FEWEST_LINES = 3
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
        yield _as_json(shown) if call.json else _as_text(shown, call, seconds)
        yield b""
        if last:
            return
        time.sleep(seconds)


def _as_json(answer: Answer) -> bytes:
    return compact(answer.document).encode() + b"\n"


def _as_text(answer: Answer, call: Call, seconds: float) -> bytes:
    screen = call.screen()
    warnings = beside_text((), answer.warnings, screen).split("\n") if answer.warnings else []
    if not screen.terminal:
        lines = [answer.text(screen), *(["", *warnings] if warnings else []), ""]
        return "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace")
    lines = [_clock(screen, seconds), *warnings]
    room = max(_height() - len(lines), _FEWEST_LINES)
    lines += _fitted(answer.text(screen.replace(height=room)).split("\n"), room)
    painted = "".join(f"{line}{_CLEAR_REST_OF_LINE}\n" for line in lines)
    return f"{_HOME}{painted}{_CLEAR_BELOW}".encode(errors="backslashreplace")


def _clock(screen: Screen, seconds: float) -> str:
    """Return when this was true, and how the watch goes on and ends."""
    text = f"{local(screen.now_us)}, every {seconds:g} s until Ctrl-C"
    return screen.paint(cut(text, screen.width or _USUAL_WIDTH, screen.ellipsis), Ink.FAINT)


def _fitted(lines: list[str], room: int) -> list[str]:
    """Return at most `room` lines; the last of them says how many there is no room for."""
    if len(lines) <= room:
        return lines
    kept = lines[: room - 1]
    return [*kept, f"({len(lines) - len(kept)} more lines: the window is too low)"]


def _height() -> int:
    try:
        lines = os.get_terminal_size(sys.stdout.fileno()).lines
    except (OSError, ValueError):
        lines = 0
    return (lines or _USUAL_HEIGHT) - 1
