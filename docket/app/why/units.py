"""Why there was no run: what systemd says of the task's service and timer."""

from __future__ import annotations

from collections.abc import Sequence

from docket.app.fires.watching import TRIGGER_LIMIT
from docket.app.session.ports import UnitDetail
from docket.app.why.answer import Finding
from docket.errors import UnknownTaskError
from docket.model.ends.causes import CAUSES
from docket.model.ends.systemdexits import systemd_code
from docket.model.problem import Problem
from docket.model.record import Record
from docket.model.task.task import Task
from docket.systemd.unitend import UnitEnd

_ENABLED = ("enabled", "enabled-runtime", "linked", "static", "generated")
_SECOND_US = 1_000_000
_BROKEN_LOADS = ("bad-setting", "error")


class UnitFacts(Record):
    """What is known of a task beside its runs. None means that nobody answers."""

    name: str
    system: bool
    task: Task | None  # the task as the present config has it
    problems: tuple[Problem, ...]  # why the config's task cannot be used
    has_timer: bool  # its plan or its config has a schedule
    service_unit: str
    timer_unit: str
    service: UnitDetail | None
    timer: UnitDetail | None
    end: UnitEnd | None
    said: tuple[str, ...] = ()  # what systemd logged of the service, oldest first
    path_unit: str | None = None  # None if it watches no path
    path: UnitDetail | None = None
    follower_off: bool = False  # somebody keeps it from starting after others

    def finding(
        self, code: str, unit: str = "", evidence: tuple[str, ...] = (), **words: str
    ) -> Finding:
        """Return the finding that a cause keeps the task from running.

        `words` are what its sentence names beside the task and the unit.
        """
        cause = CAUSES[code]
        command, does = cause.absence_step or cause.step or ("", "")
        command = command.format(task=self.name, unit=unit, systemctl=self.systemctl)
        return Finding(code, cause.absence.format(unit=unit, **words), evidence, command, does)

    @property
    def systemctl(self) -> str:
        """The word systemctl with the scope of the task."""
        return "systemctl" if self.system else "systemctl --user"


def failed_start(facts: UnitFacts, known: frozenset[str | None], after_us: int) -> Finding | None:
    """Return why the last start of the service led to no run, if it did not.

    `known` are the invocations that have a run; what lies before `after_us` is an older story.
    """
    end = facts.end
    if end is None or end.load_state != "loaded":
        return None
    # systemctl shows whole seconds, cut off.
    if (end.checked_us or 0) + _SECOND_US > after_us:
        unmet = "condition" if end.condition_failed else "assert" if end.assert_failed else None
        if unmet is not None:
            return facts.finding(f"{unmet}_failed", facts.service_unit, facts.said)
    if (end.changed_us or 0) + _SECOND_US <= after_us or end.result in ("", "success"):
        return None
    # A start that was refused for its limit has no invocation of its own.
    if end.result != "start-limit-hit" and end.invocation_id in known:
        return None
    return _failed(facts, end)


def _failed(facts: UnitFacts, end: UnitEnd) -> Finding:
    named = systemd_code(end.exit_status) if end.exited else None
    if named is not None and end.result == "exit-code":
        name, meaning = named
        return Finding(
            f"unit_{name.lower()}",
            f"Nothing was run ({end.exit_status}/{name}): {meaning}.",
            facts.said,
            *_mending(facts, name),
        )
    return Finding(
        f"unit_{end.result.replace('-', '_')}",
        f"systemd ended the unit before there was a run; its result is {end.result}.",
        facts.said,
        f"{facts.systemctl} status {facts.service_unit}",
        "shows what systemd says of it",
    )


def _mending(facts: UnitFacts, name: str) -> tuple[str, str]:
    """Return the command that helps after one of systemd's own exit codes, and what it does."""
    match name:
        case "EXEC":
            words = "writes the units for the Docket that runs now"
            return f"docket install {facts.name}", words
        case "CREDENTIALS":
            return "docket check", "names the files that cannot be read"
        case _:
            show = f"{facts.systemctl} cat {facts.service_unit}"
            return show, "shows the unit and what was added to it"


def blocker(facts: UnitFacts) -> Finding | None:
    """Return what keeps the task from being started by itself now, if something does."""
    return _of_config(facts) or _of_service(facts) or _of_timer(facts) or _of_path(facts)


def _of_config(facts: UnitFacts) -> Finding | None:
    if any(problem.code == UnknownTaskError.code for problem in facts.problems):
        return facts.finding("task_removed")
    if facts.problems:
        evidence = tuple(
            f"{problem.mark}: {problem.sentence}" if problem.mark else problem.sentence
            for problem in facts.problems
        )
        return facts.finding("config_broken", evidence=evidence)
    if facts.task is not None and not facts.task.schedules:
        return facts.finding("no_schedule")
    if facts.task is not None and not facts.task.enabled:
        return facts.finding("disabled_in_config")
    return facts.finding("follower_off") if facts.follower_off else None


def _of_service(facts: UnitFacts) -> Finding | None:
    state, unit = facts.service, facts.service_unit
    if state is None or not (facts.has_timer or facts.path_unit):
        return None
    if state.load_state == "masked":
        return facts.finding("service_masked", unit)
    if state.load_state in _BROKEN_LOADS:
        said = (facts.end.load_error,) if facts.end is not None and facts.end.load_error else ()
        return facts.finding("service_broken", unit, (*said, *facts.said))
    return None


def _of_timer(facts: UnitFacts) -> Finding | None:
    state, unit = facts.timer, facts.timer_unit
    if state is None or not facts.has_timer:
        return None
    if state.load_state == "masked" or state.unit_file_state.startswith("masked"):
        return facts.finding("timer_masked", unit)
    if state.load_state == "not-found":
        return facts.finding("timer_gone", unit)
    if state.load_state in _BROKEN_LOADS:
        return facts.finding("timer_broken", unit)
    return None if state.active_state == "active" else _off(facts, state)


def _off(facts: UnitFacts, state: UnitDetail) -> Finding:
    unit = facts.timer_unit
    if state.active_state == "failed":
        return facts.finding("timer_failed", unit, facts.said, result=state.result)
    stopped = state.unit_file_state in _ENABLED
    return facts.finding("timer_stopped" if stopped else "timer_disabled", unit)


def _of_path(facts: UnitFacts) -> Finding | None:
    state, unit = facts.path, facts.path_unit
    if state is None or unit is None or state.active_state == "active":
        return None
    if state.load_state == "masked" or state.unit_file_state.startswith("masked"):
        code = "path_masked"
    elif state.load_state == "not-found":
        code = "path_gone"
    elif state.load_state in _BROKEN_LOADS:
        code = "path_broken"
    elif state.active_state != "failed":
        code = "path_off"
    else:
        code = "path_limit_hit" if state.result == TRIGGER_LIMIT else "path_failed"
    return facts.finding(code, unit, result=state.result)


def last_distinct(lines: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the last `most` lines, each once."""
    return tuple(dict.fromkeys(lines))[-most:]
