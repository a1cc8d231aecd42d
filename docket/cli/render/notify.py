"""How notifications look."""

from __future__ import annotations

from docket.app.runs.notifytest import ChannelOutcome, NotifyTest
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen


def test_text(tested: NotifyTest, screen: Screen) -> str:
    """Return one line for each channel."""
    return "\n".join(_line(channel, screen) for channel in tested.channels)


def _line(channel: ChannelOutcome, screen: Screen) -> str:
    mark = screen.tick if channel.ok else screen.cross
    ink = Ink.GOOD if channel.ok else Ink.BAD
    words = f"{channel.channel}: {channel.state}"
    if channel.problem:
        words += f": {channel.problem}"
    elif channel.exit_code:
        words += f" ({channel.exit_code})"
    return screen.paint(f"{mark} {one_line(words)}", ink)
