"""Which tasks there are, and when each ran last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docket.app.documents import latest_document
from docket.app.lookup import config_or_none_yet, known_names
from docket.app.recorded import open_record
from docket.app.session import Session
from docket.errors import StoreError
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.task import Config, Problem, Task


class ListedTask(Record):
    """One task of the list; `task` is None where it is broken, and `problems` says how."""

    name: str
    task: Task | None
    last_run: RunRecord | None
    problems: tuple[Problem, ...] = ()

    @property
    def description(self) -> str:
        """What the task says of itself; empty for a broken one."""
        return self.task.description if self.task is not None else ""

    @property
    def schedule(self) -> tuple[str, ...]:
        """The triggers as written."""
        return schedule_texts(self.task) if self.task is not None else ()

    def document(self) -> dict[str, Any]:
        """Return the task as an element of `docket list --json`."""
        return {
            "name": self.name,
            "description": self.description,
            "last_run": latest_document(self.last_run) if self.last_run is not None else None,
            "broken": self.task is None,
            "problems": [problem.document() for problem in self.problems],
            "enabled": self.task.enabled if self.task is not None else False,
            "schedule": list(self.schedule),
        }


class TaskList(Record):
    """All tasks in the order of their names; `warnings` are sentences."""

    tasks: tuple[ListedTask, ...]
    warnings: tuple[str | Problem, ...] = ()

    def document(self) -> list[dict[str, Any]]:
        """Return the list as `docket list --json` prints it."""
        return [task.document() for task in self.tasks]


def list_tasks(session: Session) -> TaskList:
    """Return every task of the config, the broken ones too, with its last real run.

    A record of runs that cannot be read is a warning. Raises ConfigError.
    """
    config = config_or_none_yet(session)
    latest, warnings = _latest(session, config)
    return TaskList(
        tuple(_listed(config, name, latest.get(name)) for name in known_names(config)),
        (*config.warnings, *warnings),
    )


def schedule_texts(task: Task) -> tuple[str, ...]:
    """Return the triggers of a task as one writes them: a cron expression, else `kind: text`."""
    return tuple(
        spec.text if spec.kind == "cron" else f"{spec.kind}: {spec.text}" for spec in task.schedules
    )


def _listed(config: Config, name: str, last_run: RunRecord | None) -> ListedTask:
    problems = tuple(problem for problem in config.problems if problem.task == name)
    return ListedTask(name, config.tasks.get(name), last_run, problems)


def _latest(session: Session, config: Config) -> tuple[Mapping[str, RunRecord], tuple[str, ...]]:
    try:
        with open_record(session, config) as reader:
            return reader.latest(), ()
    except StoreError as error:
        return {}, (error.sentence,)
