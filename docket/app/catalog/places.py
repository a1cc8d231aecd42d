"""Where the units of a config's tasks live, and what starts them, as the compiler wants it."""

from __future__ import annotations

from docket import __version__
from docket.compiler.bundle import Place
from docket.model.task.task import Config
from docket.paths import Paths, exec_command, program_paths


def place_of(paths: Paths, config: Config) -> Place:
    """Return the place of the tasks of `config`, which this Docket starts."""
    return Place(
        paths=paths,
        instance=config.instance or paths.instance_key,
        state_db=config.state_db,
        log_dir=config.log_dir,
        exec_words=tuple(exec_command()),
        version=__version__,
        program_paths=program_paths(),
        policy=config.policy,
    )
