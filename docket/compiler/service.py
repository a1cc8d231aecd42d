"""The service that runs a task.

systemd.service(5), systemd.exec(5), systemd.resource-control(5).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Protocol

from docket.compiler.bundle import Place
from docket.compiler.conditions import write_conditions
from docket.compiler.directives import raw_lines
from docket.compiler.properties import Property, UnitProperties
from docket.compiler.sandbox.write import needs_preparation, write_sandbox
from docket.compiler.text import UnitText, refused
from docket.errors import CompileError
from docket.model.names import unit_stem
from docket.model.states import EXIT_SKIPPED
from docket.model.task.sandbox import Sandbox, Starter
from docket.model.task.task import Limits, Task
from docket.model.text.secretnames import REDACTED
from docket.model.text.tokenshapes import TOKEN_SHAPES
from docket.model.time.span import format_span

HOOK_TIMEOUT_SECONDS = 30.0
DELIVERY_PAUSE_SECONDS = 1.0
_MARGIN_SECONDS = 15.0  # time for the runner to record its own timeout before systemd's
_LEAST_STOP_SECONDS = 30.0
_GRACE_SECONDS = 2.0  # a sender that does not end at its deadline is killed so much later
_CREDENTIAL = re.compile(r"[A-Za-z0-9_.-]{1,255}")


class ServiceWriter(Protocol):
    """A writer for the lines of a service: the text of a unit file, or properties for the bus."""

    def section(self, name: str) -> None:
        """Begin a section."""

    def fixed(self, *lines: str) -> None:
        """Add lines that hold nothing of the user's, or are the user's own directives."""

    def value(self, directive: str, text: str, key: str) -> None:
        """Add one directive with the value that the user's `key` gives it."""

    def measure(self, directive: str, text: str, key: str) -> None:
        """Add a number with its unit, which systemd takes verbatim."""

    def paths(self, directive: str, paths: Sequence[str], key: str) -> None:
        """Add paths that may be missing when the service starts."""

    def command(self, directive: str, words: Sequence[str], *, privileged: bool = False) -> None:
        """Add one command line of Docket's own; `privileged` runs it outside of any sandbox."""


def service_body(task: Task, place: Place) -> str:
    """Return the contents of the task's service file."""
    text = UnitText(task.name)
    sandbox = place.sandbox(task, Starter.UNATTENDED)
    # At an unmet condition a path that stays as it is would start the unit again at once.
    write_service(text, task, place, sandbox, conditions=not task.paths)
    return text.body()


def service_properties(task: Task, place: Place) -> tuple[list[Property], list[str]]:
    """Return the task's service as properties of a transient unit, and what cannot be said so.

    The sandbox is not in them: it depends on who starts the run (`sandbox_properties`).
    A value that no unit can carry is among the latter, because a task without a timer has no unit.
    """
    found = UnitProperties(task.name)
    try:
        write_service(found, task, place, Sandbox())
    except CompileError as error:
        return [], [error.sentence]
    return found.properties, found.unsaid


def sandbox_properties(sandbox: Sandbox, place: Place, task: str) -> list[Property]:
    """Return a sandbox as properties of a transient unit; CompileError if it cannot be had."""
    found = UnitProperties(task)
    write_sandbox(found, sandbox, place, task)
    if found.unsaid:
        raise CompileError(f"Task '{task}' cannot have this sandbox: {found.unsaid[0]}.", task=task)
    return found.properties


