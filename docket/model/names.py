"""Task names and the unit names made from them: names come from identity, never from order."""

from __future__ import annotations

LONGEST_TASK_NAME = 100
BOOT_SUFFIX = "@_boot"
PATH_ENDING = ".path"
STARTERS = (".timer", PATH_ENDING)  # the kinds of units that start a task's service
MAINTENANCE = "maintenance"  # reserved: Docket's own units have the name of such a task
_LETTERS_AND_DIGITS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_ALLOWED = _LETTERS_AND_DIGITS | frozenset("_-.")

ALLOWED_SENTENCE = (
    "allowed are ASCII letters, digits, '-', '_' and '.', beginning with a letter or a digit, "
    f"{LONGEST_TASK_NAME} characters at most"
)


def is_safe_name(name: str) -> bool:
    """Whether `name` is safe in a unit name and in a file name."""
    return (
        0 < len(name) <= LONGEST_TASK_NAME
        and name[0] in _LETTERS_AND_DIGITS
        and all(c in _ALLOWED for c in name)
    )


def unit_stem(task: str, instance: str) -> str:
    """Return the unit name of `task` without its suffix.

    No task name or instance has an '@' in it, so no two pairs share a stem. (A colon would keep
    them apart too, but `systemd-analyze verify` takes what follows one for an alias.)
    """
    return f"docket-{instance}@{task}" if instance else f"docket-{task}"


def service_unit(task: str, instance: str) -> str:
    """Return the name of the service that runs `task`."""
    return unit_stem(task, instance) + ".service"


def timer_unit(task: str, instance: str) -> str:
    """Return the name of the timer that starts `task`."""
    return unit_stem(task, instance) + ".timer"


def unit_names(task: str, instance: str) -> list[str]:
    """Return the names of all units that `task` may have."""
    kinds = (service_unit, timer_unit, boot_timer_unit, path_unit)
    return [name(task, instance) for name in kinds]


def boot_timer_unit(task: str, instance: str) -> str:
    """Return the name of the second timer, of a task that starts at boot and at other times too.

    No task name begins with '_', so it is the name of no task in no instance.
    """
    return boot_timer_of(timer_unit(task, instance))


def path_unit(task: str, instance: str) -> str:
    """Return the name of the unit that watches the paths of `task`."""
    return path_unit_of(timer_unit(task, instance))


def path_unit_of(timer: str) -> str:
    """Return the name of the path unit that goes with `timer`."""
    return timer.removesuffix(".timer") + PATH_ENDING


def boot_timer_of(timer: str) -> str:
    """Return the name of the boot timer that goes with `timer`."""
    return timer.removesuffix(".timer") + BOOT_SUFFIX + ".timer"
