"""Raw directives of a task's `unit:` key: which are taken, and which Docket has its own key for."""

from __future__ import annotations

import re

from docket.compiler.quoting import value_refusal
from docket.errors import CompileError
from docket.model.task.schedule import PATH_DIRECTIVES
from docket.model.task.task import Task

SECTIONS = ("Unit", "Service", "Timer", "Path")
# Directives of [Unit] that keep a run from starting, or end it: nothing but a unit obeys them.
_GUARDS = ("BindsTo", "Conflicts", "PartOf", "Requires", "RequiresMountsFor", "Requisite")
_KEY = re.compile(r"(?:X-)?[A-Z][A-Za-z0-9-]{0,99}")

# The contract itself: with another value the run's record would no longer be true.
_CONTRACT = "Docket's contract depends on it"
_OWNED = {
    ("Unit", "Description"): "write `description`",
    ("Unit", "StartLimitIntervalSec"): _CONTRACT,
    ("Unit", "StartLimitInterval"): _CONTRACT,
    ("Unit", "StartLimitBurst"): _CONTRACT,
    **{
        ("Service", key): _CONTRACT
        for key in (
            "Type",
            "ExecStart",
            "ExecStop",
            "ExecStopPost",
            "ExecReload",
            "SuccessExitStatus",
            "RestartForceExitStatus",
            "RemainAfterExit",
            "KillMode",
            "KillSignal",
            "SendSIGKILL",
            "NotifyAccess",
            "GuessMainPID",
            "PIDFile",
            "BusName",
            "Slice",
            "RootDirectory",
            "RootImage",
        )
    },
    **{("Service", key): "write `retry`" for key in ("Restart", "RestartSec", "RestartMode")},
    **{
        ("Service", key): "write `timeout`"
        for key in (
            "TimeoutStartSec",
            "TimeoutStopSec",
            "TimeoutSec",
            "TimeoutAbortSec",
            "RuntimeMaxSec",
            "TimeoutStartFailureMode",
            "TimeoutStopFailureMode",
            "WatchdogSec",
        )
    },
    **{
        (
            "Service",
            key,
        ): "the runner in the unit keeps its user; write `user` in the system scope"
        for key in ("User", "Group", "DynamicUser", "SupplementaryGroups")
    },
    ("Service", "WorkingDirectory"): "write `cwd`",
    ("Service", "Environment"): "write `env`",
    ("Service", "PassEnvironment"): "write `env`",
    ("Service", "UnsetEnvironment"): "write `env`",
    ("Service", "EnvironmentFile"): "write `env_file`",
    ("Service", "LoadCredential"): "write `credentials`",
    ("Service", "SetCredential"): "write `credentials`: a unit file can be read by others",
    ("Service", "MemoryMax"): "write `limits.memory`",
    ("Service", "MemoryLimit"): "write `limits.memory`",
    ("Service", "MemoryHigh"): "write `limits.memory_high`",
    ("Service", "MemorySwapMax"): "write `limits.swap`",
    ("Service", "CPUQuota"): "write `limits.cpu`",
    ("Service", "CPUWeight"): "write `limits.cpu_weight`",
    ("Service", "IOWeight"): "write `limits.io_weight`",
    ("Service", "TasksMax"): "write `limits.tasks`",
    ("Service", "Nice"): "write `limits.nice`",
    ("Service", "LimitNOFILE"): "write `limits.open_files`",
    **{
        ("Timer", key): "write `schedule`"
        for key in (
            "OnCalendar",
            "OnActiveSec",
            "OnBootSec",
            "OnStartupSec",
            "OnUnitActiveSec",
            "OnUnitInactiveSec",
        )
    },
    ("Timer", "AccuracySec"): "write `accuracy`",
    ("Timer", "RandomizedDelaySec"): "write `jitter`",
    ("Timer", "FixedRandomDelay"): "write `jitter`",
    ("Timer", "Persistent"): "write `catch_up`",
    ("Timer", "Unit"): _CONTRACT,
    **{("Path", key): "write `schedule: {path: ...}`" for key in PATH_DIRECTIVES.values()},
    ("Path", "Unit"): _CONTRACT,
}


def raw_lines(task: Task, section: str) -> list[str]:
    """Return the lines that `unit:` adds to `section`, as written; CompileError if one is refused.

    Specifiers (`%h`) keep their meaning in them: that is what raw is for.
    """
    lines: list[str] = []
    for key, values in task.unit.get(section, {}).items():
        for value in values:
            _check(task, section, key, value.strip())
            lines.append(f"{key}={value.strip()}")
    return lines


def check_sections(task: Task) -> None:
    """Raise CompileError if `unit:` names a section that Docket does not write."""
    for section in task.unit:
        if section not in SECTIONS:
            raise CompileError(
                f"Task '{task.name}': `unit.{section}` is not a section that can be added to.",
                hint=f"Allowed are {', '.join(SECTIONS)}.",
                task=task.name,
                key=f"unit.{section}",
            )


def _check(task: Task, section: str, key: str, value: str) -> None:
    place = f"unit.{section}.{key}"
    if not _KEY.fullmatch(key):
        raise CompileError(
            f"Task '{task.name}': {place!r} is not a name of a directive.",
            hint="A directive's name is a capital letter followed by letters and digits.",
            task=task.name,
            key=place,
        )
    owned = _OWNED.get((section, key))
    if owned is not None:
        raise CompileError(
            f"Task '{task.name}': `{place}` is set by Docket itself.",
            hint=owned[0].upper() + owned[1:] + ".",
            task=task.name,
            key=place,
        )
    why = value_refusal(value)
    if why is not None:
        raise CompileError(
            f"Task '{task.name}': `{place}` {why}.",
            hint="Write it on one line.",
            task=task.name,
            key=place,
        )


def only_a_unit_keeps(task: Task) -> bool:
    """Whether the task has a directive that guards or confines its runs, by hand too."""
    guards = (
        name in _GUARDS or name.startswith(("Condition", "Assert"))
        for name in task.unit.get("Unit", ())
    )
    return bool(task.unit.get("Service")) or any(guards)
