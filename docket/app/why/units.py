"""Why no run came about: what systemd says of the task's service and timer."""

from __future__ import annotations

from collections.abc import Sequence

from docket.app.session.ports import UnitDetail
from docket.app.why.answer import Finding
from docket.model.ends.systemdexits import systemd_code
from docket.model.problem import Problem
from docket.model.record import Record
from docket.model.task.task import Task
from docket.systemd.unitend import UnitEnd

_ENABLED = ("enabled", "enabled-runtime", "linked", "static", "generated")
_SECOND_US = 1_000_000
_BROKEN_LOADS = ("bad-setting", "error")


class UnitFacts(Record):
    """What is known of a task beside its runs. None is where nobody answers."""

    name: str
    system: bool
    task: Task | None  # as the config has it now
    problems: tuple[Problem, ...]  # why the config's task cannot be used
    has_timer: bool  # its plan or its config has a schedule
    service_unit: str
    timer_unit: str
    service: UnitDetail | None
    timer: UnitDetail | None
    end: UnitEnd | None
    said: tuple[str, ...] = ()  # what systemd logged of the service, oldest first

    def systemctl(self, words: str) -> str:
        """Return a systemctl command in the scope of the task."""
        return f"systemctl {'' if self.system else '--user '}{words}"


def failed_start(facts: UnitFacts, known: frozenset[str | None], after_us: int) -> Finding | None:
    """Return why the last start of the service came to no run, where that is so.

    `known` are the invocations that have a run; what lies before `after_us` is an older story.
    """
    end = facts.end
    if end is None or end.load_state != "loaded":
        return None
    # systemctl tells whole seconds, cut off.
    if (end.checked_us or 0) + _SECOND_US > after_us:
        unmet = "condition" if end.condition_failed else "assert" if end.assert_failed else None
        if unmet is not None:
            return _not_met(facts, unmet)
    if (end.changed_us or 0) + _SECOND_US <= after_us or end.result in ("", "success"):
        return None
    # A start that was refused for its limit has no invocation of its own.
    if end.result != "start-limit-hit" and end.invocation_id in known:
        return None
    return _failed(facts, end)


def _not_met(facts: UnitFacts, word: str) -> Finding:
    return Finding(
        f"{word}_failed",
        f"It was to start, but {'a condition' if word == 'condition' else 'an assert'} of the "
        "unit was not met, so systemd started nothing.",
        facts.said,
        facts.systemctl(f"cat {facts.service_unit}"),
        f"shows the unit with its {word}s",
    )


def _failed(facts: UnitFacts, end: UnitEnd) -> Finding:
    named = systemd_code(end.exit_status) if end.exited else None
    if named is not None and end.result == "exit-code":
        name, meaning = named
        return Finding(
            f"unit_{name.lower()}",
            f"Nothing was run ({end.exit_status}/{name}): {meaning}.",
            facts.said,
            facts.systemctl(f"cat {facts.service_unit}"),
            "shows the unit and what was added to it",
        )
    return Finding(
        f"unit_{end.result.replace('-', '_')}",
        f"systemd ended the unit before there was a run; its result is {end.result}.",
        facts.said,
        facts.systemctl(f"status {facts.service_unit}"),
        "shows what systemd says of it",
    )


def blocker(facts: UnitFacts) -> Finding | None:
    """Return what keeps the task from being started by its timer now, where something does."""
    return _of_config(facts) or _of_service(facts) or _of_timer(facts)


def _of_config(facts: UnitFacts) -> Finding | None:
    if facts.problems:
        evidence = tuple(
            f"{problem.mark}: {problem.sentence}" if problem.mark else problem.sentence
            for problem in facts.problems
        )
        return Finding(
            "config_broken",
            "The task cannot be used as the config has it now.",
            evidence,
            "docket check",
            "lists every mistake with its place",
        )
    if facts.task is not None and not facts.task.schedules:
        return Finding(
            "no_schedule",
            "The task has no schedule: it runs when somebody starts it.",
            (),
            f"docket run {facts.name}",
            "runs it now",
        )
    if facts.task is not None and not facts.task.enabled:
        return Finding(
            "disabled_in_config",
            "The task says 'enabled: false', so it has no timer.",
            (),
            "docket configure",
            "opens the config",
        )
    return None


def _of_service(facts: UnitFacts) -> Finding | None:
    state = facts.service
    if state is None or not facts.has_timer:
        return None
    if state.load_state == "masked":
        return Finding(
            "service_masked",
            f"The service {facts.service_unit} is masked: systemd refuses to start it.",
            (),
            facts.systemctl(f"unmask {facts.service_unit}"),
            "takes the mask away",
        )
    if state.load_state in _BROKEN_LOADS:
        said = (facts.end.load_error,) if facts.end is not None and facts.end.load_error else ()
        return Finding(
            "service_broken",
            f"systemd cannot load {facts.service_unit}: a line in it, or in a drop-in, is wrong.",
            (*said, *facts.said),
            facts.systemctl(f"cat {facts.service_unit}"),
            "shows the unit and what was added to it",
        )
    return None


def _of_timer(facts: UnitFacts) -> Finding | None:
    state = facts.timer
    if state is None or not facts.has_timer:
        return None
    return _unusable(facts, state) or _off(facts, state)


def _unusable(facts: UnitFacts, state: UnitDetail) -> Finding | None:
    unit = facts.timer_unit
    if state.load_state == "masked" or state.unit_file_state.startswith("masked"):
        return Finding(
            "timer_masked",
            f"The timer {unit} is masked: systemd refuses to start it.",
            (),
            facts.systemctl(f"unmask {unit}"),
            "takes the mask away",
        )
    if state.load_state == "not-found":
        return Finding(
            "timer_gone",
            f"The timer {unit} is not installed.",
            (),
            f"docket install {facts.name} --now",
            "writes the timer and starts it",
        )
    if state.load_state in _BROKEN_LOADS:
        return Finding(
            "timer_broken",
            f"systemd cannot load {unit}: a line in it, or in a drop-in, is wrong.",
            (),
            facts.systemctl(f"cat {unit}"),
            "shows the unit and what was added to it",
        )
    return None


def _off(facts: UnitFacts, state: UnitDetail) -> Finding | None:
    unit = facts.timer_unit
    if state.active_state == "active":
        return None
    start = (f"docket enable {facts.name}", "starts the timer, now and at every boot")
    if state.active_state == "failed":
        return Finding(
            "timer_failed", f"The timer {unit} has failed ({state.result}).", facts.said, *start
        )
    if state.unit_file_state in _ENABLED:
        return Finding("timer_stopped", f"The timer {unit} is enabled, but stopped.", (), *start)
    return Finding("timer_disabled", f"The timer {unit} is disabled.", (), *start)


def last_distinct(lines: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the last `most` lines, each once."""
    return tuple(dict.fromkeys(lines))[-most:]
