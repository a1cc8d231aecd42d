"""What the compiler is given beside a task, and what it makes of both."""

from __future__ import annotations

from collections.abc import Mapping

from docket.model.plan import Plan, Source
from docket.model.record import Record, field
from docket.model.task.sandbox import Policy, Sandbox, Starter
from docket.model.task.schedule import Timing
from docket.model.task.task import Task
from docket.paths import Paths


class Place(Record):
    """Where the compiled tasks will live and what will start them; the same for all of them.

    `instance` is the word in unit names ("" for the default home), `exec_words` the absolute
    command that starts `docket exec`, `program_paths` what Docket itself is made of.
    """

    paths: Paths
    instance: str
    state_db: str
    log_dir: str
    exec_words: tuple[str, ...]
    version: str
    program_paths: tuple[str, ...] = ()
    policy: Policy = Policy()

    def sandbox(self, task: Task, starter: Starter) -> Sandbox:
        """Return what a run of `task` is kept from, however it was started."""
        return task.sandbox.raised(self.policy.floor(starter).sandbox)


class TaskFiles(Record):
    """What was found on this machine for one task: its programs as absolute paths, its sources."""

    argv: tuple[str, ...] = ()
    dry_run_argv: tuple[str, ...] = ()
    path_variable: str = ""
    sources: tuple[Source, ...] = ()
    warnings: tuple[str, ...] = ()


class Bundle(Record):
    """One task compiled: its plan, and its unit files (name to whole text) if it has a timer."""

    task: Task
    timing: Timing | None
    plan: Plan
    units: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
