"""`docket add`, `edit` and `remove`: one task in a file of `conf.d`, checked before it counts."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from docket.app.catalog.compilation import compile_tasks
from docket.app.catalog.taskclasses import load_home
from docket.app.editing.configure import (
    HARMLESS,
    CheckReport,
    ConfigureReport,
    configure,
    configure_part,
    create_if_missing,
)
from docket.app.editing.filechange import file_change
from docket.app.editing.refusals import refused_as
from docket.app.record.audit import note_changes
from docket.app.session.session import Session
from docket.config import loader, newpart
from docket.config.loader import by_place, usable
from docket.config.yaml.source import read_bytes
from docket.errors import (
    ConfigChangedError,
    ConfigError,
    NameRefusedError,
    PartError,
    TaskExistsError,
    UnknownTaskError,
)
from docket.files import (
    make_directory,
    read_text,
    remove,
    sync_directory,
    write_new,
    write_whole,
)
from docket.model.names import ALLOWED_SENTENCE, is_safe_name
from docket.model.problem import Mark, Problem
from docket.model.record import Record
from docket.model.task.task import Config
from docket.model.text.nearest import nearest
from docket.paths import PACKAGED_PARTS

if TYPE_CHECKING:
    from docket.app.editing.shapes import TaskAddedDocument, TaskRemovedDocument
    from docket.config.document import Document

REMOVED = ".removed"


class TaskAdded(Record):
    """A task that was written; `scheduled` says whether it has a timer to be installed."""

    task: str
    path: str
    scheduled: bool
    warnings: tuple[Problem, ...] = ()

    def document(self) -> TaskAddedDocument:
        """Return it as a JSON object."""
        return {"ok": True, "task": self.task, "path": self.path, "scheduled": self.scheduled}


class TaskRemoved(Record):
    """A task whose file is gone; `kept` is where a file with comments is now."""

    task: str
    path: str
    kept: str | None

    def document(self) -> TaskRemovedDocument:
        """Return it as a JSON object."""
        return {"ok": True, "task": self.task, "path": self.path, "kept": self.kept}


def add_task(session: Session, name: str, entry: Mapping[str, Any]) -> TaskAdded:
    """Write a file of `conf.d` with the task `name`; a first config too, if there is none.

    Nothing is written if the name or the file is taken (TaskExistsError), if the task has a
    mistake (ConfigError with all of them), or the name is refused (NameRefusedError), and
    PartError if the disk refuses.
    """
    if not is_safe_name(name):
        raise NameRefusedError(
            f"{name[:100]!a} cannot be the name of a task.", hint=ALLOWED_SENTENCE, task=name[:100]
        )
    directory = _directory(session)
    create_if_missing(session)
    config = usable(load_home(session.paths, session.environ))
    path = os.path.join(directory, f"{name}.yaml")
    mark = _mark(config, name)
    if mark is not None or os.path.lexists(path):
        raise TaskExistsError(
            f"There is a task {name!r} already, in {mark or path}.",
            hint=f"docket edit {name} opens its file.",
            task=name,
        )
    text = newpart.text(name, entry)
    warnings = _require_right(session, name, path, text)
    with refused_as(PartError, path):
        make_directory(directory)
        try:
            write_new(path, text)
        except FileExistsError:
            raise TaskExistsError(f"{path} is there already.", task=name) from None
    note_changes(session, [file_change("add", name, path, None, text.encode())])
    return TaskAdded(name, path, "schedule" in entry, warnings)


def edit_task(
    session: Session,
    name: str,
    edit: Callable[[str], None],
    again: Callable[[CheckReport], bool],
) -> ConfigureReport:
    """Let `edit` change a copy of the file that the task is in, as `configure` does; its errors.

    UnknownTaskError if no file has an entry for it, PartError for a file of a package.
    """
    path = _require_mark(session, name).file
    if path == session.paths.config:
        return configure(session, edit, again, task=name)
    _refuse_packaged(path, name)
    return configure_part(session, path, edit, again, task=name)


def change_task(
    session: Session, name: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]
) -> TaskAdded:
    """Write the file of a command task again, with what `change` makes of its entry.

    PartError if the file holds more than the entry, comments too, or is the config or a package's;
    UnknownTaskError; ConfigError if the task would have a mistake: then nothing is written.
    """
    path, document = _own_file(session, name)
    before = read_bytes(path)
    entry = document.entry(name)
    if b"#" in before or not isinstance(entry, dict) or entry.get("type") != "command":
        raise PartError(
            f"The file of the task {name!r}, {path}, has comments, or no command task.",
            hint=f"docket edit {name} opens it: a person can change it there.",
            task=name,
            file=path,
        )
    changed = change(entry)
    text = newpart.text(name, changed)
    warnings = _require_right(session, name, path, text)

    def write(draft: str) -> None:
        if read_bytes(draft) != before:
            raise ConfigChangedError(f"{path} was changed by somebody else meanwhile.", file=path)
        write_whole(draft, text)

    configure_part(session, path, write, lambda _report: False, task=name)
    return TaskAdded(name, path, "schedule" in changed, warnings)


def remove_task(session: Session, name: str) -> TaskRemoved:
    """Remove the file of `conf.d` in which the task is the only thing.

    A file with comments is kept under another name. PartError if something else is in the file,
    or it is the config or a package's, or the disk refuses; UnknownTaskError.
    """
    path, _document = _own_file(session, name)
    kept = None
    with refused_as(PartError, path):
        before = (read_text(path) or "").encode(errors="surrogateescape")
        if b"#" in before:
            kept = _free_name(path + REMOVED)
            os.link(path, kept)
        remove(path)
        sync_directory(os.path.dirname(path))
    note_changes(session, [file_change("remove", name, path, before, None)])
    return TaskRemoved(name, path, kept)


def _directory(session: Session) -> str:
    if not session.paths.part_dirs:
        raise PartError(
            f"The config {session.paths.config} is not at its usual place, so it has no conf.d.",
            hint="docket configure opens it: write the task there.",
        )
    return session.paths.part_dirs[0]


def _require_right(session: Session, name: str, path: str, text: str) -> tuple[Problem, ...]:
    """Raise ConfigError if the home with the new file would have a mistake in it."""
    paths = copy.copy(session.paths)
    paths.drafts = {path: text.encode()}
    made = compile_tasks(session.replace(paths=paths), ())
    found = [
        problem
        for problem in made.problems
        if problem.code not in HARMLESS
        and (problem.task == name or (problem.mark is not None and problem.mark.file == path))
    ]
    if found:
        first = min(found, key=by_place)
        raise ConfigError(f"{first.sentence}.", tuple(found), hint=first.hint)
    return tuple(warning for warning in made.warnings if warning.task == name)


def _mark(config: Config, name: str) -> Mark | None:
    """Return where the entry of a task is, None if no file has one."""
    task = config.tasks.get(name) or config.unusable.get(name)
    if task is not None and task.mark is not None:
        return task.mark
    return next((p.mark for p in config.problems if p.task == name and p.mark is not None), None)


def _require_mark(session: Session, name: str) -> Mark:
    """Return where the entry of a task is; UnknownTaskError if no file has one."""
    config = load_home(session.paths, session.environ)
    mark = _mark(config, name)
    if mark is not None:
        return mark
    near = nearest(name, [*config.tasks, *config.unusable])
    raise UnknownTaskError(
        f"No file has an entry for a task {name!r}.",
        hint=f"Did you mean {near!r}?" if near else "`docket list` shows the tasks.",
        task=name,
    )


def _own_file(session: Session, name: str) -> tuple[str, Document]:
    """Return the file of `conf.d` with this task only; PartError, UnknownTaskError."""
    mark = _require_mark(session, name)
    _refuse_packaged(mark.file, name)
    for part in loader.parse(session.paths, session.environ).parts:
        if part.file == mark.file and part.has_only(name):
            return mark.file, part
    raise PartError(
        f"The task {name!r} is in {mark}, which has more than it.",
        hint=f"docket edit {name} opens that file: change it there.",
        task=name,
        file=mark.file,
    )


def _refuse_packaged(path: str, name: str) -> None:
    if not path.startswith(f"{PACKAGED_PARTS}/"):
        return
    base = os.path.basename(path)
    raise PartError(
        f"The task {name!r} is in {path}, which belongs to a package.",
        hint=f"Copy it to /etc/docket/conf.d/{base} and change it there; a link to /dev/null of"
        " that name takes its tasks away.",
        task=name,
        file=path,
    )


def _free_name(path: str) -> str:
    number = 0
    while os.path.lexists(found := path + (f".{number}" if number else "")):
        number += 1
    return found
