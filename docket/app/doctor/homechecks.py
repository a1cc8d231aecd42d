"""The checks of what lies in a home: config, tasks, store, directories and programs."""

from __future__ import annotations

import os
import stat

from docket.app.catalog.executables import search_path
from docket.app.catalog.taskfiles import doubtful_files, exposed_files, missing_files
from docket.app.doctor.check import Check, CheckStatus, Examined, check, verdict_of
from docket.app.record.liveness import is_alive
from docket.app.text.documents import iso
from docket.errors import ConfigMissingError, StoreError
from docket.model.plan import Plan
from docket.paths import refused_runtime_directory
from docket.store.reader import check as check_store
from docket.store.reader import open_reader
from docket.store.spool import spool_directories, spooled_files

UNATTENDED = "task.unattended"  # a task that runs by hand, and is refused a timer
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@check("config_file")
def config_file(seen: Examined) -> Check:
    """Whether the config can be used."""
    path = seen.session.paths.config
    refusal = seen.refusal
    if isinstance(refusal, ConfigMissingError):
        return Check(
            CheckStatus.MISSING,
            f"There is no config at {path}.",
            "docket configure makes one.",
            {"path": path},
        )
    if refusal is not None:
        problems = [problem.document() for problem in refusal.problems]
        return Check(
            CheckStatus.ERROR,
            refusal.sentence,
            refusal.hint or "docket check lists every mistake with its place.",
            {"path": path, "problems": problems},
        )
    warnings = (
        [warning.sentence for warning in seen.compilation.warnings if warning.task is None]
        if seen.compilation is not None
        else []
    )
    return Check(verdict_of(warnings), " ".join(warnings), None, {"path": path})


@check("task_discovery")
def task_discovery(seen: Examined) -> Check:
    """Whether every task that is found can be used."""
    compilation = seen.compilation
    if compilation is None:
        return _without_config()
    problems = [p.document() for p in compilation.problems if p.code != UNATTENDED]
    broken = sorted({p["task"] for p in problems if p["task"] is not None})
    usable = {name for name, task in compilation.config.tasks.items() if not task.dormant}
    found = len(usable | compilation.broken)
    sentence = f"Cannot be used: {', '.join(broken)}." if broken else f"{found} tasks found."
    return Check(
        verdict_of(broken, CheckStatus.ERROR),
        sentence,
        "docket check lists what is wrong with them." if broken else None,
        {"tasks_found": found, "broken": broken, "problems": problems},
    )


@check("tasks_dir")
def tasks_dir(seen: Examined) -> Check:
    """Whether the directory of drop-in tasks is there and safe."""
    path = seen.session.paths.task_dir
    if seen.compilation is not None:
        path = seen.compilation.config.task_dir
    return _directory(path, "Drop-in tasks, Python files, may be put there.")


@check("logs_dir")
def logs_dir(seen: Examined) -> Check:
    """Whether logs can be written."""
    return _directory(seen.log_dir, "The first run makes it.")


@check("lock_dir")
def lock_dir(seen: Examined) -> Check:
    """Whether locks can be taken."""
    path = seen.session.paths.lock_dir
    refused = refused_runtime_directory(seen.session.environ)
    if refused is None or seen.session.paths.system:
        return _directory(path, "The first run makes it.")
    return Check(
        CheckStatus.WARNING,
        f"XDG_RUNTIME_DIR is {refused}, which others can write: locks are in {path}.",
        f"Log in as this user (su - or machinectl shell), or: chmod go-w {refused}",
        {"path": path, "refused": refused},
    )


@check("state_db")
def state_db(seen: Examined) -> Check:
    """Whether the record of runs is sound."""
    path = seen.state_db
    facts = {"path": path}
    if not os.path.exists(path):
        return Check(CheckStatus.MISSING, "The first run makes it.", None, facts)
    problems = check_store(seen.own_state_db)
    hint = "Runs go on meanwhile; their records are spooled and merged once it works again."
    return Check(
        verdict_of(problems, CheckStatus.ERROR),
        " ".join(problems),
        hint if problems else None,
        facts,
    )


@check("taken_over")
def taken_over(seen: Examined) -> Check:
    """What was taken over, when, and where the original database is."""
    if not os.path.exists(seen.state_db):
        return Check(CheckStatus.OK)
    from docket.store.maintenance.latecomers import last_take_over  # noqa: PLC0415  (only for this check)

    found = last_take_over(seen.own_state_db)
    if found is None:
        return Check(CheckStatus.OK)
    kept = os.path.exists(found.backup)
    where = f"the database as it was is {found.backup}" if kept else "its copy was removed since"
    return Check(
        CheckStatus.OK,
        f"{found.runs} runs and {found.events} events of docket-cli are taken over; {where}.",
        None,
        {**found.document(), "at": iso(found.at_us), "backup_exists": kept},
    )


