"""Where the units of a config's tasks live, and what starts them, as the compiler wants it."""

from __future__ import annotations

from docket import __version__
from docket.compiler.bundle import Place
from docket.model.plan import Plan
from docket.model.task.task import Config
from docket.paths import Paths, exec_command, program_paths


def place_of(paths: Paths, config: Config) -> Place:
    """Return the place of the tasks of `config`, which this Docket starts."""
    place = _place(paths, config, config.instance or paths.instance_key)
    return place.replace(policy=config.policy)


def place_of_plan(paths: Paths, plan: Plan) -> Place:
    """Return the place of the task of a plan."""
    return _place(paths, plan, plan.instance)


def _place(paths: Paths, of: Config | Plan, instance: str) -> Place:
    return Place(
        paths=paths,
        instance=instance,
        state_db=of.state_db,
        log_dir=of.log_dir,
        exec_words=tuple(exec_command()),
        version=__version__,
        program_paths=program_paths(),
    )
