"""How the outcome of checking or editing the config looks."""

from __future__ import annotations

from docket.app.editing.configure import CheckReport, ConfigureReport
from docket.cli.render.errors import problem_lines
from docket.cli.render.layout.plain import exact
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step


def check_text(report: CheckReport, screen: Screen) -> str:
    """Return every mistake and every doubt with its place, and how many there are."""
    out = findings(report, screen)
    if report.ok:
        tasks = "1 task" if len(report.tasks) == 1 else f"{len(report.tasks)} tasks"
        told = f"{exact(report.path)}: {tasks}, no mistake."
        out.append(screen.paint(told, Ink.GOOD))
    else:
        what = "mistake" if len(report.problems) == 1 else "mistakes"
        out.append(f"{len(report.problems)} {what} in {exact(report.path)}.")
        good = ", ".join(map(exact, report.tasks)) or "none"
        out.append(f"Tasks that can be used: {good}")
    return "\n".join(out)


def findings(report: CheckReport, screen: Screen) -> list[str]:
    """Return the lines of the mistakes and the doubts."""
    out = []
    for title, ink, problems in (
        ("Mistakes:", Ink.BAD, report.problems),
        ("Warnings:", Ink.DOUBT, report.warnings),
    ):
        if problems:
            out += [screen.paint(title, ink), *problem_lines(problems, screen)]
    return out


def configured_text(report: ConfigureReport, screen: Screen) -> str:
    """Return the result of an editing session."""
    out = [f"Created {exact(report.path)}."] if report.created else []
    if report.kept is not None:
        out += findings(report.check, screen)
        out.append(f"Nothing was saved. Your text is kept in {exact(report.kept)}.")
        return "\n".join(out)
    if report.check.warnings or report.check.problems:
        out += findings(report.check, screen)
    if not report.saved:
        out.append("Nothing was changed.")
    elif report.check.ok:
        out.append("Configuration validated successfully and saved.")
    else:
        out.append("The configuration is saved.")
    if report.saved:
        out.append(next_step("docket install --diff", "shows what it changes", screen))
    return "\n".join(out)