@check("state_spool")
def state_spool(seen: Examined) -> Check:
    """Whether records of runs wait outside the database."""
    directories = spool_directories(seen.state_db, seen.session.paths.lock_dir)
    paths = spooled_files(directories)
    refused = [path for directory in directories for path in refused_records(directory)]
    parts = []
    if paths:
        parts.append(f"{len(paths)} records of runs wait for the database.")
    if refused:
        parts.append(f"{len(refused)} spooled files are not records: {', '.join(refused[:3])}.")
    hint = "The next run or docket status merges them." if paths else None
    facts = {"waiting": len(paths), "refused": refused}
    return Check(verdict_of(parts), " ".join(parts), hint, facts)


@check("hanging_runs")
def hanging_runs(seen: Examined) -> Check:
    """Whether runs are recorded as running whose runner is dead."""
    directory = seen.session.paths.lock_dir
    try:
        with open_reader(seen.own_state_db) as reader:
            running = reader.running()
    except StoreError as error:
        return Check(CheckStatus.WARNING, f"Not known: {error.sentence}")
    dead = [run for run in running if is_alive(run, directory) is False]
    names = ", ".join(f"{run.run_id} ({run.task})" for run in dead[:5])
    return Check(
        verdict_of(dead),
        f"Recorded as running, and their runners are dead: {names}." if dead else "",
        "These runs are over: run the task again if its work is still wanted." if dead else None,
        {"run_ids": [run.run_id for run in dead], "running": len(running)},
    )


@check("executables")
def executables(seen: Examined) -> Check:
    """Whether the program, the directory and the environment files of each task are there."""
    if seen.compilation is None:
        return _without_config()
    found = {
        name: missing
        for name, bundle in sorted(seen.compilation.bundles.items())
        if (missing := [*_missing(bundle.plan), *missing_files(bundle.task)])
    }
    sentence = " ".join(f"{name}: {' '.join(missing)}" for name, missing in found.items())
    return Check(
        verdict_of(found),
        sentence,
        "The tasks fail until these are there; docket install looks programs up again."
        if found
        else None,
        {"missing": found},
    )


@check("secret_files")
def secret_files(seen: Examined) -> Check:
    """Whether others can read or change the environment files and credentials of a task."""
    if seen.compilation is None:
        return _without_config()
    found = {
        name: exposed
        for name, bundle in sorted(seen.compilation.bundles.items())
        if (exposed := list(exposed_files(bundle.task)))
    }
    sentences = [f"{name}: {'; '.join(exposed)}." for name, exposed in found.items()]
    return Check(verdict_of(found), " ".join(sentences), None, {"exposed": found})


@check("env_files")
def env_files(seen: Examined) -> Check:
    """Whether systemd reads each line of the tasks' environment files as it seems to be meant."""
    if seen.compilation is None:
        return _without_config()
    found = {
        name: doubts
        for name, bundle in sorted(seen.compilation.bundles.items())
        if (doubts := list(doubtful_files(bundle.task)))
    }
    sentences = [f"{name}: {' '.join(doubts)}" for name, doubts in found.items()]
    return Check(verdict_of(found), " ".join(sentences), None, {"doubtful": found})


@check("path")
def search_path_check(seen: Examined) -> Check:
    """Which PATH tasks get, and whether it can be relied on."""
    raw = seen.session.environ.get("PATH", "")
    used = search_path(seen.session.environ, system=seen.session.paths.system)
    relative = [part for part in raw.split(":") if raw and not part.startswith("/")]
    unsafe = [part for part in used.split(":") if _others_may_write(part)]
    parts = []
    if relative:
        parts.append("PATH has relative or empty directories; they are left out for tasks.")
    if unsafe:
        parts.append(f"Others may write to {', '.join(unsafe)} on PATH.")
    return Check(verdict_of(parts), " ".join(parts), None, {"path": used})


def _missing(plan: Plan) -> list[str]:
    parts = [
        f"the program {argv[0]!r} is not there or cannot be run."
        for argv in (plan.argv, plan.dry_run_argv)
        if argv and not (os.path.isabs(argv[0]) and os.access(argv[0], os.X_OK))
    ]
    if plan.cwd and not os.path.isdir(plan.cwd):
        parts.append(f"the directory {plan.cwd} is not there.")
    return list(dict.fromkeys(parts))


def _directory(path: str, when_missing: str) -> Check:
    facts = {"path": path}
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return Check(CheckStatus.MISSING, when_missing, None, facts)
    except OSError as error:
        return Check(CheckStatus.ERROR, f"{path}: {error.strerror}.", None, facts)
    if not stat.S_ISDIR(found.st_mode):
        return Check(CheckStatus.ERROR, f"{path} is not a directory.", None, facts)
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        hint = "See who owns it."
        return Check(CheckStatus.ERROR, f"{path} cannot be read and written.", hint, facts)
    if found.st_mode & _OTHERS_MAY_WRITE:
        hint = f"chmod go-w {path}"
        return Check(CheckStatus.ERROR, f"Others may write to {path}.", hint, facts)
    return Check(CheckStatus.OK, "", None, facts)


def refused_records(directory: str) -> list[str]:
    """Return the spooled files of a directory that held no record, in order."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return sorted(os.path.join(directory, name) for name in names if name.endswith(".refused"))


def _others_may_write(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def _without_config() -> Check:
    return Check(CheckStatus.WARNING, "Not examined: the config cannot be used.")
