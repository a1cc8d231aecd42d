"""The checks of what systemd has: the service manager, lingering, units, timers, the journal."""

from __future__ import annotations

import os

from docket.app.catalog.planfiles import is_fresh
from docket.app.doctor.check import Check, CheckStatus, Examined, check, verdict_of
from docket.app.doctor.homechecks import UNATTENDED
from docket.app.fires.failedunits import failed_unit
from docket.app.fires.watching import path_unit_name, watch_of
from docket.app.install.drift import find_drift, foreign_drop_ins
from docket.app.session.ports import UnitState
from docket.compiler.bundle import Bundle
from docket.compiler.header import split
from docket.errors import BusError
from docket.files import read_text
from docket.model.names import MAINTENANCE, STARTERS, unit_stem
from docket.model.plan import Plan
from docket.store.reader import open_reader
from docket.systemd.journalctl import probe

OLDEST_SYSTEMD = 252
_PERSISTENT_JOURNAL = "/var/log/journal"


@check("service_manager")
def service_manager(seen: Examined) -> Check:
    """Whether the service manager answers, and is new enough."""
    try:
        version = seen.session.units().version()
    except BusError as error:
        scheduled = _scheduled(seen)
        return Check(
            CheckStatus.ERROR if scheduled else CheckStatus.WARNING,
            error.sentence,
            error.hint or "Tasks run by hand meanwhile; timers need the service manager.",
            {"scheduled_tasks": sorted(scheduled)},
        )
    old = version < OLDEST_SYSTEMD
    sentence = f"systemd {version} answers."
    if old:
        sentence = (
            f"systemd {version} is older than {OLDEST_SYSTEMD}, the oldest that is supported."
        )
    return Check(verdict_of(old, CheckStatus.ERROR), sentence, None, {"version": version})


@check("linger")
def linger(seen: Examined) -> Check:
    """Whether timers go on when the user is logged out."""
    try:
        lingers = seen.session.units().linger()
    except BusError as error:
        return Check(CheckStatus.WARNING, f"Not known: {error.sentence}")
    if lingers is None:
        return Check(CheckStatus.OK, "The system's own timers need none.")
    return Check(
        verdict_of(not lingers),
        "" if lingers else "Timers stop when you log out, and wait for your login after a boot.",
        None if lingers else "docket install --linger, or loginctl enable-linger",
    )


@check("drift")
def drift(seen: Examined) -> Check:
    """Whether the unit files on the disk are what the config says."""
    if seen.compilation is None:
        return Check(CheckStatus.WARNING, "Not examined: the config cannot be used.")
    states = seen.states
    sentences: list[str] = []
    hand_edits: list[str] = []
    for name in sorted(seen.compilation.bundles):
        plan = seen.compilation.bundles[name].plan
        found = find_drift(
            seen.session.paths.unit_dir,
            plan.unit_hashes,
            (plan.unit, plan.timer_unit),
            states or {},
        )
        sentences += found.sentences
        hand_edits += found.hand_edits
    left_over = _left_over(seen)
    sentences += [f"{name} is left over: no task has it." for name in left_over]
    return Check(
        verdict_of(sentences),
        " ".join(sentences),
        "docket install --diff shows the difference; docket install removes it."
        if sentences
        else None,
        {"drifts": sentences, "hand_edits": hand_edits, "left_over": left_over},
    )


@check("timers")
def timers(seen: Examined) -> Check:
    """Whether each scheduled task has an active timer that fires again."""
    scheduled = _scheduled(seen)
    states = seen.states
    if states is None:
        return Check(CheckStatus.WARNING, "Not known: the service manager does not answer.")
    found = _refused_timers(seen)
    for name, bundle in sorted(scheduled.items()):
        word = timer_trouble(bundle.plan, states.get(bundle.plan.timer_unit))
        if word:
            found[name] = word
    sentence = " ".join(f"{name}: {word}" for name, word in found.items())
    return Check(
        verdict_of(found),
        sentence,
        "docket install --now installs and starts them." if found else None,
        {"troubles": found, "scheduled": len(scheduled)},
    )


@check("watched_paths")
def watched_paths(seen: Examined) -> Check:
    """Whether each task that waits for a path has an active path unit."""
    if seen.states is None:
        return Check(CheckStatus.WARNING, "Not known: the service manager does not answer.")
    found: dict[str, str] = {}
    bundles = seen.compilation.bundles if seen.compilation is not None else {}
    for name, bundle in sorted(bundles.items()):
        unit = path_unit_name(bundle.task, bundle.plan, bundle.plan.timer_unit)
        watch = watch_of(seen.session, bundle.task, unit, seen.states)
        if watch is not None and watch.trouble:
            found[name] = f"{watch.trouble}."
    return Check(
        verdict_of(found),
        " ".join(f"{name}: {words}" for name, words in found.items()),
        "docket enable TASK, or docket install --now." if found else None,
        {"troubles": found},
    )


