"""How installing and removing look: what would change, what was done, what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from shlex import quote
from typing import TYPE_CHECKING

from docket.app.install.changes import Action, Change
from docket.app.install.fireforecast import FireChange
from docket.app.install.plan import InstallPlan, InstallReport
from docket.app.install.removal import SwitchReport
from docket.cli.render.layout.plain import exact, lines
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step
from docket.cli.render.timers.next import fire_words

if TYPE_CHECKING:
    from docket.app.install.shapes import InstallPlanDocument

MOST_SHOWN = 20
_INKS = {
    Action.CREATE: Ink.GOOD,
    Action.UPDATE: Ink.DOUBT,
    Action.REPLACE: Ink.DOUBT,
    Action.REMOVE: Ink.BAD,
    Action.KEPT: Ink.DOUBT,
    Action.UNCHANGED: Ink.FAINT,
}


def listing_text(plan: InstallPlan, screen: Screen) -> str:
    """Return each scheduled task with its triggers and what an install would do to its files."""
    by_task: dict[str, list[Change]] = {}
    for change in plan.changes:
        by_task.setdefault(change.task, []).append(change)
    if not by_task:
        return nothing_scheduled(plan.names)
    out = []
    for task, changes in by_task.items():
        bundle = plan.compilation.bundles.get(task)
        specs = bundle.task.schedules if bundle is not None else ()
        triggers = ", ".join(exact(spec.listed) for spec in specs)
        if not triggers:
            stays = bundle is not None and bundle.units
            triggers = "started by hand" if stays else "no schedule any more"
        out.append(f"{screen.paint(exact(task), Ink.STRONG)}  {triggers}")
        out += [f"  {_action(change, screen)} {exact(change.path)}" for change in changes]
        timing = bundle.timing if bundle is not None else None
        directives = timing.directives if timing is not None else ()
        out += [f"    {exact(name)}={exact(value)}" for name, value in directives]
    if plan.dirty:
        out += ["", _call_install(plan, screen)]
    return "\n".join(out)


def diff_text(plan: InstallPlan, fires: Sequence[FireChange], screen: Screen) -> str:
    """Return the unified diff of every file that would change, then the fires before and after."""
    out = [line for change in plan.every for line in diff_lines(change)]
    if not out and not fires:
        return "Nothing would change."
    shown = [_paint_diff(line, screen) for line in out]
    if fires:
        shown += ["", *(line for change in fires for line in _fires(change))]
    if plan.timers_to_restart:
        shown += ["", f"If active, these restart: {_named(plan.timers_to_restart)}"]
    if plan.dirty:
        shown += ["", _call_install(plan, screen)]
    return "\n".join(shown)


def diff_lines(change: Change) -> list[str]:
    """Return the unified diff of one unit file; a file that is kept is compared anyway."""
    if change.action is Action.UNCHANGED:
        return []
    before, after = change.before or "", change.after or ""
    old = "/dev/null" if change.before is None else change.path
    new = "/dev/null" if change.after is None else change.path
    found = difflib.unified_diff(
        before.splitlines(), after.splitlines(), exact(old), exact(new), lineterm=""
    )
    head = [f"# kept: {exact(change.path)} {exact(change.reason)}"] * (change.action is Action.KEPT)
    return head + [safe for line in found for safe in lines(line)]


def plan_text(document: InstallPlanDocument, path: str, screen: Screen) -> str:
    """Return what a plan in a file would do to each file that changes, and how it is applied."""
    out = []
    for file in document["files"]:
        if file["action"] != Action.UNCHANGED:
            word = screen.paint(file["action"].ljust(9), _INKS[Action(file["action"])])
            out.append(f"{word} {exact(file['path'])}")
    if document["timers_to_restart"]:
        out.append(f"If active, these restart: {_named(document['timers_to_restart'])}")
    if not out:
        out.append("Nothing would change.")
    out.append(next_step(f"docket install --apply {quote(path)}", "does exactly this", screen))
    return "\n".join(out)


def report_text(report: InstallReport, screen: Screen) -> str:
    """Return what an install did to files and timers, and the command that comes next."""
    out = [
        line
        for label, ink, paths in (
            ("Written:", Ink.GOOD, (*report.created, *report.updated)),
            ("Replaced:", Ink.DOUBT, report.replaced),
            ("Removed:", Ink.BAD, report.removed),
            ("Kept:", Ink.DOUBT, report.kept),
        )
        for line in _paths(label, ink, paths, screen)
    ]
    if report.copies:
        out.append(f"The units that were docket-cli's are kept in {exact(report.copies)}.")
    if report.unchanged:
        files = "unit file is" if report.unchanged == 1 else "unit files are"
        out.append(f"{report.unchanged} {files} unchanged.")
    out += _timer_lines(report)
    out += [next_step(command, "could not be done from here", screen) for command in report.pending]
    if report.next_command:
        out.append(next_step(report.next_command, "enables and starts them", screen))
    return "\n".join(out)


def removal_text(report: InstallReport, screen: Screen) -> str:
    """Return what an uninstall did."""
    if not (report.removed or report.kept or report.pending):
        return "Nothing was installed, so nothing was removed."
    text = report_text(report, screen)
    return f"{text}\nThe history and the logs of the runs stay." if report.removed else text


def switch_text(report: SwitchReport, done: str) -> str:
    """Return which timers were switched, `done` saying how."""
    out = [f"{done}: {exact(timer)}" for timer in report.timers]
    out += [f"Not started: {exact(timer)}: its instants are past." for timer in report.not_started]
    out += [f"{done}: {exact(task)}, after other tasks" for task in report.followers]
    return "\n".join(out) or "There are no timers to switch."


def nothing_scheduled(names: Sequence[str]) -> str:
    """Return the sentence for an install that has nothing to write, as the reference says it."""
    if len(names) == 1:
        return f"Task '{exact(names[0])}' has no schedule"
    return "No scheduled tasks found"


def _action(change: Change, screen: Screen) -> str:
    word = screen.paint(change.action.value.ljust(9), _INKS[change.action])
    return f"{word} ({exact(change.reason)})" if change.reason else word


def _paths(label: str, ink: Ink, paths: Sequence[str], screen: Screen) -> Iterator[str]:
    for path in paths[:MOST_SHOWN]:
        yield f"{screen.paint(label, ink)} {exact(path)}"
    if len(paths) > MOST_SHOWN:
        yield f"{screen.paint(label, ink)} ... and {len(paths) - MOST_SHOWN} more"


def _timer_lines(report: InstallReport) -> Iterator[str]:
    if report.reloaded:
        yield "systemd has read its units again."
    for label, timers in (
        ("Enabled", report.enabled),
        ("Started", report.started),
        ("Restarted", report.restarted),
    ):
        if timers:
            yield f"{label}: {_named(timers)}"


def _named(timers: Sequence[str]) -> str:
    named = ", ".join(map(exact, timers[:MOST_SHOWN]))
    more = len(timers) - MOST_SHOWN
    return f"{named}{f' and {more} more' if more > 0 else ''}"


def _paint_diff(line: str, screen: Screen) -> str:
    if line.startswith(("---", "+++", "#")):
        return screen.paint(line, Ink.STRONG)
    if line.startswith("@@"):
        return screen.paint(line, Ink.BUSY)
    ink = {"+": Ink.GOOD, "-": Ink.BAD}.get(line[:1])
    return screen.paint(line, ink)


def _call_install(plan: InstallPlan, screen: Screen) -> str:
    words = " ".join(["docket install", *plan.names])
    return next_step(words, "makes these changes; --now also starts the timers", screen)


def _fires(change: FireChange) -> Iterator[str]:
    yield f"Fires of {exact(change.unit)}"
    for label, text in (("before:", change.before), ("after:", change.after)):
        if text is None:
            told = "none"
        elif text.fires:
            told = ", ".join(fire_words(fire) for fire in text.fires)
        else:
            told = ", ".join(map(exact, text.lines))
        yield f"  {label:8}{told}"
