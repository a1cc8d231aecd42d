"""The timers that start a task's service: systemd.timer(5).

A boot trigger beside others gets a timer of its own. In one timer with a Persistent= stamp,
systemd drops an OnBootSec= that is over when the timer starts, as a short one is at boot; without a
stamp it fires whenever the timer is started, so that an install would run the task (both tried
with 252).
"""

from __future__ import annotations

from collections.abc import Sequence

from docket.compiler.bundle import Place
from docket.compiler.directives import raw_lines
from docket.compiler.service import description
from docket.compiler.text import UnitText
from docket.model.names import (
    BOOT_SUFFIX,
    MAINTENANCE,
    boot_timer_unit,
    service_unit,
    timer_unit,
)
from docket.model.task.schedule import Timing
from docket.model.task.task import Task
from docket.model.time.span import format_span

BOOT_DIRECTIVES = frozenset({"OnBootSec", "OnStartupSec"})

Directives = Sequence[tuple[str, str]]


def timer_bodies(task: Task, timing: Timing, place: Place) -> dict[str, str]:
    """Return the contents of the task's timer files by name: one, or two with a boot trigger."""
    boot, others = parted(timing)
    name = timer_unit(task.name, place.instance)
    if not boot or not others:
        return {name: _body(task, timing.directives, place)}
    return {
        name: _body(task, others, place),
        boot_timer_unit(task.name, place.instance): _body(task, boot, place),
    }


def parted(timing: Timing) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the directives that count from the start of the machine, and the others."""
    boot = [pair for pair in timing.directives if pair[0] in BOOT_DIRECTIVES]
    return boot, [pair for pair in timing.directives if pair[0] not in BOOT_DIRECTIVES]


def has_spans(timing: Timing) -> bool:
    """Whether the timer with the calendars has triggers that are not calendars."""
    return any(name != "OnCalendar" for name, _ in parted(timing)[1])


def waits_for_boot(timer: str, timing: Timing) -> bool:
    """Whether the unit `timer` has only boot triggers: started now, it would fire now."""
    if not timer.endswith(".timer"):
        return False
    only_boot = all(name in BOOT_DIRECTIVES for name, _ in timing.directives)
    return only_boot or timer.endswith(BOOT_SUFFIX + ".timer")


def _body(task: Task, directives: Directives, place: Place) -> str:
    text = UnitText(task.name)
    text.section("Unit")
    text.value("Description", f"Timer of: {description(task)}", "description")
    text.fixed(f"Wants={timer_unit(MAINTENANCE, place.instance)}")
    write_timer(text, task, directives, service_unit(task.name, place.instance))
    return text.body()


def write_timer(text: UnitText, task: Task, directives: Directives, service: str) -> None:
    """Write into `text` when to start the unit `service`: all of a timer but its [Unit]."""
    text.section("Timer")
    for directive, value in directives:
        text.value(directive, value, "schedule")
    # One minute by default, which would make a minutely task miss its minute.
    text.fixed(f"AccuracySec={format_span(task.accuracy_seconds)}")
    if task.jitter_seconds > 0:
        text.fixed(
            f"RandomizedDelaySec={format_span(task.jitter_seconds)}", "FixedRandomDelay=true"
        )
    # It affects only OnCalendar=; a span in `catch_up` is judged by the run itself.
    if task.catch_up is not False and any(name == "OnCalendar" for name, _ in directives):
        text.fixed("Persistent=true")
    text.fixed(f"Unit={service}", *raw_lines(task, "Timer"))
    text.section("Install")
    text.fixed("WantedBy=timers.target")
