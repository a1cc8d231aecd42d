"""The environment that systemd starts a task's service with; systemd.exec(5)."""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator, Mapping
from glob import glob
from typing import TYPE_CHECKING

from docket.files import read_plain
from docket.model.record import Record
from docket.model.text.envfile import EnvironmentFileError, parse_environment

if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.model.unitstate import UnitVariables

# What systemd sets again for each start of a service, and what it adds for what started it.
_OF_ONE_START = ("INVOCATION_ID", "SYSTEMD_EXEC_PID")
_OF_A_TIMER = ("TRIGGER_UNIT", "TRIGGER_TIMER_REALTIME_USEC", "TRIGGER_TIMER_MONOTONIC_USEC")
_OF_A_PATH = "TRIGGER_PATH"
_OF_A_USERS_MANAGER = "MANAGERPID"
_CREDENTIALS = ("LoadCredential", "LoadCredentialEncrypted", "SetCredential", "ImportCredential")
_NAMES_ROOT = 256  # since this version of systemd every service of the system has USER
_UNKNOWN = "-"  # stands for a value that only a start knows
_SYSTEM_DIRECTORIES = {
    "RuntimeDirectory": "/run",
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
    "ConfigurationDirectory": "/etc",
}
_ESCAPED = re.compile(r"\\([*?\[\]\\])")
_PATTERN = re.compile(r"(?<!\\)[*?\[]")


class StartEnvironment(Record):
    """The variables of a start; `of_manager` names those that every unit of the manager gets.

    `unknown` names those whose values only a start knows. `in_unit` is whether a unit gives them.
    """

    values: Mapping[str, str]
    of_manager: frozenset[str]
    unknown: frozenset[str]
    in_unit: bool = True


def start_environment(plan: Plan, found: UnitVariables, version: int) -> StartEnvironment:
    """Return what systemd gives to the runner of the task, started by its timer.

    What it sets for this start outdoes what it gives to all units, Environment= outdoes both, and
    EnvironmentFile= of a drop-in everything: those of `env_file` are read by the runner.
    `version` is systemd's.
    """
    own = dict(_by_systemd(plan, found, version))
    unknown = {name for name, value in own.items() if value == _UNKNOWN}
    own.update(entry.partition("=")[::2] for entry in found.environment)
    for path in _files(found):
        own.update(_read(path))
    values = {**found.manager, **own}
    for entry in found.unset:
        name, equals, value = entry.partition("=")
        if not equals or values.get(name) == value:
            values.pop(name, None)
    return StartEnvironment(
        values=values,
        of_manager=frozenset(values.keys() - own.keys()),
        unknown=frozenset(name for name in unknown if values.get(name) == _UNKNOWN),
    )


def _by_systemd(plan: Plan, found: UnitVariables, version: int) -> Iterator[tuple[str, str]]:
    timer = _OF_A_TIMER if plan.timer_unit else ()
    if plan.paths:
        timer = (*timer, _OF_A_PATH)
    manager = () if plan.system else (_OF_A_USERS_MANAGER,)
    for name in (*_OF_ONE_START, *timer, *manager, *found.passed):
        yield name, _UNKNOWN
    if found.user:
        yield from _login(found.user)
    elif plan.system and version >= _NAMES_ROOT:
        yield "USER", "root"
    runtime = "/run" if plan.system else found.manager.get("XDG_RUNTIME_DIR", "")
    if any(one[0].startswith(_CREDENTIALS) for one in plan.service):
        yield "CREDENTIALS_DIRECTORY", f"{runtime}/credentials/{plan.unit}"
    for directive, names in found.directories.items():
        variable = directive.replace("Directory", "").upper() + "_DIRECTORY"
        root = _SYSTEM_DIRECTORIES[directive] if plan.system else None
        if directive == "RuntimeDirectory":
            root = runtime
        paths = [f"{root}/{name.partition(':')[0]}" for name in names]
        yield variable, ":".join(paths) if root else _UNKNOWN


def _login(user: str) -> Iterator[tuple[str, str]]:
    try:
        known = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except KeyError:
        return
    yield "HOME", known.pw_dir
    yield "LOGNAME", known.pw_name
    yield "USER", known.pw_name
    yield "SHELL", known.pw_shell


def _files(found: UnitVariables) -> list[str]:
    """Return the environment files of the unit in systemd's order."""
    paths: list[str] = []
    for pattern in found.files:
        many = _PATTERN.search(pattern) is not None
        paths += sorted(glob(pattern)) if many else [_ESCAPED.sub(r"\1", pattern)]
    return paths


def _read(path: str) -> dict[str, str]:
    """Return the variables of a file; one that is missing or no such file has none for systemd."""
    try:
        data, _status = read_plain(os.path.realpath(path))
        return parse_environment(data)
    except (OSError, EnvironmentFileError):
        return {}
