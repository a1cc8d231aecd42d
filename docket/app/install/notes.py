"""The notes of an install: warnings, and commands that are left to the user."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from docket.errors import BusError
from docket.model.problem import Problem
from docket.model.task.task import Task
from docket.paths import Paths

_MOST_NAMED = 20


def systemctl(paths: Paths, *words: str) -> str:
    """Return the systemctl command for the scope, as it is typed in a shell."""
    return shlex.join(["systemctl", *([] if paths.system else ["--user"]), *words])


def next_command(
    paths: Paths, names: Sequence[str], idle: Sequence[str], at_boot: Sequence[str]
) -> str | None:
    """Return what enables and starts the timers `idle` and enables those `at_boot`, if any."""
    if not idle and not at_boot:
        return None
    if len(idle) + len(at_boot) > _MOST_NAMED:
        # For hundreds of names this shorter command does the same.
        own = paths.exec_arguments() if paths.instance_key or paths.system else []
        return shlex.join(["docket", *own, "install", "--now", *names])
    now = [systemctl(paths, "enable", "--now", *idle)] if idle else []
    later = [systemctl(paths, "enable", *at_boot)] if at_boot else []
    return " && ".join([*now, *later])


def past(timer: str) -> Problem:
    """Return the note on a timer with nothing to come."""
    return Problem(
        f"{timer} is not started: its instants are past.",
        None,
        hint="Give the task's `at` a future instant.",
        code="install.past",
    )


def left_off(task: str) -> Problem:
    """Return the note on a task whose timer somebody switched off, and that stays off."""
    return Problem(
        f"The timer of '{task}' stays off: it was disabled.",
        None,
        hint=f"`docket enable {task}` turns it on.",
        code="install.off",
        task=task,
    )


def not_led(task: Task, leader: str) -> Problem:
    """Return the note on a follower that the unit of the task before it does not start."""
    return Problem(
        f"'{task.name}' does not start after '{leader}' yet: the installed unit of '{leader}' is"
        " from before.",
        task.mark,
        hint=f"`docket install {leader} {task.name}` installs both.",
        code="warning",
        task=task.name,
    )


def at_boot(timer: str, *, system: bool) -> Problem:
    """Return the note on a timer that was enabled and would run its task if it was started."""
    when = "start of the machine" if system else "start of your service manager"
    return Problem(
        f"{timer} is enabled and starts with the next {when}; it is not started now.",
        None,
        hint="`docket run` runs the task at once.",
        code="install.at_boot",
    )


def linger_off() -> Problem:
    """Return the note that timers end with the session."""
    return Problem(
        "Linger is off: the timers stop when you log out.",
        None,
        hint="`docket install --linger` turns it on.",
        code="install.linger",
    )


def not_read(paths: Paths, error: BusError) -> Problem:
    """Return the note that the files are written and the manager is not there to read them."""
    return Problem(
        f"The units are written, but the service manager has not read them: {error.sentence}",
        None,
        hint=f"Run: {systemctl(paths, 'daemon-reload')}",
        code=error.code,
    )


def not_started(error: BusError) -> Problem:
    """Return the problem that timers were to be started and there is no manager."""
    return Problem(
        f"The timers were not started: {error.sentence}", None, hint=error.hint, code=error.code
    )
