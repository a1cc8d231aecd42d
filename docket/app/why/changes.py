"""What changed since the last success of a task."""

from __future__ import annotations

import os
from collections.abc import Iterator

import docket
from docket.app.status.status import TaskStatus
from docket.model.plan import Plan
from docket.model.records import RunRecord
from docket.model.time.humantime import local


def changes_since(
    success: RunRecord | None, run: RunRecord | None, plan: Plan | None, task: TaskStatus
) -> tuple[str, ...]:
    """Return in sentences what changed between the last success and `run` (or now)."""
    out: list[str] = []
    if success is not None:
        since = success.finished_us or success.started_us
        out += _of_runs(success, run)
        if plan is not None:
            out += _of_files(plan, since)
        if _modified(os.path.abspath(docket.__file__)) > since:
            out.append(
                f"Docket itself was installed again; it is version {docket.__version__} now."
            )
    out += task.drift.sentences
    out += [f"There is a drop-in: {path}." for path in task.drift.drop_ins]
    return tuple(dict.fromkeys(out))


def _of_runs(success: RunRecord, run: RunRecord | None) -> Iterator[str]:
    if run is None:
        return
    if run.plan_hash and success.plan_hash and run.plan_hash != success.plan_hash:
        yield "The task was changed: the run used another plan."
    if run.boot_id and success.boot_id and run.boot_id != success.boot_id:
        yield "The machine was started again."
    if run.trigger != success.trigger:
        yield f"What started it: {success.trigger} then, {run.trigger} now."
    if run.status.ran and (run.unit is None) != (success.unit is None):
        there = run.unit is not None
        yield f"It ran {'in its unit' if there else 'outside its unit'}, and did not then."
    if dict(run.params or {}) != dict(success.params or {}):
        yield "It was given other parameters."


def _of_files(plan: Plan, since: int) -> Iterator[str]:
    programs = [argv[0] for argv in (plan.argv,) if argv]
    named = [("The config", plan.config_path), *(("The program", path) for path in programs)]
    named += [("The environment file", path) for path in plan.env_files]
    if plan.python is not None and plan.python.path:
        named.append(("The task's file", plan.python.path))
    for word, path in named:
        changed = _modified(path)
        if changed > since:
            yield f"{word} {path} changed at {local(changed)}."
        elif changed < 0:
            yield f"{word} {path} is not there."


def _modified(path: str) -> int:
    """Return when a file changed (content or name), µs; below 0 if it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return -1
    return max(found.st_mtime_ns, found.st_ctime_ns) // 1000
