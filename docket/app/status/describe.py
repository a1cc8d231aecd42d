"""One task's contract: what it takes and gives, what it may do, and how it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docket.app.catalog.idlelimits import idle_limits, no_effect
from docket.app.catalog.lookup import config_or_none_yet, find_task
from docket.app.session.session import Session
from docket.app.status.taskdocument import masked, task_document
from docket.app.status.taskstate import TaskState, standing
from docket.app.text.redaction import redact, redact_text
from docket.compiler.secrets import secret_names
from docket.model.names import path_unit_of, service_unit, timer_unit
from docket.model.record import Record
from docket.model.task.sandbox import Sandbox
from docket.model.task.task import Config, HookSpec, Limits, NotifySpec, Requirement, Task, UserSpec

if TYPE_CHECKING:
    from docket.app.status.contractshapes import (
        ContractDocument,
        HookSpecDocument,
        NotifySpecDocument,
        ProgramDocument,
        RequirementDocument,
        UserDocument,
    )
    from docket.app.status.shapes import DescriptionDocument, NowDocument, SandboxDocument


class SandboxState(Record):
    """The sandbox of a task's unit; `exposure` is None if systemd-analyze does not say."""

    sandbox: Sandbox
    directives: tuple[str, ...] = ()
    exposure: float | None = None

    def document(self) -> SandboxDocument:
        """Return the sandbox as JSON shows it."""
        return {
            "profile": self.sandbox.word,
            "directives": list(self.directives),
            "exposure": self.exposure,
        }


class TaskDescription(Record):
    """One task as it is shown; nothing in it is secret."""

    task: Task
    service_unit: str
    timer_unit: str
    path_unit: str
    sandbox: SandboxState
    warnings: tuple[str, ...] = ()
    now: TaskState | None = None  # None if the record of runs cannot be read

    def document(self) -> DescriptionDocument:
        """Return the task as `docket describe --json` prints it."""
        now: NowDocument = {}
        if self.now is not None:
            now = masked(self.task, self.now.document())
        return {
            **task_document(self.task),
            **now,
            "contract": contract_document(self.task),
            "units": {
                "service": self.service_unit,
                "timer": self.timer_unit if self.task.timed else None,
                "path": self.path_unit if self.task.paths else None,
            },
            "sandbox": self.sandbox.document(),
            "sources": list(self.task.sources),
            "warnings": list(self.warnings),
        }


def describe(session: Session, task: str) -> TaskDescription:
    """Return one task of the config, with its present state.

    A record or a service manager that cannot be asked is a warning. Raises ConfigError,
    NameRefusedError, UnknownTaskError, and BrokenTaskError with its problems.
    """
    config = config_or_none_yet(session, task)
    found = find_task(config, task)
    service, timer = unit_names(session, config, task)
    path = path_unit_of(timer)
    warnings = tuple(warning.sentence for warning in config.warnings if warning.task == task)
    if idle := idle_limits(session, found.limits):
        warnings = (*warnings, no_effect(idle, system=session.paths.system))
    sandbox = SandboxState(found.sandbox)
    if found.sandbox.confines or config.policy.floors:
        from docket.app.status.unitsandbox import unit_sandbox  # noqa: PLC0415  (few tasks)

        sandbox = SandboxState(*unit_sandbox(session, config, found))
    now = standing(session, found, config.policy)
    if isinstance(now, str):
        return TaskDescription(found, service, timer, path, sandbox, (*warnings, now))
    return TaskDescription(found, service, timer, path, sandbox, (*warnings, *now.warnings), now)


def contract_document(task: Task) -> ContractDocument:
    """Return how a task is run, resolved: defaults applied. Times are in seconds, None no limit."""
    document: ContractDocument = {
        **_program(task),
        "timezone": task.timezone,
        "jitter_seconds": task.jitter_seconds,
        "accuracy_seconds": task.accuracy_seconds,
        "catch_up": task.catch_up,
        "overlap": str(task.overlap),
        "depends_on": list(task.depends_on),
        "followers": [{"task": one.task, "on": one.on} for one in task.followers],
        "once_per": str(task.once_per) if task.once_per else None,
        "require": [_requirement(one) for one in task.require],
        "group": {"name": task.group, "max_concurrent": task.group_slots} if task.group else None,
        "timeout_seconds": task.timeout_seconds,
        "attempt_timeout_seconds": task.attempt_timeout_seconds,
        "idle_timeout_seconds": task.idle_timeout_seconds,
        "grace_seconds": task.grace_seconds,
        "retry": task.retry,
        "retry_on": list(task.retry_on),
        "backoff_base": task.backoff_base,
        "backoff_max_seconds": task.backoff_max_seconds,
        "success_exit_codes": list(task.success_exit_codes),
        "exit_codes": {str(code): str(word) for code, word in task.exit_codes.items()},
        "cwd": task.cwd,
        "user": None if task.user is None else _user(task.user),
        "env": sorted(task.env),
        "env_files": list(task.env_files),
        "credentials": [one.name for one in task.credentials],
        "secrets": secret_names(task),
        "sandbox": task.sandbox.word,
        "limits": _limits(task.limits),
        "hooks": [_hook(hook) for hook in task.hooks],
        "notify": None if task.notify is None else _notify(task.notify),
        "unattended": task.unattended,
        "log_max_bytes": task.log_max_bytes,
    }
    return masked(task, document)


def unit_names(session: Session, config: Config, task: str) -> tuple[str, str]:
    """Return the names of a task's service and timer in this home."""
    instance = config.instance or session.paths.instance_key
    return service_unit(task, instance), timer_unit(task, instance)


def _program(task: Task) -> ProgramDocument:
    if task.command is not None:
        return {
            "command": redact(list(task.command.argv)),
            "dry_run_command": redact(list(task.command.dry_run_argv)),
            "output_format": str(task.command.output_format),
            "parse_errors": task.command.parse_errors,
        }
    if task.python is not None:
        return {"python_file": task.python.path, "python_class": task.python.class_name}
    return {}


def _hook(hook: HookSpec) -> HookSpecDocument:
    agent = hook.agent
    if agent is None:
        return {"kind": hook.kind, "command": redact_text(hook.command)}
    return {"kind": hook.kind, "command": f"agent:{agent_host(agent.url) or agent.url_env}"}


def agent_host(url: str) -> str:
    """Return the host of an agent's address: the rest of it is secret."""
    from urllib.parse import urlsplit  # noqa: PLC0415  (tasks with such a hook)

    return urlsplit(url).netloc.rpartition("@")[2]


def _requirement(one: Requirement) -> RequirementDocument:
    sized = {"free": one.number, "ac_power": one.number}
    return {"kind": one.kind, "words": list(one.words), "number": sized.get(one.kind)}


def _user(user: UserSpec) -> UserDocument:
    return {
        "name": user.user,
        "group": user.group or None,
        "capabilities": list(user.capabilities),
        "new_privileges": user.new_privileges,
        "hooks_as": "root" if user.hooks_as_root else "user",
    }


def _notify(notify: NotifySpec) -> NotifySpecDocument:
    """Return who is notified of what, without any address or token."""
    return {
        "channels": [channel.kind for channel in notify.channels],
        "on": list(notify.on),
        "remind_after_seconds": notify.remind_after_seconds,
        "recovery": notify.recovery,
        "triggers": list(notify.triggers),
        "timeout_seconds": notify.timeout_seconds,
    }


def _limits(limits: Limits) -> dict[str, Any]:
    named = {name: getattr(limits, name) for name in Limits.field_names()}
    return {name: value for name, value in named.items() if value is not None}
