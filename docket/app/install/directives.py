"""Raw directives of `unit:` against this machine's systemd: what it would ignore is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from docket.app.catalog.compilation import Compilation
from docket.app.install.changes import Change, task_of
from docket.model.problem import Problem
from docket.systemd import analyze

_COMPLAINT = re.compile(r"(?<![^/ ])([^/ ]+\.(?:service|timer|path)):([0-9]+): (.+)")


def judge_directives(compilation: Compilation, changes: Sequence[Change]) -> Compilation:
    """Return `compilation` without the tasks whose raw directives this systemd does not know.

    Only files that are about to be written are asked about, and only if systemd-analyze is
    installed: a unit with an unknown key would load, and lack what the user asked for.
    """
    texts = {
        change.name: change.after
        for change in changes
        if change.action.writes
        and change.after is not None
        and compilation.bundles[change.task].task.unit
    }
    if not texts or not analyze.available():
        return compilation
    lines = analyze.verify_texts(texts, user=not compilation.place.paths.system)
    problems = _problems(compilation, lines, texts)
    if not problems:
        return compilation
    guilty = frozenset(problem.task for problem in problems if problem.task is not None)
    return compilation.replace(
        bundles={n: bundle for n, bundle in compilation.bundles.items() if n not in guilty},
        broken=compilation.broken | guilty,
        problems=(*compilation.problems, *problems),
    )


def _problems(
    compilation: Compilation, lines: Sequence[str], texts: dict[str, str]
) -> list[Problem]:
    problems = []
    for line in lines:
        found = _COMPLAINT.search(line)
        if found is None or found[1] not in texts:
            continue
        task_name = task_of(found[1], compilation.place.instance)
        if task_name is None:
            continue
        task = compilation.bundles[task_name].task
        written = texts[found[1]].split("\n")[int(found[2]) - 1]
        directive = written.partition("=")[0]
        key = next(
            (
                ("tasks", task_name, "unit", section, directive)
                for section, keys in task.unit.items()
                if directive in keys
            ),
            ("tasks", task_name),
        )
        problems.append(
            Problem(
                f"systemd does not take `{written}` of task '{task_name}': {found[3]}",
                compilation.config.marks.get(key, task.mark),
                key,
                hint="systemd.directives(7) lists all directives.",
                code="compile.refused",
                task=task_name,
            )
        )
    return problems
