"""What the unit of a task keeps from its runs, and how systemd weighs that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.catalog.places import place_of
from docket.compiler.sandbox.write import write_sandbox
from docket.compiler.service import service_body
from docket.compiler.text import UnitText
from docket.errors import ToolMissingError
from docket.model.task.sandbox import Sandbox, Starter
from docket.systemd.analyze import exposure

if TYPE_CHECKING:
    from docket.app.session.session import Session
    from docket.model.task.task import Config, Task


def unit_sandbox(
    session: Session, config: Config, task: Task
) -> tuple[Sandbox, tuple[str, ...], float | None]:
    """Return the sandbox of the unit of `task`, its directives and its exposure, if known.

    CompileError as compiling.
    """
    place = place_of(session.paths, config)
    sandbox = place.sandbox(task, Starter.UNATTENDED)
    if not sandbox.confines:
        return sandbox, (), None
    text = UnitText(task.name)
    write_sandbox(text, sandbox, place, task.name)
    try:
        level = exposure(service_body(task, place), user=not session.paths.system)
    except ToolMissingError:
        level = None
    return sandbox, tuple(text.body().splitlines()), level
