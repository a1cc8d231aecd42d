"""A golden case compiled in a place that never changes: `task.yaml` to unit texts."""

from __future__ import annotations

import os
import shutil

from docket.compiler.bundle import Bundle, Place, TaskFiles
from docket.compiler.compile import compile_task
from docket.compiler.ejected import ejected_units
from docket.config.loader import load
from docket.model.task.task import Config, Task
from docket.paths import Paths
from docket.schedule.translate import compile_timing

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")
ENVIRON = {"HOME": "/home/ada", "PATH": "/usr/bin:/bin"}


def case_names() -> list[str]:
    """Return the names of all cases; those of the system scope begin with `system-`."""
    return sorted(os.listdir(CASES))


def paths_of(case: str, config: str) -> Paths:
    """Return the places of the user ada, or of the system, with the config at `config`."""
    if case.startswith("system-"):
        return Paths(
            system=True,
            home="/var/lib/docket",
            config=config,
            user_home="/root",
            runtime="/run",
            unit_dir="/etc/systemd/system",
            default_home="/var/lib/docket",
        )
    return Paths(
        system=False,
        home="/home/ada/.docket",
        config=config,
        user_home="/home/ada",
        runtime="/run/user/1000",
        unit_dir="/home/ada/.config/systemd/user",
        default_home="/home/ada/.docket",
    )


def load_case(case: str, folder: str) -> Config:
    """Load the case's task.yaml, by way of a private copy in `folder`."""
    copy = os.path.join(folder, "config.yaml")
    shutil.copyfile(os.path.join(CASES, case, "task.yaml"), copy)
    os.chmod(copy, 0o600)  # a checkout may be writable for the group, which the loader refuses
    return load(paths_of(case, copy), ENVIRON)


def compile_case(case: str, config: Config) -> dict[str, Bundle]:
    """Compile every task of the case in its fixed place, by task name."""
    own = "/etc/docket/config.yaml" if case.startswith("system-") else ""
    paths = paths_of(case, own or "/home/ada/.docket/config.yaml")
    derived = config.instance == paths_of(case, config.path).instance_key
    place = Place(
        paths=paths,
        instance="" if derived else config.instance,
        state_db=paths.state_db,
        log_dir=paths.log_dir,
        exec_words=("/usr/bin/python3", "-IS", "/opt/docket/docket/libexec/docket", "exec"),
        version="1.0.0",
        program_paths=("/opt/docket", "/usr"),
        policy=config.policy,
    )
    return {name: _compile(task, place) for name, task in config.tasks.items()}


def eject_case(bundles: dict[str, Bundle]) -> dict[str, str]:
    """Return the plain units of every command task of a compiled case, by name."""
    found: dict[str, str] = {}
    for name, bundle in bundles.items():
        if bundle.task.command is not None:
            timing = bundle.timing if bundle.task.enabled else None
            # A program that every machine has, for systemd looks for it.
            argv = ("/usr/bin/env", *bundle.task.command.argv)
            found |= ejected_units(bundle.task, timing, argv, name)
    return found


def _compile(task: Task, place: Place) -> Bundle:
    timing = None
    if task.timed:
        timing = compile_timing(
            task.timed,
            zone=task.timezone,
            machine_zone="Europe/Berlin",
            system=place.paths.system,
        )
    return compile_task(task, timing, place, TaskFiles(path_variable="/usr/bin:/bin"))
