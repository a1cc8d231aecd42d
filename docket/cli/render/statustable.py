"""The table of `docket status`: a row for each task, and the commands that mend what it shows.

On a screen of a given height the tasks that need somebody come first, and what does not fit is
counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from docket.app.status.status import PlanState, StatusReport, TaskStatus
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell, Column, Row, TextTable
from docket.cli.render.layout.times import failing_text, relative
from docket.cli.render.runs import status_cell
from docket.model.records import OverrideRecord
from docket.model.states import EXIT_FAILURE
from docket.model.time.humantime import duration, local

NOT_INSTALLED = "not installed"
MOST_NAMED = 5
TIMER_WAITS = "active"
_LINES_PER_STEP = 6  # a low window is for the tasks


def table_text(report: StatusReport, screen: Screen) -> str:
    """Return the table of all tasks, and what to do next."""
    tasks = report.tasks if screen.height is None else by_urgency(report.tasks)
    heading, rows = task_table(tasks, screen).parts(screen)
    steps = list(next_steps(report, screen))
    if screen.height is not None:
        steps = steps[: screen.height // _LINES_PER_STEP]
        room = screen.height - len(heading) - len(steps) - bool(steps)
        rows = _fitted(tasks, rows, room)
    lines = [*heading, *(line for row in rows for line in row)]
    return "\n".join([*lines, "", *steps] if steps else lines)


def task_table(tasks: Sequence[TaskStatus], screen: Screen) -> TextTable:
    """Return the table of these tasks."""
    columns = [
        Column("TASK", shrink=12),
        Column("LAST RUN", shrink=9),
        Column("TOOK", right=True),
        Column("NEXT FIRE", shrink=7),
    ]
    return TextTable(columns, [_row(task, screen) for task in tasks])


def by_urgency(tasks: Sequence[TaskStatus]) -> list[TaskStatus]:
    """Return the tasks that fail first, then those that run, then the others."""
    return sorted(tasks, key=lambda task: (not fails(task), not task.running, task.task))


def fails(task: TaskStatus) -> bool:
    """Whether somebody has to look after the task: its last run, its config or its unit is bad."""
    last_run_failed = task.last is not None and task.last.status.exit_code == EXIT_FAILURE
    return last_run_failed or bool(task.problems) or task.failed_unit is not None


def _fitted(tasks: Sequence[TaskStatus], rows: list[list[str]], room: int) -> list[list[str]]:
    """Return the rows that fit into `room` lines; a last one counts the tasks that do not."""
    if sum(map(len, rows)) <= room:
        return rows
    kept: list[list[str]] = []
    for row in rows:
        if sum(map(len, kept)) + len(row) > room - 1:
            break
        kept.append(row)
    return [*kept, [f"({counted(tasks[len(kept) :], 'more task')})"]]


def counted(tasks: Sequence[TaskStatus], noun: str) -> str:
    """Return how many tasks these are, and how many of them in each state."""
    counts = Counter(map(_word, tasks)).items()
    words = ", ".join(f"{number} {word}" for word, number in counts)
    return f"{len(tasks)} {noun}{'' if len(tasks) == 1 else 's'}: {words}"


def _word(task: TaskStatus) -> str:
    if task.running:
        return "running"
    return status_cell(task.last.status).text if task.last is not None else "never run"


def _row(task: TaskStatus, screen: Screen) -> Row:
    run = task.last
    if task.running:
        current = task.running[0][0]
        away = relative(min(current.started_us, screen.now_us), screen.now_us)
        last, took = Cell(f"running for {away.removesuffix(' ago')}", Ink.BUSY), ""
        if away == "just now":
            last = Cell("running", Ink.BUSY)
        progress = task.progress.get(current.run_id)
        if progress is not None and progress.fraction is not None:
            last = Cell(f"{last.text}, {progress.fraction:.0%}", Ink.BUSY)
    elif run is None:
        last, took = Cell("never", Ink.FAINT), ""
    else:
        cell = status_cell(run.status)
        last = Cell(f"{cell.text} {relative(run.started_us, screen.now_us)}", cell.ink)
        took = duration(run.duration_seconds)
    return Row([task.task, last, took, _next_fire(task, screen)], _doubts(task, screen))


def _doubts(task: TaskStatus, screen: Screen) -> str:
    doubts = []
    if task.problems:
        more = f" (and {len(task.problems) - 1} more)" if len(task.problems) > 1 else ""
        doubts.append(f"broken: {task.problems[0]}{more}")
    elif task.plan_state is PlanState.LAST_GOOD:
        doubts.append("the config is broken: runs use the last good plan")
    if any(alive is False for _, alive in task.running):
        doubts.append("its runner is gone, and systemd is closing the run")
    if task.last is not None and task.last.status.exit_code and task.last.summary:
        again = failing_text(task.consecutive_failures, task.failing_since_us, screen.now_us)
        doubts.append(f"{task.last.summary}{again}")
    doubts += map(one_line, task.bad_hooks_in_words)
    doubts += [] if task.failed_unit is None else [one_line(task.failed_unit.sentence)]
    doubts += [one_line(task.watch.trouble)] if task.watch is not None and task.watch.odd else []
    doubts += [override_text(override, screen) for override in task.overrides]
    doubts += task.drift.sentences[:1]
    if not task.configured:
        doubts.append("no longer in the config")
    return "; ".join(doubts)


def _next_fire(task: TaskStatus, screen: Screen) -> Cell:
    timer, state = task.timer, timer_state(task)
    if timer is None:
        return _without_time(task)
    if timer.next_fire_us is not None and state == TIMER_WAITS:
        return Cell(relative(timer.next_fire_us, screen.now_us))
    if state == "inactive":
        return Cell("timer off", Ink.DOUBT)
    ink = Ink.FAINT if state in (TIMER_WAITS, "unknown") else Ink.DOUBT
    if state == TIMER_WAITS and any(order.kind == "pause" for order in task.overrides):
        return Cell("paused", Ink.DOUBT)
    return Cell("-" if state == TIMER_WAITS else state, ink)


def _without_time(task: TaskStatus) -> Cell:
    """Return what starts a task without a timer."""
    watch = task.watch
    if watch is not None and not task.after:
        text = watch.triggers[0] if len(watch.triggers) == 1 else f"{len(watch.triggers)} paths"
        return Cell(f"{text}, off", Ink.DOUBT) if watch.trouble else Cell(text, Ink.FAINT)
    if not task.after:
        return Cell("-", Ink.FAINT)
    text = task.after[0] if len(task.after) == 1 else f"after {len(task.after)} tasks"
    return Cell(f"{text}, off", Ink.DOUBT) if task.after_off else Cell(text, Ink.FAINT)


def next_steps(report: StatusReport, screen: Screen) -> Iterator[str]:
    """Yield the commands that fix what the report shows."""
    configured = [task for task in report.tasks if task.configured]
    if any(NOT_INSTALLED in (timer_state(task), _watch_state(task)) for task in configured):
        yield next_step("docket install --now", "writes the timers and starts them", screen)
    off = [task.task for task in report.tasks if timer_state(task) == "inactive"]
    if off:
        names = " ".join(off) if len(off) <= MOST_NAMED else "--all"
        what = "starts its timer" if len(off) == 1 else "starts their timers"
        yield next_step(f"docket enable {names}", what, screen)
    for task in report.tasks:
        if _watch_state(task) in ("inactive", "failed") and task.task not in off:
            yield next_step(f"docket enable {one_line(task.task)}", "watches its paths", screen)
            break
    failed = [task.failed_unit for task in report.tasks if task.failed_unit is not None]
    for command in dict.fromkeys(found.command for found in failed):
        yield next_step(command, "for a unit that failed before there was a run", screen)
    if any(task.drift.sentences for task in report.tasks):
        yield next_step("docket install --diff", "shows how the installed units differ", screen)
    if any(task.problems for task in report.tasks):
        yield next_step("docket check", "shows everything that is wrong", screen)


def _watch_state(task: TaskStatus) -> str:
    return "" if task.watch is None else task.watch.state


def override_text(override: OverrideRecord, screen: Screen) -> str:
    """Return an order that holds fires back, in words."""
    reason = f" ({override.reason})" if override.reason else ""
    if override.kind == "pause":
        until = "resumed"
        if override.until_us is not None:
            until = f"{local(override.until_us)}, {relative(override.until_us, screen.now_us)}"
        return f"fires are skipped until {until}{reason}"
    fires = "next fire is" if override.remaining == 1 else f"next {override.remaining} fires are"
    return f"the {fires} skipped{reason}"


def timer_state(task: TaskStatus) -> str:
    """Return the timer's state; without an answer, the disk shows whether it is installed."""
    if task.timer is None:
        return ""
    unknown = task.timer.state == "unknown"
    return NOT_INSTALLED if unknown and not task.drift.installed else task.timer.state
