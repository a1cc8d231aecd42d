"""A task becomes its unit files and its plan: a function from values to text, and nothing else."""

from __future__ import annotations

from docket.compiler.bundle import Bundle, Place, TaskFiles
from docket.compiler.directives import check_sections
from docket.compiler.header import content_hash, with_header
from docket.compiler.pathunit import path_bodies
from docket.compiler.plans import make_plan
from docket.compiler.quoting import refusal
from docket.compiler.sandbox.check import check_sandbox, doubtful_directives
from docket.compiler.service import service_body
from docket.compiler.text import refused
from docket.compiler.timer import timer_bodies
from docket.errors import CompileError, NameRefusedError
from docket.model.names import ALLOWED_SENTENCE, is_safe_name, service_unit
from docket.model.task.sandbox import Starter
from docket.model.task.schedule import Timing
from docket.model.task.task import Task
from docket.model.time.span import format_span

_DAY = 86_400


def compile_task(task: Task, timing: Timing | None, place: Place, found: TaskFiles) -> Bundle:
    """Return the plan of `task`, and its service, timers and path unit if enabled.

    CompileError if a value cannot be said in a unit file; NameRefusedError if the task's
    name or the instance cannot be used in a unit's name.
    """
    _check_names(task, place)
    sandbox = place.sandbox(task, Starter.UNATTENDED)
    check_sandbox(sandbox, task, place, found)
    bodies, unsaid = _units(task, timing, place)
    hashes = {name: content_hash(body) for name, body in bodies.items()}
    return Bundle(
        task=task,
        timing=timing,
        plan=make_plan(task, timing, place, found, hashes),
        units={name: _whole(body, place) for name, body in bodies.items()},
        warnings=(
            *found.warnings,
            *(timing.warnings if timing else ()),
            *_doubts(task, place),
            *unsaid,
        ),
    )


def _units(
    task: Task, timing: Timing | None, place: Place
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the contents of the unit files, and why a task that nothing starts has none."""
    if not task.enabled:
        return {}, ()
    try:
        return _bodies(task, timing, place), ()
    except CompileError as error:
        if task.schedules:
            raise
        return {}, (f"It gets no unit, and runs by hand only: {error.sentence}",)


def _bodies(task: Task, timing: Timing | None, place: Place) -> dict[str, str]:
    check_sections(task)
    why = refusal(place.paths.config)
    if why is not None:
        raise refused(task.name, "the config's path", why)
    return {
        service_unit(task.name, place.instance): service_body(task, place),
        **(timer_bodies(task, timing, place) if timing is not None else {}),
        **path_bodies(task, place),
    }


def _whole(body: str, place: Place) -> str:
    return with_header(
        body, version=place.version, instance=place.instance, config=place.paths.config
    )


def _check_names(task: Task, place: Place) -> None:
    for what, name in (("task", task.name), ("instance", place.instance)):
        if not is_safe_name(name) and (what == "task" or name):
            raise NameRefusedError(
                f"The {what} name {name!r} cannot be used in a unit's name.",
                hint=ALLOWED_SENTENCE[0].upper() + ALLOWED_SENTENCE[1:] + ".",
                task=task.name,
            )


def _doubts(task: Task, place: Place) -> tuple[str, ...]:
    found: list[str] = []
    nice = task.limits.nice
    if nice is not None and nice < 0 and not place.paths.system:
        found.append(
            f"`limits.nice` is {nice}: a user's service may not go below 0 on most machines."
        )
    if not place.paths.system:
        found += doubtful_directives(
            task, confined=place.sandbox(task, Starter.UNATTENDED).confines
        )
    if task.timed and task.catch_up and task.jitter_seconds >= _DAY:
        found.append(
            f"`jitter` is {format_span(task.jitter_seconds)}, and delays the run that makes up "
            "for a missed one as well: on a machine that is on for less than that, that run "
            "never starts."
        )
    return tuple(found)
