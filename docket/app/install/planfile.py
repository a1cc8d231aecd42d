"""`install --plan` and `--apply`: what an install would change, agreed on beforehand in a file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docket import __version__
from docket.app.install.changes import Action
from docket.app.install.plan import InstallPlan
from docket.app.text.documents import iso
from docket.compiler.header import content_hash
from docket.errors import InstallPlanError, StaleInstallPlanError, UsageError
from docket.files import is_ours, read_plain, write_new
from docket.model.names import is_safe_name
from docket.model.record import Record
from docket.model.sha256 import sha256_hex

if TYPE_CHECKING:
    from docket.app.install.shapes import InstallPlanDocument, PlannedFileDocument
    from docket.app.session.session import Session

_FORMAT = 1
_MOST_NAMED = 3
_REMOVES = "remove"
# What is compared before a plan is applied, and what a sentence calls it.
_SECTIONS = {"config": "The config", "drop_ins": "A drop-in of a unit", "files": "A unit or plan"}


class AgreedInstall(Record):
    """A plan as its file has it: what to install how, and the document to compare with."""

    names: tuple[str, ...]
    force: bool
    now: bool
    linger: bool
    document: Mapping[str, Any]


def plan_document(
    session: Session, plan: InstallPlan, *, now: bool = False, linger: bool = False
) -> InstallPlanDocument:
    """Return what `plan` would change: every file with the hashes of its text before and after.

    `now` and `linger` are the options that are to be applied with it.
    """
    paths = session.paths
    return {
        "plan_format": _FORMAT,
        "made_at": iso(session.now_us()),
        "version": __version__,
        "system": paths.system,
        "home": paths.home,
        "tasks": list(plan.names),
        "force": plan.force,
        "now": now,
        "linger": linger,
        "config": [
            {"path": source.path, "sha256": _hash_of_file(source.path)}
            for source in plan.compilation.sources
        ],
        "drop_ins": [{"path": path, "sha256": _hash_of_file(path)} for path in _drop_ins(plan)],
        "files": sorted(_files(plan), key=lambda file: file["path"]),
        "timers_to_restart": list(plan.timers_to_restart),
        "problems": [problem.document() for problem in plan.problems],
        "warnings": [problem.document() for problem in plan.warnings],
    }


def write_plan(path: str, document: InstallPlanDocument) -> None:
    """Write a plan into a new file of mode 0600; InstallPlanError where that cannot be."""
    if not path:
        raise UsageError("--plan needs a file, and got an empty name.")
    try:
        write_new(os.path.abspath(path), json.dumps(document, indent=2) + "\n")
    except FileExistsError:
        raise InstallPlanError(
            f"{path} exists already, and no plan is written over it.",
            hint="Remove it, or name another file. Nothing was changed.",
        ) from None
    except (OSError, ValueError) as error:
        raise InstallPlanError(
            f"The plan could not be written to {path}: {_why(error)}.", hint="Nothing was changed."
        ) from None


def read_agreed(path: str) -> AgreedInstall:
    """Return the plan in a file; InstallPlanError if it is not one, or others can change it."""
    try:
        data, status = read_plain(path)
    except (OSError, ValueError) as error:
        raise _unusable(path, f"cannot be read: {_why(error)}") from None
    if not is_ours(status):
        raise _unusable(path, "belongs to another user, or others can write to it")
    try:
        document = json.loads(data)
        agreed = _agreed(document)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _unusable(path, "holds no plan of an install") from None
    if document["plan_format"] != _FORMAT:
        raise _unusable(path, "was made by another version of Docket")
    return agreed


def _why(error: OSError | ValueError) -> str:
    return str(error.strerror) if isinstance(error, OSError) else "its name holds a NUL character"


def require_same(session: Session, agreed: AgreedInstall, plan: InstallPlan, program: str) -> None:
    """Raise StaleInstallPlanError, with the change, if the plan would do anything else."""
    found = plan_document(session, plan, now=agreed.now, linger=agreed.linger)
    what = next(_changed(agreed.document, found), None)
    if what is not None:
        raise StaleInstallPlanError(
            f"{what} since the plan was made.",
            hint=f"Nothing was changed. Look at `{program} install --diff`, and make a new plan.",
        )


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before["version"] != now["version"]:
        yield f"Docket changed from {before['version']} to {now['version']}"
    if (before["system"], before["home"]) != (now["system"], now["home"]):
        yield f"The plan is for {before['home']}, so the home changed"
    for section, name in _SECTIONS.items():
        old = {file["path"]: file for file in before[section]}
        new = {file["path"]: file for file in now[section]}
        paths = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
        if paths:
            more = len(paths) - _MOST_NAMED
            shown = ", ".join(paths[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
            yield f"{name} changed ({shown})"
    if before["timers_to_restart"] != now["timers_to_restart"]:
        yield "The timers to restart changed"


def _agreed(document: Any) -> AgreedInstall:
    """Return the parts that are used; KeyError, TypeError or ValueError if one is not as it was."""
    for section in _SECTIONS:
        for file in document[section]:
            if not isinstance(file["path"], str):
                raise TypeError(section)
    switches = [document[name] for name in ("force", "now", "linger")]
    names = document["tasks"]
    if not all(isinstance(switch, bool) for switch in switches):
        raise TypeError("switches")
    if not isinstance(names, list) or not all(is_safe_name(str(name)) for name in names):
        raise TypeError("tasks")
    for name in ("version", "system", "home", "timers_to_restart", "plan_format"):
        document[name]
    force, now, linger = switches
    return AgreedInstall(tuple(names), force, now, linger, document)


def _unusable(path: str, why: str) -> InstallPlanError:
    return InstallPlanError(
        f"{path} {why}.", hint="Make one with `docket install --plan FILE`. Nothing was changed."
    )


def _files(plan: InstallPlan) -> Iterator[PlannedFileDocument]:
    for change in plan.every:
        goes = change.action is Action.REMOVE
        after = change.after if change.action.writes else None if goes else change.before
        yield {
            "path": change.path,
            "kind": "unit",
            "task": change.task,
            "action": change.action.value,
            "before": _hash(change.before),
            "after": _hash(after),
        }
    for file in plan.plans:
        action = "create" if file.before is None else "update"
        yield {
            "path": file.path,
            "kind": "plan",
            "task": file.task,
            "action": action if file.after is not None else _REMOVES,
            "before": _hash(file.before),
            "after": _hash(file.after),
        }


def _drop_ins(plan: InstallPlan) -> Sequence[str]:
    """Return the drop-ins beside the units of the plan, which change what the units mean."""
    found: list[str] = []
    for change in plan.every:
        directory = f"{change.path}.d"
        try:
            found += sorted(entry.path for entry in os.scandir(directory))
        except OSError:  # it is missing, or cannot be read
            continue
    return found


def _hash(text: str | None) -> str | None:
    return None if text is None else content_hash(text)


def _hash_of_file(path: str) -> str | None:
    """Return the hash of a file's contents; None if there is no such file to be read."""
    try:
        return sha256_hex(read_plain(os.path.realpath(path))[0])
    except OSError:
        return None