def write_service(
    text: ServiceWriter, task: Task, place: Place, sandbox: Sandbox, *, conditions: bool = False
) -> None:
    """Write the service of the task into `text`; CompileError if a value cannot be written.

    `conditions`: what `require` says is checked by systemd too. If somebody waits for the run,
    only the runner does it, because systemd keeps no record of an unmet condition.
    """
    text.section("Unit")
    text.value("Description", description(task), "description")
    # Starts by hand are not a loop: five in ten seconds must not lock the task out.
    text.fixed("StartLimitIntervalSec=0", *raw_lines(task, "Unit"))
    if conditions:
        write_conditions(text, task)
    text.section("Service")
    text.fixed("Type=oneshot")
    arguments = [task.name, *place.paths.exec_arguments()]
    if needs_preparation(sandbox):
        prepare = [*place.exec_words, "--prepare", *arguments]
        text.command("ExecStartPre", prepare, privileged=True)
    confined = ["--sandbox", sandbox.word] if sandbox.confines else []
    text.command("ExecStart", [*place.exec_words, *arguments, *confined])
    ending = [*place.exec_words, "--finalize", *arguments, *confined]
    text.command("ExecStopPost", finalizer(ending))
    if task.leads:
        # Outside of the sandbox, which closes the manager's socket.
        follow = [*place.exec_words, "--start-followers", *arguments]
        text.command("ExecStopPost", follow, privileged=True)
    text.fixed(
        f"SuccessExitStatus={EXIT_SKIPPED}",
        f"TimeoutStartSec={_start_timeout(task)}",
        f"TimeoutStopSec={format_span(_stop_seconds(task))}",
        "KillMode=mixed",
        # The runner reports a child that was killed for memory, and may try again.
        "OOMPolicy=continue",
        "NotifyAccess=main",
        # Else the journal names every task's lines after the interpreter.
        f"SyslogIdentifier={unit_stem(task.name, place.instance)}",
        "Slice=docket.slice",
    )
    _require_decryptable(task, place)
    # Not the environment files: their variables are the job's, and the runner gives them to it.
    write_credentials(text, task)
    write_limits(text, task.limits)
    write_sandbox(text, sandbox, place, task.name)
    text.fixed(*raw_lines(task, "Service"))


def description(task: Task) -> str:
    """Return the line that names the task in systemd's own lists."""
    text = TOKEN_SHAPES.sub(REDACTED, task.description.strip())  # everybody can read units
    return text or f"Docket task {task.name}"


def finalizer(words: list[str]) -> list[str]:
    """Return the command that closes the run if its runner could not.

    The shell handles a success, so that no second Python starts.
    """
    command = " ".join(shlex.quote(word) for word in words)
    return ["/bin/sh", "-c", f'[ "$SERVICE_RESULT" = success ] || exec {command}']


def _start_timeout(task: Task) -> str:
    if task.timeout_seconds is None:
        return "infinity"
    return format_span(
        task.timeout_seconds + task.grace_seconds + _hook_seconds(task) + _MARGIN_SECONDS
    )


def _stop_seconds(task: Task) -> float:
    return max(task.grace_seconds + _hook_seconds(task) + _MARGIN_SECONDS, _LEAST_STOP_SECONDS)


def _hook_seconds(task: Task) -> float:
    """Return what the hooks, one after the other, and the notifications at once may take."""
    notify = task.notify.timeout_seconds + _GRACE_SECONDS if task.notify is not None else 0.0
    return HOOK_TIMEOUT_SECONDS * len(task.hooks) + notify


def _require_decryptable(task: Task, place: Place) -> None:
    """Raise CompileError for an encrypted credential in a user's unit."""
    if not place.paths.system and any(one.encrypted for one in task.credentials):
        raise CompileError(
            f"Task {task.name!r}: `credentials` has an encrypted secret, which the service manager"
            " of a user decrypts in some releases of systemd and not in others.",
            hint="Leave `encrypted` out and set the secret again without --encrypt: it is 0600.",
            task=task.name,
            key="credentials",
        )


def write_credentials(text: ServiceWriter, task: Task) -> None:
    """Write the credentials of the task into `text`; CompileError for a name that none can have."""
    for one in task.credentials:
        if not _CREDENTIAL.fullmatch(one.name) or one.name in (".", ".."):
            raise refused(task.name, "credentials", f"has the name {one.name!r}")
        text.value(one.directive, f"{one.name}:{one.source}", "credentials")


def write_limits(text: ServiceWriter, limits: Limits) -> None:
    """Write the resource limits of a run into `text`."""
    for directive, value, key in (
        ("MemoryMax", limits.memory, "memory"),
        ("MemoryHigh", limits.memory_high, "memory_high"),
        ("MemorySwapMax", limits.swap, "swap"),
        ("CPUQuota", _percent(limits.cpu_percent), "cpu"),
        ("CPUWeight", limits.cpu_weight, "cpu_weight"),
        ("IOWeight", limits.io_weight, "io_weight"),
        ("TasksMax", limits.tasks, "tasks"),
        ("Nice", limits.nice, "nice"),
        ("LimitNOFILE", limits.open_files, "open_files"),
    ):
        if value is not None:
            # A percent sign here is a unit of measure; doubled, it reads the same to none of them.
            text.measure(directive, str(value), f"limits.{key}")


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}".rstrip("0").rstrip(".") + "%"
