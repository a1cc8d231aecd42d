"""How `docket status` looks: all tasks as a table, one task or one run in detail."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.fires.watching import Watch
from docket.app.runs.liveprogress import RunProgress
from docket.app.status.status import PlanState, RunDetail, StatusReport, TaskStatus
from docket.cli.render.layout.facts import fact_lines
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.layout.table import Cell
from docket.cli.render.layout.times import relative
from docket.cli.render.list import NO_TASKS, NONE_KNOWN
from docket.cli.render.returned import returned_text
from docket.cli.render.runs import status_cell
from docket.cli.render.statustable import (
    TIMER_WAITS,
    next_steps,
    override_text,
    table_text,
    timer_state,
)
from docket.model.ends.commandexit import command_exit_code
from docket.model.incident import Incident
from docket.model.records import NOTIFICATION, HookRecord, RunRecord
from docket.model.states import RunStatus
from docket.model.text.size import size_text
from docket.model.time.humantime import duration, local

Fact = tuple[str, Cell | str]


def status_text(report: StatusReport, screen: Screen) -> str:
    """Return the state of the tasks, and what to do about those that need something."""
    if report.asked is not None:
        return task_text(report.tasks[0], screen)
    if not report.tasks and report.error is not None:
        return NONE_KNOWN
    if not report.tasks and report.warnings:
        step = next_step("docket configure", "opens the config", screen)
        return f"No task is known, and no run is recorded.\n{step}"
    if not report.tasks:
        return NO_TASKS
    return table_text(report, screen)


def task_text(task: TaskStatus, screen: Screen) -> str:
    """Return one task in detail."""
    title = screen.paint(one_line(task.task), Ink.STRONG)
    steps = list(next_steps(StatusReport(None, (task,)), screen))
    return "\n".join([title, *fact_lines(_task_facts(task, screen), screen), *steps])


def run_text(detail: RunDetail, screen: Screen) -> str:
    """Return one run in detail, with its attempts and hooks."""
    run = detail.run
    facts: list[Fact] = [("task", run.task), ("status", _status(run, detail.alive))]
    facts += [("summary", run.summary), ("cause", run.error_code or "")]
    facts += [("trigger", run.trigger.value), ("started", _when(run.started_us, screen))]
    if run.finished_us is not None:
        facts.append(("finished", _when(run.finished_us, screen)))
    if run.scheduled_for_us is not None:
        facts.append(("fire", _when(run.scheduled_for_us, screen)))
    facts.append(("triggered by", run.triggered_by or ""))
    facts += [("took", duration(run.duration_seconds)), ("blocked by", run.blocked_by or "")]
    if detail.progress is not None:
        facts.append(("progress", _progress(detail.progress, screen)))
    facts += [("log", run.log_path or ""), ("unit", run.unit or "")]
    facts.append(("sandbox", run.sandbox or ""))
    if run.retry_count or len(detail.attempts) > 1:
        facts += [
            (f"attempt {a.number}", _attempt(a.exit_code, a.signal, a.ended_by))
            for a in detail.attempts
        ]
    facts += [("used", _used(run)), *_of_details(run)]
    facts += [_hook(hook) for hook in detail.hooks]
    lines = [screen.paint(f"run {run.run_id}", Ink.STRONG), *fact_lines(facts, screen)]
    if run.log_path is not None:
        lines.append(next_step(f"docket logs {run.run_id}", "shows what it printed", screen))
    return "\n".join(lines)


def _used(run: RunRecord) -> str:
    """Return what a run took of the machine, as far as it is known."""
    said = []
    if run.cpu_seconds is not None:
        said.append(f"{duration(run.cpu_seconds)} of CPU")
    if run.peak_memory_bytes is not None:
        said.append(f"{size_text(run.peak_memory_bytes)} of memory")
    if run.output_bytes is not None:
        said.append(f"{size_text(run.output_bytes)} of output")
    return ", ".join(said)


def _of_details(run: RunRecord) -> Iterator[Fact]:
    code = command_exit_code(run.details)
    yield "exit code", "" if not code else f"{code} of the command"
    yield "returned", returned_text(run)
    if run.params:
        yield "params", ", ".join(f"{name}={value}" for name, value in run.params.items())
    if run.details.get("plan_warning"):
        warning = one_line(str(run.details["plan_warning"]))
        yield "plan", Cell(f"the last good one: {warning}", Ink.DOUBT)
    if run.details.get("spooled"):
        yield "record", Cell("merged later: the database could not be written", Ink.DOUBT)
    if run.details.get("log_problem"):
        yield "log", Cell(one_line(str(run.details["log_problem"])), Ink.DOUBT)


def _hook(hook: HookRecord) -> Fact:
    if hook.kind == NOTIFICATION:
        said = hook.stderr or (f"answered with {hook.exit_code}" if hook.exit_code else "")
        words = f"{hook.label.partition(':')[2]}: {hook.state}" + (f", {said}" if said else "")
        return "notified", words if hook.went_well else Cell(words, Ink.BAD)
    ended = f", exit code {hook.exit_code}" if hook.exit_code else ""
    return f"hook {hook.position}", f"{hook.kind} {hook.label}: {hook.state}{ended}"


def _task_facts(task: TaskStatus, screen: Screen) -> Iterator[Fact]:
    run = task.last
    if run is None:
        yield "last run", Cell("never", Ink.FAINT)
    else:
        cell = status_cell(run.status)
        took = f", took {duration(run.duration_seconds)}" if run.duration_seconds else ""
        yield "last run", Cell(f"{cell.text} {_when(run.started_us, screen)}{took}", cell.ink)
        yield "", run.summary
        yield "", f"run {run.run_id} ({run.trigger})"
        yield "cause", run.error_code or ""
    yield from _failures(task, screen)
    for current, alive in task.running:
        yield "running", _status(current, alive)
        yield "", f"since {_when(current.started_us, screen)}, run {current.run_id}"
        if current.run_id in task.progress:
            yield "progress", _progress(task.progress[current.run_id], screen)
    yield from _timer_facts(task, screen)
    yield "plan", _plan(task.plan_state)
    for sentence in task.drift.sentences:
        yield "drift", Cell(sentence, Ink.DOUBT)
    for path in task.drift.drop_ins:
        yield "drop-in", path
    for problem in task.problems:
        yield "problem", Cell(problem, Ink.BAD)
    if not task.configured:
        yield "config", Cell("the task is no longer in the config", Ink.DOUBT)


def _failures(task: TaskStatus, screen: Screen) -> Iterator[Fact]:
    if task.consecutive_failures:
        since = task.failing_since_us
        when = "" if since is None else f", since {_when(since, screen)}"
        yield "failures", Cell(f"{task.consecutive_failures} in a row{when}", Ink.BAD)
    for sentence in task.bad_hooks_in_words:
        yield "hook", Cell(sentence, Ink.DOUBT)
    if task.failed_unit is not None:
        yield "unit", Cell(one_line(task.failed_unit.sentence), Ink.BAD)
    if task.incident is not None and task.incident.is_open:
        yield "incident", Cell(_incident(task.incident, screen), Ink.BAD)


def _timer_facts(task: TaskStatus, screen: Screen) -> Iterator[Fact]:
    timer, state = task.timer, timer_state(task)
    for text in task.after:
        yield "starts", Cell(f"{text}, off", Ink.DOUBT) if task.after_off else text
    if task.watch is not None:
        yield from _watch_facts(task.watch)
    if timer is None:
        yield "timer", "" if task.after or task.watch else "none: the task has no schedule"
        return
    enabled = {True: ", enabled", False: ", not enabled", None: ""}[timer.enabled]
    ink = Ink.GOOD if state == TIMER_WAITS else Ink.DOUBT
    yield "timer", Cell(f"{state}{enabled} ({timer.unit})", ink)
    if timer.next_fire_us is not None:
        yield "next fire", _when(timer.next_fire_us, screen)
    if timer.last_trigger_us is not None:
        yield "last fire", _when(timer.last_trigger_us, screen)
    for override in task.overrides:
        yield "ordered", Cell(override_text(override, screen), Ink.DOUBT)


def _watch_facts(watch: Watch) -> Iterator[Fact]:
    for text in watch.triggers:
        yield "starts", Cell(f"{text}, off", Ink.DOUBT) if watch.trouble else text
    enabled = {True: ", enabled", False: ", not enabled", None: ""}[watch.enabled]
    ink = Ink.GOOD if watch.state == "active" else Ink.DOUBT
    yield "paths", Cell(f"{watch.state}{enabled} ({watch.unit})", ink)
    if watch.odd:
        yield "", Cell(watch.trouble, Ink.BAD)


def _progress(progress: RunProgress, screen: Screen) -> str:
    percent = "" if progress.fraction is None else f"{progress.fraction:.0%} "
    said = f"{percent}{one_line(progress.message)}".rstrip()
    return f"{said or 'under way'}, {relative(min(progress.at_us, screen.now_us), screen.now_us)}"


def _incident(incident: Incident, screen: Screen) -> str:
    told = "nobody has been notified"
    if incident.told_at is not None:
        told = f"reported {relative(incident.told_at, screen.now_us)}"
    return f"open since {_when(incident.opened_at, screen)}, {incident.failures} failures, {told}"


def _plan(state: PlanState) -> Cell | str:
    match state:
        case PlanState.FRESH:
            return "up to date"
        case PlanState.STALE:
            return "the config changed: the next run compiles it again"
        case PlanState.LAST_GOOD:
            return Cell("the config is broken: runs use the last good plan", Ink.DOUBT)
        case PlanState.REMOVED:
            return Cell("of when the config had the task", Ink.DOUBT)
        case PlanState.MISSING:
            return "not compiled yet"


def _status(run: RunRecord, alive: bool | None) -> Cell:
    cell = status_cell(run.status, dry_run=run.dry_run)
    if run.status is RunStatus.RUNNING and alive is False:
        return Cell(f"{cell.text} by its row, but its runner is gone", Ink.DOUBT)
    return cell


def _attempt(exit_code: int | None, signal: int | None, ended_by: str) -> str:
    if signal is not None:
        return f"ended by signal {signal} ({ended_by})"
    return f"{ended_by}, exit code {exit_code}" if exit_code is not None else ended_by


def _when(at_us: int, screen: Screen) -> str:
    return f"{relative(at_us, screen.now_us)} ({local(at_us)})"
