"""Tasks of a file in `conf.d` that cannot be read now: they are broken, and not gone."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.catalog.planfiles import plans
from docket.model.problem import Problem
from docket.model.task.task import Config
from docket.paths import Paths


def with_lost_tasks(paths: Paths, config: Config) -> Config:
    """Return `config` with a problem for each planned task whose file is broken.

    So nothing takes such a task for one that was removed, and its last good plan goes on.
    """
    if not any(problem.spares for problem in config.problems):
        return config
    return config.replace(problems=(*config.problems, *_lost(paths, config)))


def _lost(paths: Paths, config: Config) -> Iterator[Problem]:
    broken = {p.mark.file: p for p in config.problems if p.spares and p.mark is not None}
    told = {problem.task for problem in config.problems}
    for plan in plans(paths):
        cause = next((broken[one.path] for one in plan.sources if one.path in broken), None)
        if cause is not None and plan.task not in told and plan.task not in config.tasks:
            yield cause.replace(
                sentence=f"the file of the task cannot be used: {cause.sentence}",
                key=(),
                task=plan.task,
                spares=False,
            )
