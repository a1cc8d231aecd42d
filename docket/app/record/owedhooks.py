"""The pending hooks, notifications and followers of runs whose runner is gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from docket.app.catalog.planfiles import read_plan
from docket.app.session.session import Session
from docket.errors import BusError, CompileError, StoreError
from docket.model.names import MAINTENANCE, is_safe_name, service_unit, unit_stem
from docket.model.plan import Plan
from docket.model.task.sandbox import Profile, Sandbox, Starter
from docket.paths import exec_command
from docket.store.owed import untold_runs
from docket.store.reader import open_reader

_MOST_AT_ONCE = 4
_MOST_DETACHED = 8  # processes that a reading command starts; the maintenance does the rest
_ROUND_SECONDS = 300.0
_SINCE_US = 86_400_000_000
_SETTLED_US = 15 * 60_000_000  # how long a runner may still run its hooks
_LOOK_SECONDS = 0.05


Confinement = tuple[Plan, Sandbox]  # the plan of a run, and the sandbox that it was in


class Owed(NamedTuple):
    """A finished run with pending hooks, notifications or followers."""

    task: str
    run_id: str


def is_owed_something(session: Session, task: str) -> bool:
    """Whether the task has hooks, notifications or followers at all."""
    plan = read_plan(session.paths, task)
    return plan is not None and bool(plan.hooks or plan.notify is not None or plan.followers)


def start(session: Session, owed: Sequence[Owed]) -> None:
    """Start it in processes of their own: the caller does not wait for them."""
    for one in owed[:_MOST_DETACHED]:
        confinement = _confinement_of(session, one)
        if confinement is not None:
            _in_unit(session, one, confinement)
            continue
        # The shell goes at once, and leaves nothing behind that we would have to wait for.
        pid = _process(session, ["/bin/sh", "-c", '"$@" &', "sh", *_words(session, one)])
        if pid is not None:
            os.waitpid(pid, 0)


def settle(session: Session, owed: Sequence[Owed]) -> int:
    """Run them, a few at a time, and return for how many runs.

    The maintenance unit is confined, and hooks need what their task may do: from there each is
    done in a unit of its own, if the manager makes one. What a sandbox holds stays in it: without a
    manager it waits.
    """
    deadline = time.monotonic() + _ROUND_SECONDS
    waiting = list(dict.fromkeys(owed))
    under_way: list[Callable[[], bool]] = []
    confined = in_maintenance_unit(session)
    done = 0
    while (waiting or under_way) and time.monotonic() < deadline:
        while waiting and len(under_way) < _MOST_AT_ONCE:
            one = waiting.pop(0)
            confinement = _confinement_of(session, one)
            is_over = (
                _in_unit(session, one, confinement) if confined or confinement is not None else None
            )
            if is_over is None and confinement is None:
                is_over = _in_process(session, one)
            under_way += [is_over] if is_over is not None else []
        left = [is_over for is_over in under_way if not is_over()]
        done += len(under_way) - len(left)
        if len(left) == len(under_way):
            time.sleep(_LOOK_SECONDS)
        under_way = left
    return done


def in_maintenance_unit(session: Session, cgroup: str = "/proc/self/cgroup") -> bool:
    """Whether this process is in the maintenance unit of its home, as the kernel says."""
    unit = service_unit(MAINTENANCE, session.paths.instance_key)
    try:
        with open(cgroup, encoding="utf-8", errors="replace") as file:
            return any(line.rstrip("\n").endswith("/" + unit) for line in file)
    except OSError:
        return False


def untold(session: Session, state_db: str) -> list[Owed]:
    """Return the unreported failures of the last day, one of each task.

    They come from a sender that was killed before it began, or from a command that had started
    enough.
    """
    now_us = session.now_us()
    found = []
    for task, run_id, plan_hash in untold_runs(state_db, now_us - _SINCE_US, now_us - _SETTLED_US):
        plan = read_plan(session.paths, task) if is_safe_name(task) else None
        # Another plan, perhaps, had no notifications.
        if plan is not None and plan.notify is not None and plan.plan_hash == plan_hash:
            found.append(Owed(task, run_id))
    return found


def _confinement_of(session: Session, one: Owed) -> Confinement | None:
    """Return what confined the run, and so confines its hooks too; None if nothing did."""
    plan = read_plan(session.paths, one.task)
    if plan is None:
        return None
    run = None
    with suppress(StoreError), open_reader(plan.state_db) as reader:
        run = reader.run(one.run_id)
    if not (plan.sandbox or plan.policy or (run is not None and run.sandbox)):
        return None
    from docket.app.catalog.sandboxes import effective  # noqa: PLC0415  (sandboxes only)

    # If the record cannot be read now, it is confined as a run by its timer would be.
    starter = Starter.UNATTENDED if run is None else Starter.of(run.trigger)
    found = effective(plan, starter, Profile.of_word(None if run is None else run.sandbox))
    return (plan, found) if found.confines else None


def _in_process(session: Session, one: Owed) -> Callable[[], bool] | None:
    """Start a finalizer for one run; what says that it is over. None if it did not start."""
    pid = _process(session, _words(session, one))
    return None if pid is None else lambda: bool(os.waitpid(pid, os.WNOHANG)[0])


def _in_unit(
    session: Session, one: Owed, confinement: Confinement | None
) -> Callable[[], bool] | None:
    """Start a finalizer as `_in_process`, in a unit of its own with what confined the run."""
    units = session.units()
    stem = unit_stem(one.task, session.paths.instance_key)
    name = f"{stem}-{one.run_id}-hooks.service"
    words, properties = _words(session, one), []
    try:
        if confinement is not None:
            from docket.app.catalog.sandboxes import confining_properties  # noqa: PLC0415  (sandboxes only)

            plan, sandbox = confinement
            words += ["--sandbox", sandbox.word]
            properties = confining_properties(session, plan, sandbox)
        units.start_transient(
            name,
            [
                ("Description", "s", f"Hooks and notifications of Docket run {one.run_id}"),
                ("CollectMode", "s", "inactive-or-failed"),
                ("Type", "s", "oneshot"),
                ("Slice", "s", "docket.slice"),
                ("TimeoutStartUSec", "t", int(_ROUND_SECONDS) * 1_000_000),
                ("ExecStartEx", "a(sasas)", [[words[0], words, []]]),
                *properties,
            ],
        )
    except (BusError, CompileError):
        return None

    def is_over() -> bool:
        try:
            return units.main_pid(name) is None
        except BusError:  # the manager is gone; the transient unit goes on by itself
            return True

    return is_over


def _words(session: Session, one: Owed) -> list[str]:
    words = [*exec_command(), one.task, *session.paths.exec_arguments()]
    return [*words, "--finalize", "--run-id", one.run_id]


def _process(session: Session, words: list[str]) -> int | None:
    try:
        return os.posix_spawn(
            words[0],
            words,
            session.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, descriptor, "/dev/null", os.O_RDWR, 0)
                for descriptor in (0, 1, 2)
            ],
            setsid=True,
        )
    except OSError:
        return None
