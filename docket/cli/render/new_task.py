"""A task that was just written, in words."""

from __future__ import annotations

from docket.app.editing.new_task import NewTask
from docket.cli.render.layout.plain import exact
from docket.cli.render.layout.screen import Screen
from docket.cli.render.layout.steps import next_step


def new_task_text(made: NewTask, screen: Screen) -> str:
    """Return where the task is, how to test it, and how to run it."""
    return "\n".join(
        [
            f"Created task {made.task!r}, class {made.class_name}, at {exact(made.path)}",
            f"Its test: {exact(made.test_command)}",
            next_step(f"docket describe {made.task}", "shows it; then edit the file", screen),
            next_step(f"docket run {made.task} --dry-run", "tries it", screen),
        ]
    )
