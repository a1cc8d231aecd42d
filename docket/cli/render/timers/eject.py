"""How ejected tasks look: their units, or what was written, lost, and left to do."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.install.eject import EjectReport
from docket.cli.render.layout.plain import exact, lines
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step


def eject_text(report: EjectReport, screen: Screen) -> str:
    """Return the units if nothing was written, else what was done."""
    return "\n".join(_shown(report, screen) if report.directory is None else _done(report, screen))


def _shown(report: EjectReport, screen: Screen) -> Iterator[str]:
    for number, (name, text) in enumerate(
        (name, text) for ejected in report.ejected for name, text in ejected.units.items()
    ):
        if number:
            yield ""
        yield screen.paint(f"# {exact(name)}", Ink.STRONG)
        yield from lines(text.rstrip("\n"))


def _done(report: EjectReport, screen: Screen) -> Iterator[str]:
    for label, ink, values in (
        ("Written:", Ink.GOOD, report.written),
        ("Removed:", Ink.BAD, report.removed),
        ("Enabled:", Ink.GOOD, report.enabled),
        ("Started:", Ink.GOOD, report.started),
    ):
        for value in values:
            yield f"{screen.paint(label, ink)} {exact(value)}"
    for ejected in report.ejected:
        yield f"What {exact(ejected.task)} loses:"
        yield from (f"  - {exact(lost)}" for lost in ejected.lost)
    for step in report.next_steps:
        yield next_step(step, "starts the new timers", screen)
