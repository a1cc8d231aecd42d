"""Changes of tasks that an agent makes: only in files of `conf.d`, and never with less around them.

The runs of a task by its timer are not an agent's, so `policy` asks less of them. What an agent
writes has the sandbox in its entry that `policy` asks of agents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from docket.app.catalog.taskclasses import load_home
from docket.app.editing import parts
from docket.app.editing.configure import create_if_missing
from docket.config.loader import usable
from docket.model.task.sandbox import Sandbox, Starter

if TYPE_CHECKING:
    from docket.app.editing.parts import TaskAdded
    from docket.app.session.session import Session
    from docket.model.task.task import Config

__all__ = ["add_task", "change_task"]


def add_task(session: Session, name: str, entry: Mapping[str, Any]) -> TaskAdded:
    """Write a file with the command task `name`; raises what `parts.add_task` raises."""
    create_if_missing(session)
    config = usable(load_home(session.paths, session.environ))
    return parts.add_task(
        session, name, {"type": "command", **entry, **_confined(config, Sandbox(), {})}
    )


def change_task(session: Session, name: str, keys: Mapping[str, Any]) -> TaskAdded:
    """Set keys of a command task; an empty text takes a key out. Raises as `parts.change_task`."""
    config = usable(load_home(session.paths, session.environ))
    task = config.tasks.get(name)

    def changed(entry: Mapping[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in {**entry, **keys}.items() if value != ""}
        return {**kept, **_confined(config, Sandbox() if task is None else task.sandbox, entry)}

    return parts.change_task(session, name, changed)


def _confined(config: Config, own: Sandbox, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `sandbox` of an entry, if `policy` asks more of agents than it has."""
    floor = config.policy.floor(Starter.AGENT).sandbox
    if own.raised(floor) is own:
        return {}
    written = entry.get("sandbox")
    if isinstance(written, Mapping):
        return {"sandbox": {**written, "from": str(floor)}}
    return {"sandbox": str(floor)}
