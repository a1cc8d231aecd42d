"""The checks of what a task's unit needs to start, and to be limited."""

from __future__ import annotations

import os
from collections.abc import Iterator

from docket.app.doctor.check import Check, CheckStatus, Examined, check, verdict_of
from docket.files import read_plain
from docket.model.task.task import Limits
from docket.systemd.controllers import controllers

_EXEC_START = "ExecStart="
# The controller that each limit needs; the rest (nice, open_files) need none.
_NEEDS = {
    "memory": "memory",
    "memory_high": "memory",
    "swap": "memory",
    "cpu_percent": "cpu",
    "cpu_weight": "cpu",
    "io_weight": "io",
    "tasks": "pids",
}


@check("unit_programs")
def unit_programs(seen: Examined) -> Check:
    """Whether the programs that the installed units start are there."""
    missing = {}
    for name in sorted(seen.compilation.bundles) if seen.compilation else ():
        plan = seen.compilation.bundles[name].plan if seen.compilation else None
        path = os.path.join(seen.session.paths.unit_dir, plan.unit) if plan else ""
        gone = [word for word in _program_words(path) if not os.path.exists(word)]
        if gone:
            missing[name] = gone
    sentences = [
        f"{name}: its unit starts {paths[0]}, which is not there."
        for name, paths in missing.items()
    ]
    return Check(
        verdict_of(missing, CheckStatus.ERROR),
        " ".join(sentences),
        "docket install writes the units for the Docket that runs now." if missing else None,
        {"missing": missing},
    )


@check("limits")
def limits(seen: Examined, root: str = "/sys/fs/cgroup") -> Check:
    """Whether this machine can hold the tasks to their limits."""
    system = seen.session.paths.system
    known = controllers(system=system, uid=os.getuid(), root=root)
    tasks = seen.compilation.config.tasks.values() if seen.compilation else ()
    idle = {
        task.name: found
        for task in tasks
        if known is not None and (found := sorted(without_effect(task.limits, known)))
    }
    sentences = [
        f"{name}: {', '.join(found)} {'has' if len(found) == 1 else 'have'} no effect."
        for name, found in idle.items()
    ]
    lacking = sorted({_NEEDS[key] for found in idle.values() for key in found})
    where = "the machine's control groups" if system else "the user's service manager"
    why = f" {where[0].upper()}{where[1:]} lacks: {', '.join(lacking)}." if lacking else ""
    hint = None if system or not lacking else "An administrator can set Delegate= of user@.service."
    return Check(verdict_of(idle), " ".join(sentences) + why, hint, {"without_effect": idle})


def without_effect(wanted: Limits, known: frozenset[str]) -> Iterator[str]:
    """Yield the limits that need a controller which is not known."""
    for name, controller in _NEEDS.items():
        if getattr(wanted, name) is not None and controller not in known:
            yield name


def _program_words(path: str) -> Iterator[str]:
    """Yield the absolute paths in the first ExecStart= line of a unit: interpreter and script."""
    try:
        data, _status = read_plain(path)
    except OSError:
        return
    for line in data.decode("utf-8", "replace").splitlines():
        if line.startswith(_EXEC_START):
            for word in line.removeprefix(_EXEC_START).split()[:4]:
                plain = word.strip('"').lstrip("@-:+!")
                if plain.startswith("/") and "%" not in plain:
                    yield plain
            return
