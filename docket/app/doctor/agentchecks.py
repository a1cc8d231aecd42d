"""`docket doctor --agent`: what an agent has to know before it relies on each task."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from docket.app.doctor.check import Examined
from docket.app.doctor.homechecks import UNATTENDED, config_file, state_db, task_discovery
from docket.app.doctor.remotes import Rclone, remote_name
from docket.app.doctor.unitchecks import timer_trouble
from docket.app.fires.watching import path_unit_name, watch_of
from docket.app.text.documents import iso_or_none
from docket.app.text.redaction import redact_text
from docket.errors import StoreError
from docket.files import read_plain
from docket.model.plan import Plan
from docket.model.record import Record, field
from docket.model.records import RunRecord
from docket.model.text.envfile import EnvironmentFileError, parse_environment
from docket.store.reader import open_reader

if TYPE_CHECKING:
    from docket.app.doctor.shapes import AgentCheckDocument

_STREAK = 3
_BACKUP = "docket.tasks.backup"
_HBACKUP = "docket.tasks.hbackup"
_DISCOVERED = "configured_task_discovered"


class AgentCheck(Record):
    """One check and its outcome; `detail` says what was seen."""

    name: str
    ok: bool
    detail: str = ""

    def document(self) -> AgentCheckDocument:
        """Return the check as an element of `checks`; nothing in it is secret."""
        document: AgentCheckDocument = {"name": self.name, "ok": self.ok}
        if self.detail:
            document["detail"] = redact_text(self.detail)
        return document


class _Record(Record):
    """The record of all tasks; both are empty if it cannot be read."""

    latest: Mapping[str, RunRecord] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)


def agent_checks(seen: Examined) -> tuple[AgentCheck, ...]:
    """Make every check; with a config that cannot be used, of the tasks that were installed."""
    asked = _Asked(seen, _recorded(seen), Rclone())
    return (
        *_of_the_home(seen),
        *(check for name in sorted(_names(seen)) for check in asked.of(name)),
    )


def _of_the_home(seen: Examined) -> Iterator[AgentCheck]:
    config, store, tasks = config_file(seen), state_db(seen), task_discovery(seen)
    problems = seen.compilation.problems if seen.compilation is not None else ()
    wrong = [problem.sentence for problem in problems if problem.code != UNATTENDED]
    valid = seen.refusal is None and not wrong
    yield AgentCheck("config_valid", valid, "" if valid else " ".join(wrong) or config.sentence)
    yield AgentCheck("state_db_accessible", not store.bad, store.sentence if store.bad else "")
    found = seen.compilation is not None and not tasks.bad
    count = tasks.facts.get("tasks_found")
    yield AgentCheck("task_discovery", found, f"{count} tasks" if found else tasks.sentence)


def _names(seen: Examined) -> set[str]:
    if seen.compilation is None:
        return set(_plans(seen))
    tasks = seen.compilation.config.tasks.values()
    unconfigured = {task.name for task in tasks if task.mark is None and not task.sources}
    return {*_plans(seen), *seen.compilation.broken} - unconfigured


def _plans(seen: Examined) -> dict[str, Plan]:
    if seen.compilation is None:
        return {plan.task: plan for plan in seen.usable_plans}
    return {name: bundle.plan for name, bundle in seen.compilation.bundles.items()}


def _recorded(seen: Examined) -> _Record:
    try:
        with open_reader(seen.own_state_db) as reader:
            return _Record(reader.latest(), reader.all_consecutive_failures())
    except StoreError:
        return _Record()


class _Asked:
    """The checks of one task after the other, and what is asked once for all of them."""

    def __init__(self, seen: Examined, record: _Record, rclone: Rclone) -> None:
        self._seen = seen
        self._record = record
        self._rclone = rclone
        self._plans = _plans(seen)

    def of(self, name: str) -> Iterator[AgentCheck]:
        """Yield the checks of a task."""
        plan = self._plans.get(name)
        if plan is None:
            yield self._undiscovered(name)
        else:
            yield from self._programs(plan)
            yield from self._remote(plan)
            yield from self._variables(plan)
            yield from self._timer(plan)
            yield from self._paths(plan)
        yield from self._pattern(name)

    def _undiscovered(self, name: str) -> AgentCheck:
        compilation = self._seen.compilation
        problems = compilation.problems if compilation is not None else ()
        own = [problem for problem in problems if problem.task == name]
        word = "timer_active" if any(p.code == UNATTENDED for p in own) else _DISCOVERED
        return AgentCheck(f"{name}:{word}", ok=False, detail=" ".join(p.sentence for p in own))

    def _programs(self, plan: Plan) -> Iterator[AgentCheck]:
        words = _programs(plan)
        if not words:
            return
        missing = [word for word in dict.fromkeys(words) if not _is_there(word, plan)]
        detail = f"{', '.join(missing)} not found" if missing else f"{', '.join(words[:1])} found"
        yield AgentCheck(f"{plan.task}:command_exists", not missing, detail)

    def _remote(self, plan: Plan) -> Iterator[AgentCheck]:
        if plan.python is None or plan.python.module != _BACKUP:
            return
        config = plan.python.config
        name = remote_name(config)
        if config.get("tool", "rclone") != "rclone" or name is None:
            return
        words = [str(word) for word in config.get("extra_args", ())]
        trouble = self._rclone.trouble(name, words, self._environment(plan))
        yield AgentCheck(
            f"{plan.task}:rclone_remote_exists", not trouble, trouble or f"{name}: is known"
        )

    def _variables(self, plan: Plan) -> Iterator[AgentCheck]:
        if not plan.required_env:
            return
        environment = self._environment(plan)
        of_the_task = {*plan.env, *plan.env_credentials, *_of_files(plan)}
        for name in plan.required_env:
            there = name in plan.env_credentials or bool(environment.get(name))
            detail = "" if there else "It is missing or empty."
            if there and name not in of_the_task and plan.timer_unit in plan.unit_hashes:
                detail = "It is set here; a timer's run has what the service manager knows."
            yield AgentCheck(f"{plan.task}:env:{name}", there, detail)

    def _environment(self, plan: Plan) -> dict[str, str]:
        """Return what a run by hand from here would have."""
        inherited = {"PATH": plan.path_variable, **self._seen.session.environ}
        return {**inherited, **_of_files(plan), **plan.env}

    def _timer(self, plan: Plan) -> Iterator[AgentCheck]:
        if plan.timer_unit not in plan.unit_hashes:
            return
        states = self._seen.states
        if states is None:
            trouble = "the service manager does not answer."
        else:
            trouble = timer_trouble(plan, states.get(plan.timer_unit))
        yield AgentCheck(
            f"{plan.task}:timer_active", not trouble, f"{plan.timer_unit}: {trouble or 'active'}"
        )

    def _paths(self, plan: Plan) -> Iterator[AgentCheck]:
        unit = path_unit_name(None, plan, plan.timer_unit)
        watch = watch_of(self._seen.session, None, unit, self._seen.states)
        if watch is not None:
            trouble = watch.trouble or ("" if watch.state == "active" else "its state is not known")
            detail = f"{watch.unit}: {trouble or 'active'}"
            yield AgentCheck(f"{plan.task}:paths_watched", not trouble, detail)

    def _pattern(self, name: str) -> Iterator[AgentCheck]:
        last = self._record.latest.get(name)
        if last is None:
            return
        count = self._record.failures.get(name, 0)
        if count >= _STREAK:
            words = f"{count} consecutive failures, last at {iso_or_none(last.finished_us)}"
            yield AgentCheck(f"{name}:last_3_runs_all_failed", ok=False, detail=words)
        else:
            words = f"{count} consecutive failures"
            yield AgentCheck(f"{name}:failure_pattern", ok=True, detail=words)


def _programs(plan: Plan) -> list[str]:
    """Return the programs that the task starts, as far as its plan shows."""
    if plan.python is None:
        return [argv[0] for argv in (plan.argv, plan.dry_run_argv) if argv]
    config = plan.python.config
    if plan.python.module not in (_BACKUP, _HBACKUP):
        return []
    match "hbackup" if plan.python.module == _HBACKUP else config.get("tool", "rclone"):
        case "hbackup":
            return [str(config.get("hbackup_bin", "hbackup"))]
        case "gog":
            return ["tar", "zstd", str(config.get("gog_bin", "gog"))]
        case tool:
            return [str(tool)]


def _is_there(program: str, plan: Plan) -> bool:
    path = plan.env.get("PATH") or plan.path_variable
    place = program if "/" not in program else os.path.join(plan.cwd or "/", program)
    return shutil.which(place, path=path) is not None


def _of_files(plan: Plan) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in plan.env_files:
        try:
            data, _status = read_plain(os.path.realpath(path))
            found.update(parse_environment(data))
        except (OSError, EnvironmentFileError):  # the check of the executables says so
            continue
    return found
