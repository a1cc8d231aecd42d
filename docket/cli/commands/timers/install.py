"""`docket install`: the config becomes units, exactly as the preview shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from docket.app.install import install
from docket.app.install.fireforecast import FireChange, fire_changes
from docket.app.install.plan import InstallPlan, InstallReport
from docket.app.install.planfile import plan_document, read_agreed, write_plan
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import tasks_argument, verb
from docket.cli.render.timers.install import (
    diff_lines,
    diff_text,
    listing_text,
    nothing_scheduled,
    plan_text,
    report_text,
)
from docket.errors import UsageError

if TYPE_CHECKING:
    from docket.app.install.shapes import InstallPlanDocument


@verb("install")
@tasks_argument()
@click.option("--list", "listing", is_flag=True, help="Show what would be written, and stop.")
@click.option(
    "--diff",
    is_flag=True,
    help="Show every change as a diff, and the next fires before and after, and stop.",
)
@click.option(
    "--plan",
    "plan_file",
    metavar="FILE",
    help="Write what would be changed to FILE, for --apply, and stop.",
)
@click.option(
    "--apply", "agreed_file", metavar="FILE", help="Do exactly what the plan in FILE says."
)
@click.option("--now", is_flag=True, help="Also enable and start the timers.")
@click.option("--output-dir", metavar="DIR", help="Write the units to DIR and leave systemd alone.")
@click.option("--linger", is_flag=True, help="Let the timers run while you are logged out.")
@click.option("--force", is_flag=True, help="Replace unit files that were edited by hand.")
def command(
    call: Call,
    tasks: tuple[str, ...],
    listing: bool,
    diff: bool,
    plan_file: str | None,
    agreed_file: str | None,
    now: bool,
    output_dir: str | None,
    linger: bool,
    force: bool,
) -> Answer:
    """Write the systemd units of each scheduled TASK, or of all of them.

    Only what changed is written, systemd reloads once, and no task is started. Without --now the
    line that enables and starts the timers is printed. A task whose config is wrong neither blocks
    nor removes the others, and the exit code is then 1.
    """
    _refuse_contradictions(
        {"--list": listing, "--diff": diff, "--output-dir": output_dir is not None},
        {"--now": now, "--linger": linger},
        {"--plan": plan_file is not None, "--apply": agreed_file is not None},
    )
    session = call.session()
    if agreed_file is not None:
        _refuse_beside_a_plan(tasks, {"--force": force, "--now": now, "--linger": linger})
        agreed = read_agreed(agreed_file)
        return _reported(install.apply_agreed(session, agreed), agreed.names)
    if output_dir is not None:
        if not output_dir:
            raise UsageError("--output-dir needs a directory, and got an empty one.")
        return _reported(install.write_to(session, output_dir, tasks), tasks)
    plan = install.preview(session, tasks, force=force)
    if listing:
        return _previewed(plan)
    if diff:
        return _diffed(plan, fire_changes(plan, session.now_us()))
    if plan_file is not None:
        document = plan_document(session, plan, now=now, linger=linger)
        write_plan(plan_file, document)
        return _planned(plan, document, plan_file)
    return _reported(install.apply(session, plan, start_timers=now, linger=linger), tasks)


def _refuse_beside_a_plan(tasks: tuple[str, ...], options: dict[str, bool]) -> None:
    given = [*["TASK"] * bool(tasks), *(name for name, on in options.items() if on)]
    if given:
        raise UsageError(
            f"--apply and {given[0]} exclude each other.",
            hint="the plan says which tasks and how: give it to --plan",
        )


def _refuse_contradictions(
    only: dict[str, bool], acting: dict[str, bool], files: dict[str, bool]
) -> None:
    chosen = [name for name, given in {**only, **files}.items() if given]
    if len(chosen) < 2 and not any(only.values()):
        return
    others = [name for name, given in acting.items() if given]
    if len(chosen) > 1:
        raise UsageError(
            f"{chosen[0]} and {chosen[1]} exclude each other.", hint="leave one of the two out"
        )
    if chosen and others:
        raise UsageError(
            f"{chosen[0]} and {others[0]} exclude each other.",
            hint=f"{chosen[0]} does not touch systemd: leave one of the two out",
        )


def _previewed(plan: InstallPlan) -> Answer:
    return Answer(
        {task: _as_reference(unit) for task, unit in plan.listing().items()},
        lambda screen: listing_text(plan, screen),
        exit_code=1 if plan.problems else 0,
        warnings=plan.warnings,
        problems=plan.problems,
    )


def _as_reference(unit: dict[str, Any]) -> dict[str, Any]:
    """Return a listed task with `schedule` as the one text that the reference program prints."""
    texts = unit["schedule"]
    if isinstance(texts, str):
        return unit
    return {**unit, "schedule": ", ".join(texts), "schedules": texts}


def _diffed(plan: InstallPlan, fires: tuple[FireChange, ...]) -> Answer:
    document = {
        "ok": not plan.problems,
        "changes": [
            {
                "unit": change.name,
                "path": change.path,
                "task": change.task,
                "action": change.action.value,
                "reason": change.reason or None,
                "diff": "\n".join(diff_lines(change)),
            }
            for change in plan.every
        ],
        "next_fires": [change.document() for change in fires],
        "timers_to_restart": list(plan.timers_to_restart),
        "problems": [problem.document() for problem in plan.problems],
        "warnings": [problem.document() for problem in plan.warnings],
    }
    return Answer(
        document,
        lambda screen: diff_text(plan, fires, screen),
        exit_code=1 if plan.problems else 0,
        warnings=plan.warnings,
        problems=plan.problems,
    )


def _planned(plan: InstallPlan, document: InstallPlanDocument, path: str) -> Answer:
    return Answer(
        document,
        lambda screen: plan_text(document, path, screen),
        exit_code=1 if plan.problems else 0,
        warnings=plan.warnings,
        problems=plan.problems,
    )


def _reported(report: InstallReport, tasks: tuple[str, ...]) -> Answer:
    document = report.document()
    untouched = not report.removed and not report.kept
    told = nothing_scheduled(tasks) if report.ok and untouched and not report.triggered else ""
    if told:
        document["message"] = told
    return Answer(
        document,
        lambda screen: (
            "\n".join(filter(None, (report_text(report, screen), told))) or nothing_scheduled(tasks)
        ),
        exit_code=0 if report.ok else 1,
        warnings=report.warnings,
        problems=report.problems,
    )
