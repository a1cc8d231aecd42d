"""The checks of what a task's unit needs to start, and to be limited."""

from __future__ import annotations

import os
from collections.abc import Iterator

from docket.app.catalog.idlelimits import DELEGATE_HINT, idle_limits, no_effect
from docket.app.doctor.check import Check, CheckStatus, Examined, check, verdict_of
from docket.files import read_plain

_EXEC_START = "ExecStart="


@check("unit_programs")
def unit_programs(seen: Examined) -> Check:
    """Whether the programs that the installed units start are there."""
    bundles = seen.compilation.bundles if seen.compilation else {}
    missing = {}
    for name, bundle in sorted(bundles.items()):
        path = os.path.join(seen.session.paths.unit_dir, bundle.plan.unit)
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
def limits(seen: Examined) -> Check:
    """Whether this machine can hold the tasks to their limits."""
    system = seen.session.paths.system
    tasks = seen.compilation.config.tasks.values() if seen.compilation else ()
    idle = {
        task.name: list(found)
        for task in tasks
        if (found := idle_limits(seen.session, task.limits))
    }
    sentences = [f"{name}: {no_effect(found, system=system)}" for name, found in idle.items()]
    hint = DELEGATE_HINT if idle and not system else None
    return Check(verdict_of(idle), " ".join(sentences), hint, {"without_effect": idle})


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
