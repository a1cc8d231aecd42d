"""How errors and warnings look on standard error."""

from __future__ import annotations

from collections.abc import Iterable

from docket.cli.render.plain import exact
from docket.cli.render.screen import Ink, Screen
from docket.errors import ConfigError, DocketError
from docket.model.task import Problem


def error_text(error: DocketError, screen: Screen) -> str:
    """Return an error's lines: the sentence, every problem with its place, and the hint."""
    out = [f"{screen.paint('docket:', Ink.BAD)} {exact(error.sentence)}"]
    if isinstance(error, ConfigError):
        out += problem_lines(error.problems, screen)
    if error.hint:
        out.append(f"{screen.paint('hint:', Ink.BUSY)} {exact(error.hint)}")
    return "\n".join(out)


def problem_lines(problems: Iterable[Problem], screen: Screen) -> list[str]:
    """Return the lines of config problems, each with file, line, column and key."""
    out = []
    for problem in problems:
        place = f"{exact(problem.mark)}: " if problem.mark else ""
        key = ".".join(str(part) for part in problem.key)
        where = f"{exact(key)}: " if key and key not in problem.sentence else ""
        out.append(f"  {screen.paint(place, Ink.STRONG)}{where}{exact(problem.sentence)}")
        if problem.expected and problem.expected not in problem.sentence:
            out.append(f"      expected: {exact(problem.expected)}")
        if problem.hint:
            out.append(f"      {screen.paint('hint:', Ink.BUSY)} {exact(problem.hint)}")
    return out


def beside_text(
    problems: Iterable[Problem], warnings: Iterable[str | Problem], screen: Screen
) -> str:
    """Return what stands on standard error beside an answer: its problems and its warnings."""
    out = [line for problem in problems for line in _labelled("problem:", Ink.BAD, problem, screen)]
    for warning in warnings:
        out += _labelled("warning:", Ink.DOUBT, warning, screen)
    return "\n".join(out)


def _labelled(label: str, ink: Ink, said: str | Problem, screen: Screen) -> list[str]:
    label = screen.paint(label, ink)
    if isinstance(said, str):
        return [f"{label} {exact(said)}"]
    place = f"{exact(said.mark)}: " if said.mark else ""
    task = f"{said.task}: " if said.task and said.task not in said.sentence else ""
    out = [f"{label} {place}{exact(task + said.sentence)}"]
    if said.hint:
        out.append(f"  {screen.paint('hint:', Ink.BUSY)} {exact(said.hint)}")
    return out
