"""From one entry under `tasks:` to a typed task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from docket.config.task import command as commanding
from docket.config.task import credentials as secrets
from docket.config.task import (
    environment,
    hooks,
    notify,
    plugin,
    policies,
    require,
    sandbox,
    timing,
    units,
    user,
)
from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander
from docket.config.task.retention import retention
from docket.config.yaml.codes import Code
from docket.model.problem import Mark
from docket.model.states import Overlap
from docket.model.task.task import CommandSpec, PythonSpec, Task
from docket.model.task.taskclass import TaskClass
from docket.model.text.nearest import slip_of

_DEFAULT = Task(name="", description="", raw={})


def command_task(
    entry: TaskEntry, mark: Mark, expander: Expander, user_home: str, files: tuple[str, ...]
) -> Task:
    """Return the task of a `type: command` entry that the schema has accepted."""
    spec = commanding.command_spec(entry, user_home)
    task = _shared(entry, expander, _DEFAULT.replace(name=entry.name, mark=mark), frozenset())
    return task.replace(
        command=spec,
        description=task.description or _described(spec),
        raw=_storable(entry.merged.plain()),
        sources=files,
    )


def class_task(
    entry: TaskEntry,
    mark: Mark | None,
    expander: Expander,
    drop_in: TaskClass,
    files: tuple[str, ...],
    foreign: frozenset[str],
) -> Task:
    """Return the task of a class with its entry, which the schema has accepted.

    The keys in `foreign` mean nothing to Docket here: they are the task's own.
    """
    plugin.check_schema(entry, drop_in)
    plugin.check_storable(entry)
    if mark is not None:  # somebody configured it
        policies.doubt_exit_codes(entry.without(foreign), drop_in)
    base = _DEFAULT.replace(
        name=entry.name,
        mark=mark,
        description=" ".join(drop_in.description.split()),
        inputs=drop_in.inputs,
        outputs=drop_in.outputs,
        required_env=drop_in.required_env,
        network=drop_in.network,
        destructive=drop_in.destructive,
        deletes=drop_in.destructive,
        agent_notes=drop_in.agent_notes,
    )
    config = entry.own.plain()
    return _shared(entry, expander, base, foreign).replace(
        python=PythonSpec(drop_in.path, drop_in.class_name, config, drop_in.module),
        schema=drop_in.schema,
        raw=_storable(entry.merged.plain()),
        sources=(*files, *filter(None, (drop_in.path, *drop_in.sources))),
    )


def _shared(entry: TaskEntry, expander: Expander, base: Task, foreign: frozenset[str]) -> Task:
    """Read the keys that every task may have; those in `foreign` belong to the task itself."""
    entry = entry.without(foreign)
    runs_as = user.user(entry, system=expander.system)
    credentials = secrets.credentials(entry, expander)
    paths, values = secrets.credential_variables(entry, credentials)
    return base.replace(
        description=" ".join(entry.value("description", base.description).split()),
        enabled=entry.value("enabled", base.enabled),
        schedules=timing.schedules(entry, user.at_home(expander, runs_as)),
        timezone=entry.line("timezone"),
        jitter_seconds=timing.span(entry, "jitter", base.jitter_seconds),
        accuracy_seconds=timing.span(entry, "accuracy", base.accuracy_seconds),
        catch_up=timing.catch_up(entry),
        overlap=Overlap(entry.value("overlap", base.overlap)),
        once_per=policies.once_per(entry),
        require=require.require(entry, user.at_home(expander, runs_as)),
        depends_on=_union((), entry.value("depends_on", ())),
        group=entry.value("group", base.group),
        timeout_seconds=timing.run_timeout(entry, 86400.0),
        attempt_timeout_seconds=timing.seconds_or_none(entry, "timeout_seconds"),
        idle_timeout_seconds=timing.seconds_or_none(entry, "idle_timeout_seconds"),
        grace_seconds=timing.span(entry, "grace", base.grace_seconds),
        retry=int(entry.value("retry", base.retry)),
        retry_on=_codes(entry, "retry_on", base.retry_on),
        backoff_base=_finite(entry, "backoff_base", base.backoff_base),
        backoff_max_seconds=timing.span(entry, "backoff_max", base.backoff_max_seconds),
        success_exit_codes=_codes(entry, "success_exit_codes", base.success_exit_codes),
        exit_codes=policies.exit_codes(entry),
        env={**environment.env(entry), **paths},
        env_credentials=values,
        env_files=environment.env_files(entry, expander),
        credentials=credentials,
        cwd=environment.working_directory(entry, user.at_home(expander, runs_as)),
        user=runs_as,
        required_env=_union(base.required_env, entry.value("required_env", ())),
        secrets=_union((), entry.value("secrets", ())),
        hooks=hooks.hooks(entry),
        notify=notify.notify(entry),
        limits=units.limits(entry),
        sandbox=sandbox.sandbox(entry, user.at_home(expander, runs_as), runs_as),
        unit=units.directives(entry),
        unattended=entry.value("unattended", base.unattended),
        destructive=entry.value("destructive", base.destructive),
        network=entry.value("network", base.network),
        inputs=entry.value("inputs", base.inputs),
        outputs=entry.value("outputs", base.outputs),
        agent_notes=entry.value("agent_notes", base.agent_notes),
        log_max_bytes=units.log_max_bytes(entry, base.log_max_bytes),
        retention=retention(entry),
    )


def _codes(entry: TaskEntry, key: str, default: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(code) for code in entry.value(key, default))


def _finite(entry: TaskEntry, key: str, default: float) -> float:
    value = float(entry.value(key, default))
    if math.isinf(value):
        entry.problem((key,), f"`{key}` is endless", expected="a number above 0")
        return default
    return value


def _union(first: tuple[str, ...], second: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _described(spec: CommandSpec) -> str:
    return f"Runs {spec.argv[0]}" if spec.argv else ""


def _storable(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return `raw` with null for the endless timeouts, for which JSON has no number."""
    return {
        key: None if isinstance(value, float) and math.isinf(value) else value
        for key, value in raw.items()
    }


def doubt_unknown_keys(entry: TaskEntry, known: tuple[str, ...], drop_in: TaskClass) -> None:
    """Warn of keys that only the task reads, although they look like keys of Docket."""
    own = plugin.own_keys(drop_in)
    for key in entry.own.entries:
        if key in known or key in own:
            continue
        near = slip_of(key, known)
        if near:
            sentence = f"`{key}` is passed to the task only: Docket itself has no such key"
            entry.warn((key,), sentence, hint=f"did you mean `{near}`?", code=Code.DOUBT)
