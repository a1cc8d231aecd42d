"""The unit that starts a task's service when a path changes or exists: systemd.path(5)."""

from __future__ import annotations

from docket.compiler.bundle import Place
from docket.compiler.directives import raw_lines
from docket.compiler.service import description
from docket.compiler.text import UnitText
from docket.model.names import MAINTENANCE, path_unit, service_unit, timer_unit
from docket.model.task.schedule import PATH_DIRECTIVES
from docket.model.task.task import Task

# A path that stays as it is starts its task again at each end. systemd's own limit is 200 starts in
# two seconds, which a run of Docket is too slow to reach.
_LIMIT = ("TriggerLimitIntervalSec=1min", "TriggerLimitBurst=300")


def path_bodies(task: Task, place: Place) -> dict[str, str]:
    """Return the contents of the task's path unit by name; nothing if it watches no path."""
    if not task.paths:
        return {}
    text = UnitText(task.name)
    text.section("Unit")
    text.value("Description", f"Paths of: {description(task)}", "description")
    text.fixed(f"Wants={timer_unit(MAINTENANCE, place.instance)}")
    write_path(text, task, service_unit(task.name, place.instance))
    return {path_unit(task.name, place.instance): text.body()}


def write_path(text: UnitText, task: Task, service: str) -> None:
    """Write into `text` when to start the unit `service`: all of a path unit but its [Unit]."""
    text.section("Path")
    for directive, path in dict.fromkeys((spec.condition, spec.text) for spec in task.paths):
        text.value(PATH_DIRECTIVES[directive], path, "schedule")
    if any(spec.repeats for spec in task.paths):
        text.fixed(*_LIMIT)
    text.fixed(f"Unit={service}", *raw_lines(task, "Path"))
    text.section("Install")
    text.fixed("WantedBy=paths.target")
