"""The timer that starts a task's service: systemd.timer(5)."""

from __future__ import annotations

from docket.compiler.bundle import Place
from docket.compiler.directives import raw_lines
from docket.compiler.service import description
from docket.compiler.text import UnitText
from docket.model.names import service_unit
from docket.model.schedule import Timing
from docket.model.span import format_span
from docket.model.task import Task


def timer_body(task: Task, timing: Timing, place: Place) -> str:
    """Return the contents of the task's timer file."""
    text = UnitText(task.name)
    text.section("Unit")
    text.value("Description", f"Timer of: {description(task)}", "description")
    text.section("Timer")
    for directive, value in timing.directives:
        text.value(directive, value, "schedule")
    # One minute by default, which would make a minutely task miss its minute.
    text.fixed(f"AccuracySec={format_span(task.accuracy_seconds)}")
    if task.jitter_seconds > 0:
        text.fixed(
            f"RandomizedDelaySec={format_span(task.jitter_seconds)}", "FixedRandomDelay=true"
        )
    # It acts on OnCalendar= alone; a span in `catch_up` is judged by the run itself.
    if task.catch_up is not False and timing.calendars:
        text.fixed("Persistent=true")
    text.fixed(f"Unit={service_unit(task.name, place.instance)}", *raw_lines(task, "Timer"))
    text.section("Install")
    text.fixed("WantedBy=timers.target")
    return text.body()