@check("failed_units")
def failed_units(seen: Examined) -> Check:
    """Whether a task's service failed before there was a run."""
    names = {plan.unit: plan.task for plan in seen.usable_plans}
    with open_reader(seen.own_state_db) as reader:
        found = [
            failed
            for unit, task in sorted(names.items())
            if (failed := failed_unit(seen.session, reader, task, unit, seen.states)) is not None
        ]
    commands = ", ".join(dict.fromkeys(each.command for each in found))
    return Check(
        verdict_of(found, CheckStatus.ERROR),
        " ".join(each.sentence for each in found),
        commands or None,
        {"failed_units": [each.unit for each in found]},
    )


@check("drop_ins")
def drop_ins(seen: Examined) -> Check:
    """Whether units carry drop-ins that Docket did not write."""
    states = seen.states or {}
    paths = sorted({path for state in states.values() for path in foreign_drop_ins(state)})
    sentence = f"Units are changed by drop-ins of others: {', '.join(paths)}." if paths else ""
    return Check(verdict_of(paths), sentence, None, {"paths": paths})


@check("plans")
def last_good_plans(seen: Examined) -> Check:
    """Whether tasks run by an older plan because the config is broken now, or a plan is damaged."""
    paths = seen.session.paths
    damaged = [name for name, plan in seen.plans.items() if plan is None]
    usable = set(seen.compilation.bundles) if seen.compilation is not None else set()
    names = [
        plan.task
        for plan in seen.usable_plans
        if plan.task not in usable and not is_fresh(plan.sources) and not _gone(seen, plan.task)
    ]
    parts = []
    if names:
        parts.append(
            f"These run by their last good plan, as the config is broken: {', '.join(names)}."
        )
    if damaged:
        files = ", ".join(map(paths.plan, damaged))
        parts.append(f"These plans are damaged, and are made again by the next run: {files}.")
    hint = "docket check shows what to mend." if names else None
    return Check(
        verdict_of(parts), " ".join(parts), hint, {"last_good": names, "damaged_plans": damaged}
    )


@check("journal")
def journal(seen: Examined) -> Check:
    """Whether the journal can be read, and outlives a reboot."""
    session = seen.session
    refusal = probe(system=session.paths.system, environ=session.environ)
    persistent = os.path.isdir(_PERSISTENT_JOURNAL)
    facts = {"persistent": persistent, "readable": refusal is None}
    if refusal is not None:
        hint = "Log files are kept beside it: docket logs --source file"
        return Check(CheckStatus.WARNING, refusal, hint, facts)
    if not persistent:
        sentence = "The journal is lost at each reboot; log files are not."
        return Check(CheckStatus.WARNING, sentence, f"mkdir {_PERSISTENT_JOURNAL}", facts)
    return Check(CheckStatus.OK, "", None, facts)


def _scheduled(seen: Examined) -> dict[str, Bundle]:
    if seen.compilation is None:
        return {}
    return {
        name: bundle
        for name, bundle in seen.compilation.bundles.items()
        if bundle.units and bundle.task.timed
    }


def _refused_timers(seen: Examined) -> dict[str, str]:
    if seen.compilation is None:
        return {}
    return {
        problem.task: "it is destructive, and gets no timer without `unattended: allow`."
        for problem in seen.compilation.problems
        if problem.code == UNATTENDED and problem.task is not None
    }


def timer_trouble(plan: Plan, state: UnitState | None) -> str:
    """Return why a task's timer does not fire, in words; empty if it does."""
    if state is None or state.load_state == "not-found":
        return "its timer is not installed."
    if state.load_state != "loaded":
        return f"its timer is {state.load_state}."
    if state.active_state != "active":
        return f"its timer is {state.active_state}."
    calendar_only = bool(plan.calendars) and not plan.one_shot
    if calendar_only and state.next_elapse_us is None:
        return "its timer will not fire again."
    return ""


def _left_over(seen: Examined) -> list[str]:
    """Return the unit files of this instance that no task has."""
    compilation, paths = seen.compilation, seen.session.paths
    if compilation is None:
        return []
    bundles = compilation.bundles.values()
    known = {name for b in bundles for name in (b.plan.unit, b.plan.timer_unit, *b.units)}
    found = []
    for name in _unit_files(paths.unit_dir):
        owner = _owner(os.path.join(paths.unit_dir, name))
        if name not in known and owner == (compilation.place.instance, paths.config):
            found.append(name)
    # A broken task keeps its units until it is mended or taken out; so does what they want.
    kept = {
        unit_stem(task, compilation.place.instance) for task in (*compilation.broken, MAINTENANCE)
    }
    return [name for name in found if name.rpartition(".")[0] not in kept]


def _unit_files(directory: str) -> list[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return sorted(
        name
        for name in names
        if name.startswith("docket-") and name.endswith((".service", *STARTERS))
    )


def _owner(path: str) -> tuple[str, str] | None:
    try:
        header, _ = split(read_text(os.path.realpath(path)) or "")
    except OSError:
        return None
    return (header.instance, header.config) if header is not None else None


def _gone(seen: Examined, task: str) -> bool:
    """Whether the config is sound and has no such task any more."""
    compilation = seen.compilation
    return compilation is not None and task not in compilation.broken
