"""Which tasks there are, and when each ran last."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import config_or_none_yet, shown_names
from docket.app.catalog.planfiles import planned_tasks
from docket.app.record.opening import open_record
from docket.app.session.session import Session
from docket.app.text.documents import latest_document
from docket.errors import ConfigError, StoreError
from docket.model.names import path_unit, service_unit, timer_unit
from docket.model.problem import Problem
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.task.task import Config, Task

if TYPE_CHECKING:
    from docket.app.status.shapes import ListedTaskDocument
    from docket.model.shapes import ErrorDocument


class ListedTask(Record):
    """One task of the list; `task` is None if it is broken, and `problems` says how.

    `installed` is whether what starts it by itself is installed; None: the config wants nothing to.
    """

    name: str
    task: Task | None
    last_run: RunRecord | None
    problems: tuple[Problem, ...] = ()
    installed: bool | None = None

    @property
    def description(self) -> str:
        """What the task says of itself; empty for a broken one."""
        return self.task.description if self.task is not None else ""

    @property
    def schedule(self) -> tuple[str, ...]:
        """The triggers as written."""
        return self.task.schedule_texts if self.task is not None else ()

    @property
    def destructive(self) -> bool:
        """Whether it can delete, overwrite or spend something: the config or its class says so."""
        return self.task is not None and self.task.destroys

    def document(self) -> ListedTaskDocument:
        """Return the task as an element of `docket list --json`."""
        return {
            "name": self.name,
            "description": self.description,
            "last_run": latest_document(self.last_run) if self.last_run is not None else None,
            "broken": self.task is None,
            "problems": [problem.document() for problem in self.problems],
            "enabled": self.task.enabled if self.task is not None else False,
            "installed": self.installed,
            "destructive": self.destructive,
            "schedule": list(self.schedule),
        }


class TaskList(Record):
    """All tasks in the order of their names; `warnings` are sentences.

    `error` says why the config cannot be used: `tasks` holds what plans and record know then.
    `recorded` is whether the record of runs could be read.
    """

    tasks: tuple[ListedTask, ...]
    warnings: tuple[str | Problem, ...] = ()
    error: ConfigError | None = None
    recorded: bool = True

    @property
    def exit_code(self) -> int:
        """1 if the config cannot be used."""
        return 0 if self.error is None else 1

    def document(self) -> list[ListedTaskDocument] | ErrorDocument:
        """Return the list as `docket list --json` prints it."""
        tasks = self.rows()
        return tasks if self.error is None else self.error.document_with(tasks=tasks)

    def rows(self) -> list[ListedTaskDocument]:
        """Return each task as an element of the list."""
        return [task.document() for task in self.tasks]


def list_tasks(session: Session) -> TaskList:
    """Return every task of the config, the broken ones too, with its last real run.

    A record of runs that cannot be read is a warning, and a config that cannot be used is the
    `error` of the list.
    """
    try:
        config = config_or_none_yet(session)
    except ConfigError as error:
        return _without_config(session, error)
    latest, warnings = _latest(session, config)
    return TaskList(
        tuple(
            _listed(session, config, name, latest.get(name)) for name in shown_names(config, latest)
        ),
        (*config.warnings, *warnings),
        recorded=not warnings,
    )


def _without_config(session: Session, error: ConfigError) -> TaskList:
    """Return the tasks that plans and record know."""
    try:
        latest, warnings = _latest(session, None)
    except ConfigError:  # there is no plan that says where the record is
        latest, warnings = {}, ()
    names = sorted({*planned_tasks(session.paths), *latest})
    tasks = tuple(ListedTask(name, None, latest.get(name)) for name in names)
    return TaskList(tasks, warnings, error, recorded=not warnings)


def _listed(session: Session, config: Config, name: str, last_run: RunRecord | None) -> ListedTask:
    problems = tuple(problem for problem in config.problems if problem.task == name)
    task = config.tasks.get(name)
    installed = None
    if task is not None and task.enabled and task.schedules:
        named = timer_unit if task.timed else path_unit if task.paths else service_unit
        unit = named(name, config.instance or session.paths.instance_key)
        installed = os.path.exists(os.path.join(session.paths.unit_dir, unit))
    return ListedTask(name, task, last_run, problems, installed)


def _latest(
    session: Session, config: Config | None
) -> tuple[Mapping[str, RunRecord], tuple[str, ...]]:
    try:
        with open_record(session, config) as reader:
            return reader.latest(), ()
    except StoreError as error:
        return {}, (error.sentence,)
