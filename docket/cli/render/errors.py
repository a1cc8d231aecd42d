"""How errors and warnings look on standard error."""

from __future__ import annotations

from collections.abc import Iterable

from docket.cli.render.layout.facts import wrap
from docket.cli.render.layout.plain import exact
from docket.cli.render.layout.screen import Ink, Screen
from docket.errors import ConfigError, DocketError
from docket.model.problem import Problem


def error_text(error: DocketError, screen: Screen) -> str:
    """Return an error's lines: the sentence, every problem with its place, and the hint."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    sentence = error.sentence
    in_sentence = bool(problems) and problems[0].sentence in sentence
    if in_sentence and len(problems) > 1:  # the list shows the problem in full
        sentence = f"The config has {len(problems)} mistakes."
    out = _labelled("docket:", Ink.BAD, sentence, screen)
    if in_sentence and len(problems) == 1:
        if problems[0].expected and problems[0].expected not in sentence:
            out += _labelled("expected:", Ink.FAINT, problems[0].expected, screen)
        problems = ()
    out += problem_lines(problems, screen)
    if error.hint and all(error.hint != problem.hint for problem in problems):
        out += _labelled("hint:", Ink.BUSY, error.hint, screen)
    return "\n".join(out)


def problem_lines(problems: Iterable[Problem], screen: Screen) -> list[str]:
    """Return the lines of config problems, each with file, line, column and key."""
    out = []
    for problem in problems:
        key = ".".join(str(part) for part in problem.key)
        where = f"{key}: " if key and key not in problem.sentence else ""
        place = f"{problem.mark}: " if problem.mark else ""
        out += _labelled(place.rstrip(), Ink.STRONG, f"{where}{problem.sentence}", screen, "  ")
        if problem.expected and problem.expected not in problem.sentence:
            out += _labelled("expected:", Ink.FAINT, problem.expected, screen, "      ")
        if problem.hint:
            out += _labelled("hint:", Ink.BUSY, problem.hint, screen, "      ")
    return out


def beside_text(
    problems: Iterable[Problem], warnings: Iterable[str | Problem], screen: Screen
) -> str:
    """Return what is printed on standard error beside an answer: its problems and warnings."""
    out = [line for problem in problems for line in _beside("problem:", Ink.BAD, problem, screen)]
    for warning in warnings:
        out += _beside("warning:", Ink.DOUBT, warning, screen)
    return "\n".join(out)


def _beside(label: str, ink: Ink, said: str | Problem, screen: Screen) -> list[str]:
    if isinstance(said, str):
        return _labelled(label, ink, said, screen)
    place = f"{said.mark}: " if said.mark else ""
    task = f"{said.task}: " if said.task and said.task not in said.sentence else ""
    out = _labelled(label, ink, f"{place}{task}{said.sentence}", screen)
    if said.hint:
        out += _labelled("hint:", Ink.BUSY, said.hint, screen, "  ")
    return out


def _labelled(label: str, ink: Ink, text: str, screen: Screen, indent: str = "") -> list[str]:
    """Return a sentence after its label, broken at the width of the screen."""
    label = exact(label)
    whole = f"{label} {exact(text)}" if label else exact(text)
    margin = indent + "    "
    room = None if screen.width is None else screen.width - len(margin)
    first, *rest = wrap(whole, room)
    painted = screen.paint(label, ink) + first[len(label) :] if first.startswith(label) else first
    return [indent + painted, *(margin + line for line in rest)]
