"""`docket env`: the environment that the unit of a task gives to its command."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docket.app.catalog.lookup import current_plan
from docket.app.runs.foreground import run_in_foreground
from docket.app.runs.options import Attachment
from docket.app.runs.run import refusal_of
from docket.app.runs.unitenvironment import StartEnvironment, start_environment
from docket.app.session.session import Session
from docket.app.text.redaction import redact_text
from docket.errors import BusAbsentError, RunnerDiedError
from docket.model.record import Record
from docket.model.text.secretnames import is_plain_variable, names_a_secret

if TYPE_CHECKING:
    from docket.app.runs.shapes import (
        EnvironmentDifferenceDocument,
        EnvironmentDocument,
        VariableDocument,
    )
    from docket.model.plan import Plan

MASKED = "***"
_NO_MANAGER = (
    "No service manager answers: this is the environment of a run that you start here. It"
    " differs from yours only in what Docket changes."
)
_NOT_LOADED = "The service manager does not know the unit: docket install writes it."


class Variable(Record):
    """One variable of a task. `value` is None if only a run has one."""

    name: str
    value: str | None
    source: str  # manager, unit, docket, env, env_file, credential, caller
    file: str | None  # the file that has it, under the source env_file
    secret: bool

    @property
    def shown(self) -> str | None:
        """The value for people and programs: `***` for that of a secret."""
        return MASKED if self.secret else self.value

    def document(self) -> VariableDocument:
        """Return the variable as a JSON object."""
        return {
            "name": self.name,
            "value": self.shown,
            "masked": self.secret,
            "each_run": self.value is None and not self.secret,
            "source": self.source,
            "file": self.file,
        }


class TaskEnvironment(Record):
    """The variables of a task by name, and how they differ from those of the caller.

    `added` and `absent` are names that only the task, or only the caller, has; `changed` has the
    names with both values as they may be shown.
    """

    task: str
    unit: str
    loaded: bool
    user: str | None
    variables: tuple[Variable, ...]
    added: tuple[str, ...]
    absent: tuple[str, ...]
    changed: tuple[tuple[str, str | None, str], ...]
    warnings: tuple[str, ...]

    def document(self) -> EnvironmentDocument:
        """Return the environment as `docket env --json` prints it."""
        difference: EnvironmentDifferenceDocument = {
            "added": list(self.added),
            "absent": list(self.absent),
            "changed": [
                {"name": name, "task": task, "caller": caller}
                for name, task, caller in self.changed
            ],
        }
        return {
            "task": self.task,
            "unit": self.unit,
            "loaded": self.loaded,
            "user": self.user,
            "variables": [variable.document() for variable in self.variables],
            "difference": difference,
            "warnings": list(self.warnings),
        }


def environment(session: Session, exec_command: Sequence[str], task: str) -> TaskEnvironment:
    """Return what a run of `task` that its timer starts has in its environment.

    The runner itself says so: `exec_command`, the words that start `docket exec`, are started with
    what systemd would give them. Nothing is run or recorded. Raises what `current_plan` raises,
    BusError, RunnerDiedError, and an error with the code `env_file_missing` as the run would.
    """
    plan = current_plan(session, task)
    warnings: list[str] = []
    loaded = False
    try:
        units = session.units()
        found, version = units.variables(plan.unit), units.version()
    except BusAbsentError:
        warnings.append(_NO_MANAGER)
        start = StartEnvironment(session.environ, frozenset(), frozenset(), in_unit=False)
    else:
        loaded = found.loaded
        start = start_environment(plan, found, version)
        warnings += [] if loaded else [_NOT_LOADED]
    told = _asked(session, [*exec_command, task, *session.paths.exec_arguments()], start, task)
    variables = tuple(_variables(plan, told, start))
    ours = session.environ
    by_name = {variable.name: variable for variable in variables}
    return TaskEnvironment(
        task=task,
        unit=plan.unit,
        loaded=loaded,
        user=told["user"],
        variables=variables,
        added=tuple(name for name in by_name if name not in ours),
        absent=tuple(sorted(name for name in ours if name not in by_name)),
        changed=tuple(_changed(by_name, ours)),
        warnings=tuple(warnings),
    )


def _asked(
    session: Session, command: list[str], start: StartEnvironment, task: str
) -> Mapping[str, Any]:
    try:
        ended = run_in_foreground([*command, "--environment"], start.values, Attachment(echo=False))
        document: Mapping[str, Any] = json.loads(ended.result)
    except (OSError, ValueError):
        raise RunnerDiedError(
            f"The look at the environment of task {task!r} ended without a result.",
            hint=f"{session.program} doctor examines the installation.",
            task=task,
        ) from None
    if "error" in document:
        raise refusal_of(document)
    return document


def _variables(plan: Plan, told: Mapping[str, Any], start: StartEnvironment) -> Iterator[Variable]:
    unknown = start.unknown | set(told["of_one_run"])
    for name, (value, source) in told["variables"].items():
        kind, _, file = source.partition(" ")
        if kind == "inherited":
            kind = _layer(name, start)
        yield Variable(
            name=name,
            value=None if name in unknown else value,
            source=kind,
            file=file or None,
            secret=kind == "credential" or _is_secret(plan, name, value, kind),
        )


def _layer(name: str, start: StartEnvironment) -> str:
    if name in start.of_manager:
        return "manager"
    return "unit" if start.in_unit else "caller"


def _is_secret(plan: Plan, name: str, value: str | None, kind: str) -> bool:
    """Whether the value is not shown: of a file's variables only those that never hold a secret."""
    if value is None:
        return False
    if name in plan.secrets or names_a_secret(name) or value in plan.secret_values:
        return True
    return (kind == "env_file" and not is_plain_variable(name)) or redact_text(value) != value


def _changed(
    by_name: Mapping[str, Variable], ours: Mapping[str, str]
) -> Iterator[tuple[str, str | None, str]]:
    for name, variable in by_name.items():
        if name not in ours or variable.value == ours[name]:
            continue
        hidden = variable.secret or redact_text(ours[name]) != ours[name]
        yield name, variable.shown, MASKED if hidden else ours[name]
