"""Finding the config, a task in it, and the place of the store, for the commands that read."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable

from docket.app.catalog.configmemory import remembered
from docket.app.catalog.ownstore import own_store
from docket.app.catalog.planfiles import is_fresh, plans, read_plan
from docket.app.session.session import Session
from docket.errors import (
    BrokenTaskError,
    ConfigError,
    ConfigMissingError,
    NameRefusedError,
    PlanError,
    UnknownTaskError,
)
from docket.model.names import ALLOWED_SENTENCE, is_safe_name
from docket.model.plan import Plan
from docket.model.problem import Problem
from docket.model.task.task import Config, Task
from docket.model.text.nearest import nearest

_LONGEST_SHOWN = 100


def load_config(session: Session) -> Config:
    """Return the config with its drop-in tasks; broken tasks are in its problems.

    If nothing changed since `docket install`, it is the one that was installed. Raises
    ConfigError if no task of it can be used.
    """
    known = remembered(session.paths, session.environ)
    if known is not None:
        return known
    from docket.app.catalog.taskclasses import load_again  # noqa: PLC0415  (brings yaml and jsonschema)

    return load_again(session)


def config_or_none_yet(session: Session, task: str | None = None) -> Config:
    """Return the config as `load_config`; without a file, the built-in tasks and a warning.

    Raises ConfigMissingError if `task` is given and is not one of the built-in tasks.
    """
    try:
        return load_config(session)
    except ConfigMissingError:
        from docket.app.catalog.taskclasses import load_home  # noqa: PLC0415  (as above)

        config = load_home(
            session.paths, session.environ, without_file=True, remember=session.keeps
        )
        if task is not None and task not in config.tasks:
            raise
        return config


def config_if_usable(session: Session) -> tuple[Config | None, ConfigError | None]:
    """Return the config, or None and why it cannot be used, for commands that go on without it."""
    try:
        return load_config(session), None
    except ConfigError as error:
        return None, error


def state_db(session: Session) -> str:
    """Return where the record of runs is.

    That is what the config says. A plan whose sources are unchanged says the same without the
    price of reading YAML; and if the config is broken, the plans that still run say it. Raises
    ConfigError if it is broken, and there is neither a plan nor a record at the usual place: "no
    runs" would be a guess. StoreError if the caller may not look there.
    """
    return own_store(_state_db(session))


def _state_db(session: Session) -> str:
    last_good = None
    for plan in plans(session.paths):
        if is_fresh(plan.sources):
            return plan.state_db
        last_good = plan.state_db
        break
    try:
        return load_config(session).state_db
    except ConfigMissingError:
        return last_good or session.paths.state_db
    except ConfigError:
        if last_good is None and not os.path.exists(session.paths.state_db):
            raise
        return last_good or session.paths.state_db


def find_task(config: Config, name: str) -> Task:
    """Return a task of the config; UnknownTaskError or BrokenTaskError if it cannot be used."""
    refuse_unsafe_name(name)
    task = config.tasks.get(name)
    if task is not None:
        return task
    problems = [problem for problem in config.problems if problem.task == name]
    if problems:
        raise broken_task(name, problems)
    raise unknown_task(name, known_names(config))


def known_names(config: Config) -> list[str]:
    """Return the names of all tasks of the config, the broken ones too, in order."""
    broken = {problem.task for problem in config.problems if problem.task is not None}
    return sorted(broken | set(config.tasks))


def shown_names(config: Config, also: Container[str] = ()) -> list[str]:
    """Return the names of the tasks to list, in order.

    Built-in tasks without an entry in the config are left out, unless there is no config yet, or
    their name is in `also`.
    """
    no_config = any(warning.code == ConfigMissingError.code for warning in config.warnings)
    built_in = frozenset(() if no_config else built_in_names(config))
    return [name for name in known_names(config) if name in also or name not in built_in]


def built_in_names(config: Config) -> list[str]:
    """Return the names of the built-in tasks that the config has no entry for."""
    return sorted(name for name, task in config.tasks.items() if task.dormant)


def unknown_task(name: str, known: Iterable[str]) -> UnknownTaskError:
    """Return the error for a name that no task has, with the nearest name as its hint."""
    names = list(known)
    shown = _shown(name)
    near = nearest(shown, names)
    if near:
        hint = f"Did you mean {near!r}?"
    elif names:
        hint = "docket list shows the tasks."
    else:
        hint = "There are no tasks yet; docket configure opens the config."
    return UnknownTaskError(f"There is no task {shown!r}.", hint=hint, task=shown)


def broken_task(name: str, problems: Iterable[Problem]) -> BrokenTaskError:
    """Return the error for a task that cannot be used, with what is wrong with it."""
    found = list(problems)
    first = found[0]
    place = f"{first.mark}: " if first.mark is not None else ""
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return BrokenTaskError(
        f"Task {name!r} cannot be used: {place}{first.sentence}{more}",
        hint=first.hint or first.expected or "docket check lists everything that is wrong.",
        task=name,
        problems=[problem.document() for problem in found],
    )


def require_known(session: Session, name: str) -> None:
    """Raise UnknownTaskError if the config can be read and has no such task."""
    refuse_unsafe_name(name)
    try:
        config = load_config(session)
    except ConfigError:
        return  # a broken config is not a reason to hide the past
    if name not in known_names(config):
        raise unknown_task(name, known_names(config))


def current_plan(session: Session, name: str) -> Plan:
    """Return the plan that a run of the task started now obeys, made again if it is old.

    It is kept, unless the session keeps nothing. Raises NameRefusedError, ConfigError,
    UnknownTaskError, BrokenTaskError and what compiling raises; PlanError if the plan cannot be
    kept.
    """
    refuse_unsafe_name(name)
    plan = read_plan(session.paths, name)
    if plan is not None and is_fresh(plan.sources):
        return plan
    from docket.app.catalog.compilation import recompile  # noqa: PLC0415  (brings yaml and jsonschema)

    try:
        return recompile(session.paths, session.environ, name, keep=session.keeps)
    except BrokenTaskError as error:
        problems = [p for p in load_config(session).problems if p.task == name]
        raise broken_task(name, problems) if problems else error from None
    except PlanError:
        if plan is None:
            raise
        return plan  # the last good one, which `docket exec` obeys too, and says so


def refuse_unsafe_name(name: str) -> None:
    """Raise NameRefusedError for a text that can be no task's name."""
    if not is_safe_name(name):
        raise NameRefusedError(
            f"{_shown(name)!r} is not a task name.",
            hint=ALLOWED_SENTENCE[0].upper() + ALLOWED_SENTENCE[1:] + ".",
            task=_shown(name),
        )


def _shown(name: str) -> str:
    return name if len(name) <= _LONGEST_SHOWN else name[:_LONGEST_SHOWN] + "..."
