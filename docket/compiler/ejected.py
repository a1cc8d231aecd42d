"""A task as plain units that run its command directly and know nothing of Docket.

They are written once and then somebody's own, so what they cannot do is said in their head.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from docket.compiler.conditions import without_condition, write_conditions
from docket.compiler.directives import check_sections, raw_lines
from docket.compiler.pathunit import write_path
from docket.compiler.service import description, write_credentials, write_limits
from docket.compiler.text import UnitText
from docket.compiler.timer import Directives, parted, write_timer
from docket.model.ends.exitmeaning import ExitMeaning
from docket.model.states import OutputFormat, Overlap
from docket.model.task.schedule import Timing
from docket.model.task.task import Task, UserSpec
from docket.model.time.span import format_span

BOOT_SUFFIX = "-boot"
_SHADES = (ExitMeaning.NOOP, ExitMeaning.WARN, ExitMeaning.SKIP)
_NO_FAILURES = (ExitMeaning.OK, *_SHADES)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GLOB = re.compile(r"([*?\[\]\\])")


def ejected_units(
    task: Task, timing: Timing | None, argv: Sequence[str], stem: str
) -> Mapping[str, str]:
    """Return the texts of `stem`.service and, if it has such triggers, its timers and path unit.

    `argv` is the task's command with its program as an absolute path. CompileError if a value
    cannot be said in a unit file.
    """
    check_sections(task)
    units = {f"{stem}.service": _service(task, argv, stem)}
    if task.paths and task.enabled:
        units[f"{stem}.path"] = _path(task, stem)
    if timing is None:
        return units
    boot, others = parted(timing)
    if others:
        units[f"{stem}.timer"] = _timer(task, others, stem)
    if boot:
        suffix = BOOT_SUFFIX if others else ""
        units[f"{stem}{suffix}.timer"] = _timer(task, boot, stem)
    return units


def losses(task: Task) -> tuple[str, ...]:
    """Return what Docket does for the task and a plain unit does not, in sentences."""
    return tuple(_losses(task))


def _service(task: Task, argv: Sequence[str], stem: str) -> str:
    text = UnitText(task.name)
    text.section("Unit")
    text.value("Description", description(task), "description")
    text.fixed(*raw_lines(task, "Unit"))
    write_conditions(text, task)
    text.section("Service")
    text.fixed("Type=oneshot")
    _checks(text, task)
    text.program(argv, "command")
    codes = _success_codes(task)
    if codes:
        text.fixed(f"SuccessExitStatus={' '.join(map(str, codes))}")
    text.fixed(
        f"TimeoutStartSec={_longest(task)}", f"TimeoutStopSec={format_span(task.grace_seconds)}"
    )
    text.value("SyslogIdentifier", stem, "name")
    _surroundings(text, task)
    write_limits(text, task.limits)
    text.fixed(*raw_lines(task, "Service"))
    return _head(task) + text.body()


def _timer(task: Task, directives: Directives, stem: str) -> str:
    text = UnitText(task.name)
    text.section("Unit")
    text.value("Description", f"Timer of: {description(task)}", "description")
    write_timer(text, task, directives, f"{stem}.service")
    return text.body()


def _path(task: Task, stem: str) -> str:
    text = UnitText(task.name)
    text.section("Unit")
    text.value("Description", f"Paths of: {description(task)}", "description")
    write_path(text, task, f"{stem}.service")
    return text.body()


def _head(task: Task) -> str:
    lines = [f"This was the task {task.name} of Docket. The file is yours: Docket leaves it alone."]
    lines += ["What Docket did and this unit does not:", *(f"- {lost}" for lost in losses(task))]
    return "".join(f"# {line}\n" for line in lines) + "\n"


def _checks(text: UnitText, task: Task) -> None:
    needed = [name for name in task.required_env if _NAME.fullmatch(name)]
    if needed:
        tests = " ".join(f'"${{{name}:?is not set}}"' for name in needed)
        text.command("ExecStartPre", ["/bin/sh", "-c", f": {tests}"])


def _surroundings(text: UnitText, task: Task) -> None:
    if task.user is not None:
        _user(text, task.user)
    directory = task.cwd or task.env.get("HOME", "")
    if directory.startswith("/"):
        text.value("WorkingDirectory", directory, "cwd")
    elif task.user is not None:
        text.fixed("WorkingDirectory=-~")
    for name, value in task.env.items():
        text.variable(name, value, f"env.{name}")
    for path in task.env_files:
        text.value("EnvironmentFile", _glob_quoted(path), "env_file")
    write_credentials(text, task)


def _user(text: UnitText, user: UserSpec) -> None:
    text.value("User", user.user, "user")
    if user.group:
        text.value("Group", user.group, "user")
    kept = " ".join(user.capabilities)
    if not user.new_privileges:
        text.fixed("NoNewPrivileges=yes", f"CapabilityBoundingSet={kept}")
    if kept:
        text.fixed(f"AmbientCapabilities={kept}")


def _longest(task: Task) -> str:
    limits = [s for s in (task.timeout_seconds, task.attempt_timeout_seconds) if s is not None]
    return format_span(min(limits)) if limits else "infinity"


def _success_codes(task: Task) -> list[int]:
    meanings = task.exit_codes
    codes = {code for code, meaning in meanings.items() if meaning in _NO_FAILURES}
    codes |= {code for code in task.success_exit_codes if code not in meanings}
    return sorted(code for code in codes if 0 < code <= 255)


def _losses(task: Task) -> Iterator[str]:
    yield "the history of runs, `docket status`, `why` and `logs`: the journal has what it prints"
    yield "the variables DOCKET_*, and the masking of secrets in what it prints"
    for name in task.env_credentials:
        yield f"the variable {name}, which holds a credential: systemd hands over files only"
    if task.sandbox.confines:
        yield f"the sandbox {task.sandbox.word}: the unit may do what its user may"
    if task.retry:
        yield f"{task.retry} retries (a Restart= would count the timer's starts among them)"
    if task.idle_timeout_seconds:
        yield f"its end after {format_span(task.idle_timeout_seconds)} without output"
    if task.hooks:
        yield f"its hooks: {', '.join(dict.fromkeys(hook.kind for hook in task.hooks))}"
    if task.notify is not None:
        yield "its notifications (`notify`)"
    yield from _lost_order(task)
    yield from _lost_meanings(task)
    odd = [name for name in task.required_env if not _NAME.fullmatch(name)]
    if odd:
        yield f"the check that {', '.join(odd)} is set"
    if task.env and task.env_files:
        yield "`env` over `env_file`: a variable in both now has the file's value"


def _lost_order(task: Task) -> Iterator[str]:
    if task.overlap is not Overlap.SKIP:
        yield f"`overlap: {task.overlap}`: systemd never starts a unit that is running"
    if task.group:
        yield f"the group {task.group}, of which {task.group_slots} run at a time"
    if task.depends_on:
        yield f"the tasks that run first: {', '.join(task.depends_on)}"
    for spec in task.after:
        yield f"its start {spec.shown}"
    if task.followers:
        names = ", ".join(dict.fromkeys(one.task for one in task.followers))
        yield f"the start of what follows it: {names}"
    if kinds := without_condition(task):
        yield f"what is required for a run: {', '.join(dict.fromkeys(kinds))}"
    if task.once_per:
        yield f"one success in a {task.once_per}"
    if not isinstance(task.catch_up, bool):
        age = format_span(task.catch_up)
        yield f"the age limit of {age} for a missed fire: every missed fire is made up for now"
    if task.destructive:
        yield "the guard of a destructive task: starting the unit runs it"


def _lost_meanings(task: Task) -> Iterator[str]:
    meanings = task.exit_codes
    zero = meanings.get(0, ExitMeaning.OK if 0 in task.success_exit_codes else ExitMeaning.FATAL)
    if zero not in _NO_FAILURES:
        yield "exit code 0 as a failure, which it never is to systemd"
    if any(meaning in _SHADES for meaning in meanings.values()):
        yield "the difference between success and noop, warn or skip"
    if task.command is not None and task.command.output_format is not OutputFormat.TEXT:
        yield f"the reading of its output as {task.command.output_format}"


def _glob_quoted(path: str) -> str:
    """Return a path as the pattern of EnvironmentFile= that matches only this path."""
    return _GLOB.sub(r"\\\1", path)
