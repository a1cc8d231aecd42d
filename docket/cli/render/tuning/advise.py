"""How advice looks: a patch for each task, and what more is needed."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.tuning.advise import Advice, TaskAdvice
from docket.app.tuning.patch import patch_text
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step


def advice_text(found: Advice, screen: Screen) -> str:
    """Return the patch of each task with its notes and proofs."""
    if not found.tasks:
        return "There are no tasks."
    return "\n".join(line for one in found.tasks for line in _lines(one, screen))


def _lines(one: TaskAdvice, screen: Screen) -> Iterator[str]:
    runs = "1 good run" if one.good_runs == 1 else f"{one.good_runs} good runs"
    yield f"{screen.paint(one_line(one.task), Ink.STRONG)} ({runs})"
    yield from (f"  {one_line(note)}" for note in one.notes)
    if one.proposals:
        yield from (f"    {line}" for line in patch_text(one.task, one.patch).splitlines())
    for proposal in one.proposals:
        if proposal.proof:
            words = proposal.proof.partition(" try ")[2]
            yield next_step(f"docket try {words}", "proves it first", screen)
