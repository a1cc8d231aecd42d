"""The plan of a task: everything that one run needs to know, resolved."""

from __future__ import annotations

from collections.abc import Mapping

from docket.compiler.bundle import Place, TaskFiles
from docket.compiler.directives import only_a_unit_keeps
from docket.compiler.secrets import secret_names, secret_values
from docket.compiler.service import (
    DELIVERY_PAUSE_SECONDS,
    HOOK_TIMEOUT_SECONDS,
    service_properties,
)
from docket.compiler.timer import has_spans
from docket.model.names import service_unit, timer_unit
from docket.model.plan import Channel, Hook, Notify, Plan, PythonTarget, RunAs
from docket.model.sha256 import sha256_hex
from docket.model.task.capabilities import CAPABILITIES
from docket.model.task.sandbox import Sandbox
from docket.model.task.schedule import Timing
from docket.model.task.task import HookSpec, NotifySpec, PythonSpec, Task, UserSpec


def make_plan(
    task: Task,
    timing: Timing | None,
    place: Place,
    found: TaskFiles,
    unit_hashes: Mapping[str, str],
) -> Plan:
    """Return the plan of `task`; its `plan_hash` covers everything but the sources' identities."""
    properties, unsaid = service_properties(task, place)
    plan = Plan(
        task=task.name,
        instance=place.instance,
        system=place.paths.system,
        home=place.paths.home,
        config_path=place.paths.config,
        state_db=place.state_db,
        log_dir=place.log_dir,
        lock_dir=place.paths.lock_dir,
        unit=service_unit(task.name, place.instance),
        timer_unit=timer_unit(task.name, place.instance),
        argv=list(found.argv),
        dry_run_argv=list(found.dry_run_argv),
        python=_python(task.python),
        output_format=str(task.command.output_format) if task.command else "text",
        parse_errors=task.command.parse_errors if task.command else "fail",
        env=dict(task.env),
        env_credentials=dict(task.env_credentials),
        env_files=list(task.env_files),
        path_variable=found.path_variable,
        cwd=task.cwd or "",
        run_as=None if task.user is None else _run_as(task.user),
        required_env=list(task.required_env),
        secrets=secret_names(task),
        secret_values=secret_values(task),
        success_exit_codes=list(task.success_exit_codes),
        exit_codes={str(code): str(word) for code, word in task.exit_codes.items()},
        timeout_seconds=task.timeout_seconds,
        attempt_timeout_seconds=task.attempt_timeout_seconds,
        idle_timeout_seconds=task.idle_timeout_seconds,
        grace_seconds=task.grace_seconds,
        hook_timeout_seconds=HOOK_TIMEOUT_SECONDS,
        delivery_pause_seconds=DELIVERY_PAUSE_SECONDS,
        retry=task.retry,
        retry_on=list(task.retry_on),
        backoff_base=task.backoff_base,
        backoff_max_seconds=task.backoff_max_seconds,
        overlap=str(task.overlap),
        depends_on=list(task.depends_on),
        after=[[spec.text, spec.condition] for spec in task.after],
        paths=[[spec.text, spec.condition] for spec in task.paths],
        followers=[[one.task, one.on] for one in task.followers],
        require=[[one.kind, list(one.words), one.number] for one in task.require],
        once_per=str(task.once_per or ""),
        group=task.group,
        group_slots=task.group_slots,
        hooks=[_hook(hook) for hook in task.hooks],
        notify=None if task.notify is None else _notify(task.notify),
        denied_to=task.denied_to(place.policy),
        closed_to_agents=task.closed_to_agents,
        sandbox={} if task.sandbox == Sandbox() else task.sandbox.to_json(),
        policy=place.policy.to_json(),
        needs_systemd=task.limits.any or bool(task.credentials) or only_a_unit_keeps(task),
        log_max_bytes=task.log_max_bytes,
        calendars=[calendar.to_json() for calendar in timing.calendars] if timing else [],
        zone=task.timezone or "",
        one_shot=timing.one_shot if timing else False,
        catch_up=task.catch_up,
        slack_seconds=task.jitter_seconds + task.accuracy_seconds,
        spans=timing is not None and has_spans(timing),
        service=[list(one) for one in properties],
        service_unsaid=unsaid,
        inputs=list(task.params),
        unit_hashes=dict(unit_hashes),
        sources=[],
        plan_hash="",
    )
    plan.plan_hash = sha256_hex(plan.to_text().encode())
    plan.sources = list(found.sources)
    return plan


def _python(python: PythonSpec | None) -> PythonTarget | None:
    if python is None:
        return None
    return PythonTarget(python.path, python.class_name, dict(python.config), python.module)


def _run_as(user: UserSpec) -> RunAs:
    return RunAs(
        user=user.user,
        group=user.group,
        capabilities=[CAPABILITIES[name] for name in user.capabilities],
        new_privileges=user.new_privileges,
        hooks_as_root=user.hooks_as_root,
    )


def _hook(hook: HookSpec) -> Hook:
    agent = hook.agent
    if agent is None:
        return Hook(hook.kind, hook.command)
    return Hook(hook.kind, "", agent.url, agent.url_env, agent.message)


def _notify(notify: NotifySpec) -> Notify:
    return Notify(
        channels=[
            Channel(channel.kind, dict(channel.options), channel.monitors)
            for channel in notify.channels
        ],
        on=list(notify.on),
        message=notify.message,
        remind_after_seconds=notify.remind_after_seconds,
        recovery=notify.recovery,
        triggers=list(notify.triggers),
        attach_output_bytes=notify.attach_output_bytes,
        timeout_seconds=notify.timeout_seconds,
    )
