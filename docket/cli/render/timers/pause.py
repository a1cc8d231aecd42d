"""How pauses and skips look."""

from __future__ import annotations

from docket.app.fires.pause import PauseReport
from docket.cli.render.layout.plain import exact
from docket.model.time.humantime import local


def pause_text(report: PauseReport) -> str:
    """Return which tasks are paused, and for how long."""
    until = report.until_us
    end = "until `docket resume`" if until is None else f"until {local(until)}"
    return "\n".join(f"Paused {end}: {exact(task)}" for task in report.tasks)


def resume_text(report: PauseReport) -> str:
    """Return which tasks fire again."""
    if not report.tasks:
        return "Nothing was held back."
    return "\n".join(f"Fires again: {exact(task)}" for task in report.tasks)


def skip_text(report: PauseReport) -> str:
    """Return of which tasks how many fires are skipped."""
    count = report.remaining or 0
    what = {0: "No fire is skipped", 1: "The next fire is skipped"}.get(
        count, f"The next {count} fires are skipped"
    )
    return "\n".join(f"{what}: {exact(task)}" for task in report.tasks)
