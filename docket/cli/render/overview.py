"""How `docket` without a command looks: the tasks that need somebody, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.status.status import StatusReport, TaskStatus
from docket.cli.render.layout.facts import wrap
from docket.cli.render.layout.plain import exact, one_line
from docket.cli.render.layout.screen import Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.times import relative
from docket.cli.render.statustable import (
    TIMER_WAITS,
    by_urgency,
    counted,
    fails,
    next_steps,
    task_table,
    timer_state,
)

_MOST_SHOWN = 5
_MOST_STEPS = 3
_HELP = "docket --help lists the commands."


def overview_text(report: StatusReport, screen: Screen) -> str:
    """Return a count of the tasks, those that fail or run, the next fire, and what to type."""
    if not report.tasks:
        return "\n".join(["No tasks yet.", "", *_first_steps(report, screen), _HELP])
    tasks = by_urgency(report.tasks)
    urgent = [task for task in tasks if fails(task) or task.running]
    out = [*wrap(f"{counted(tasks, 'task')}.", screen.width)]
    if urgent:
        out += ["", task_table(urgent[:_MOST_SHOWN], screen).text(screen)]
    if len(urgent) > _MOST_SHOWN:
        out.append(f"({counted(urgent[_MOST_SHOWN:], 'more task')})")
    fire = _next_fire(tasks, screen)
    steps = list(_steps(report, urgent, screen))
    return "\n".join([*out, "", *fire, *steps, _HELP])


def _next_fire(tasks: list[TaskStatus], screen: Screen) -> list[str]:
    fires = [
        (task.timer.next_fire_us, task.task)
        for task in tasks
        if task.timer is not None and task.timer.next_fire_us and timer_state(task) == TIMER_WAITS
    ]
    if not fires:
        return []
    at_us, name = min(fires)
    return [f"Next fire: {one_line(name)} {relative(at_us, screen.now_us)}."]


def _steps(report: StatusReport, urgent: list[TaskStatus], screen: Screen) -> Iterator[str]:
    steps = [
        next_step(f"docket why {exact(task.task)}", "says why it failed", screen)
        for task in urgent[:1]
        if fails(task) and not task.problems
    ]
    if report.error is not None:
        steps.insert(0, next_step("docket check", "shows everything that is wrong", screen))
    steps += next_steps(report, screen)
    yield from steps[:_MOST_STEPS]
    yield next_step("docket status", "shows every task", screen)


def _first_steps(report: StatusReport, screen: Screen) -> Iterator[str]:
    if report.error is not None:
        yield next_step("docket check", "shows everything that is wrong", screen)
        return
    yield next_step("docket configure", "opens the config in your editor", screen)
    yield next_step("docket add NAME -- COMMAND...", "or adds a task without one", screen)
    yield next_step("docket import crontab", "turns your crontab into tasks", screen)
