"""How the outcome of one run looks at the end of `docket run`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from docket.app.runs.cancel import Cancellation
from docket.app.runs.run import RunOutcome
from docket.app.runs.wait import Waited, WaitReport
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.returned import returned_text
from docket.cli.render.runs import status_cell
from docket.model.records import NOTIFICATION, hook_went_well
from docket.model.states import RunStatus
from docket.model.time.humantime import duration


def outcome_text(outcome: RunOutcome, screen: Screen) -> str:
    """Return the outcome of the run, what its hooks did wrong, and what to do next."""
    out = [_headline(outcome, screen)]
    if outcome.summary:
        out.append(f"  {one_line(outcome.summary)}")
    out += [line for hook in outcome.hooks if (line := _hook_line(hook, screen))]
    out += _next_steps(outcome, screen)
    return "\n".join(out)


def waited_text(report: WaitReport, screen: Screen) -> str:
    """Return the outcomes of the runs that were waited for, one paragraph each."""
    return "\n".join(line for each in report.waited for line in _waited_lines(each, screen))


def cancelled_text(found: Cancellation, screen: Screen) -> str:
    """Return the outcome of a cancel, and what was done to the run."""
    run, how = found.run, found.termination
    word = run.status.value.replace("_", " ")
    if how is None:
        return (
            f"Run {run.run_id} of {one_line(run.task)} is already over ({word}); nothing was done."
        )
    if not found.cancelled:
        return f"Run {run.run_id} of {one_line(run.task)} ended before it was cancelled ({word})."
    cell = status_cell(run.status)
    out = [f"{one_line(run.task)} {screen.paint(cell.text, cell.ink)} (run {run.run_id})"]
    match how.method:
        case "unit":
            out.append(f"  stopped {how.unit}")
        case "lock_holder":
            out.append(f"  {how.signal} to process {how.pid}")
    if how.killed:
        out.append(f"  killed: {', '.join(map(str, how.killed))}")
    return "\n".join(out)


def _waited_lines(each: Waited, screen: Screen) -> Iterator[str]:
    run = each.run
    if not each.over:
        task, last = one_line(run.task), run.status.value
        yield f"Timed out waiting for run {run.run_id} of {task} (last status: {last})."
        return
    cell = status_cell(run.status)
    word = screen.paint(cell.text.replace("_", " "), cell.ink)
    took = "" if run.duration_seconds is None else f" in {duration(run.duration_seconds)}"
    yield f"{one_line(run.task)} {word}{took} (run {run.run_id})"
    if run.summary:
        yield f"  {one_line(run.summary)}"
    value = returned_text(run)
    if value:
        yield f"  returned {value}"
    if each.exit_code and run.log_path:
        yield next_step(f"docket logs {run.run_id}", "shows what it printed", screen)


def _headline(outcome: RunOutcome, screen: Screen) -> str:
    cell = status_cell(outcome.status)
    parts = [one_line(outcome.task), screen.paint(cell.text.replace("_", " "), cell.ink)]
    if outcome.dry_run:
        parts.insert(0, screen.paint("[dry run]", Ink.BUSY))
    if outcome.retry_count:
        times = "retry" if outcome.retry_count == 1 else "retries"
        parts.append(f"after {outcome.retry_count} {times}")
    if outcome.duration_seconds is not None and not outcome.dry_run:
        parts.append(f"in {duration(outcome.duration_seconds)}")
    line = " ".join(parts)
    return line if outcome.dry_run else f"{line} (run {outcome.run_id})"


def _hook_line(hook: Mapping[str, Any], screen: Screen) -> str:
    """Return a line for a hook that did not do its work; nothing for one that did."""
    code = hook.get("exit_code")
    if hook_went_well(str(hook["command"]), str(hook.get("state")), code):
        return ""
    last = str(hook.get("stderr") or "").strip().splitlines()
    why = f": {one_line(last[-1])}" if last else ""
    if hook.get("kind") == NOTIFICATION:
        label = screen.paint("not delivered:", Ink.DOUBT)
        return f"  {label} {one_line(hook['command'])}{why}"
    how = "did not end" if code is None else f"ended with exit code {code}"
    label = screen.paint("hook failed:", Ink.DOUBT)
    return f"  {label} {one_line(hook.get('kind', 'hook'))} {one_line(hook['command'])} {how}{why}"


def _next_steps(outcome: RunOutcome, screen: Screen) -> Iterator[str]:
    if outcome.dry_run:
        if outcome.ok:
            yield next_step(f"docket run {outcome.task}", "runs it for real", screen)
    elif not outcome.ok and outcome.status is not RunStatus.SKIPPED and outcome.log_path:
        yield next_step(f"docket logs {outcome.run_id}", "shows what it printed", screen)
    elif screen.terminal and outcome.details.get("event_count"):
        yield next_step(f"docket events {outcome.run_id}", "shows its events", screen)
