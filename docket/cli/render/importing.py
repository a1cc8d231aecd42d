"""How an import looks: the YAML itself, or what was written and what comes next."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.crontab.imported import CrontabImport
from docket.cli.render.layout.plain import exact
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.steps import next_step

MOST_SHOWN = 50


def import_text(found: CrontabImport, screen: Screen) -> str:
    """Return the YAML, or, if that is in a file, the proof of each task and the next steps."""
    if found.output is None:
        return found.yaml
    return "\n".join(_written(found, screen))


def _written(found: CrontabImport, screen: Screen) -> Iterator[str]:
    count = len(found.tasks)
    yield f"Written: {exact(found.output)} ({'1 task' if count == 1 else f'{count} tasks'})"
    for task in found.tasks[:MOST_SHOWN]:
        good = task.proof is None or task.proof.identical
        ink = Ink.GOOD if good else Ink.BAD if task.proof and task.proof.by_meaning else Ink.DOUBT
        yield f"{screen.paint(exact(task.job.name), ink)}: {exact(task.proved())}"
    if count > MOST_SHOWN:
        yield f"... and {count - MOST_SHOWN} more"
    if count and not found.appended:
        yield next_step("docket configure", "take the tasks over into your config", screen)
    if count:
        yield next_step("docket install --diff", "shows what an install would change", screen)
        yield next_step(
            "docket install --now --linger", "starts the timers, logged in or not", screen
        )
