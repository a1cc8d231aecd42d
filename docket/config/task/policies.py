"""The keys that say what a run's end means, and when a run may not start."""

from __future__ import annotations

from collections.abc import Mapping

from docket.config.task.entry import TaskEntry
from docket.config.yaml.codes import Code
from docket.model.ends.exitmeaning import ExitMeaning
from docket.model.states import Overlap
from docket.model.task.task import Task
from docket.model.task.taskclass import Origin, TaskClass
from docket.model.text.nearest import nearest
from docket.model.time.period import Period


def exit_codes(entry: TaskEntry) -> dict[int, ExitMeaning]:
    """Return the exit codes that have a meaning of their own."""
    return {int(code): ExitMeaning(word) for code, word in entry.value("exit_codes", {}).items()}


def doubt_exit_codes(entry: TaskEntry, drop_in: TaskClass) -> None:
    """Warn of keys about exit codes where the class returns none, by what it says of its outputs.

    A class without `outputs` says nothing of them, so it may return one.
    """
    if "exit_code" in drop_in.outputs or not drop_in.outputs:
        return
    name, built_in = drop_in.name, drop_in.origin is Origin.BUILT_IN
    reason = f"{name} returns no `exit_code`, by the `outputs` of its class"
    hint = "if its `details` have `exit_code`, name it in `outputs`"
    if built_in:
        reason, hint = f"{name} runs no program, so it has no exit code", "leave the key out"
    for key in ("success_exit_codes", "exit_codes"):
        if key in entry.own.entries and entry.has(key):
            entry.warn((key,), f"`{key}` has no effect: {reason}", hint=hint, code=Code.IGNORED)
    if entry.value("retry_on") and entry.value("retry", 0):
        sentence = f"`retry_on` keeps task '{entry.name}' from any retry: {reason}"
        entry.warn(("retry_on",), sentence, hint="`retry_on: []` retries each failure")


def once_per(entry: TaskEntry) -> Period | None:
    """Return the period in which one success is enough."""
    value = entry.value("once_per")
    if value is not None and entry.value("overlap") == Overlap.ALLOW:
        entry.warn(
            ("once_per",),
            "`once_per` does not work with runs side by side, which `overlap: allow` permits",
            hint="leave `overlap` out, or use `queue`",
        )
    return None if value is None else Period(value)


def grouped(entry: TaskEntry, task: Task, groups: Mapping[str, int] | None) -> Task:
    """Return `task` with the slots of its group; a group that the file does not have is noted."""
    if not task.group or groups is None:
        return task
    if task.group in groups:
        return task.replace(group_slots=groups[task.group])
    near = nearest(task.group, tuple(groups))
    entry.problem(
        ("group",),
        f"there is no group `{task.group}`",
        expected="a name from `groups:` at the top of the file",
        hint=f"did you mean `{near}`?" if near else "add it under `groups:`",
    )
    return task
