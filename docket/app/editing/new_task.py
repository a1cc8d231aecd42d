"""A new Python task: a file in the tasks directory that works at once, with a test beside it."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import load_config, unknown_task
from docket.app.editing.configure import create_if_missing
from docket.app.editing.filechange import file_change
from docket.app.editing.tasktemplate import task_text, test_text
from docket.app.record.audit import note_changes
from docket.app.session.session import Session
from docket.errors import DocketError, NameRefusedError, TaskExistsError, UsageError
from docket.files import make_directory, read_text, write_new, write_whole
from docket.model.names import LONGEST_TASK_NAME, MAINTENANCE
from docket.model.record import Record
from docket.model.task.task import Config

if TYPE_CHECKING:
    from docket.app.editing.shapes import NewTaskDocument

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_LONGEST_DESCRIPTION = 500


class NewTask(Record):
    """What was written. `warnings` are sentences about what keeps the task from being used."""

    task: str
    class_name: str
    path: str
    test_path: str
    test_command: str
    warnings: tuple[str, ...] = ()

    def document(self, program: str = "docket") -> NewTaskDocument:
        """Return it as `docket new-task --json` prints it; `program` is how Docket is called."""
        return {
            "created": True,
            "task": self.task,
            "class_name": self.class_name,
            "path": self.path,
            "next_steps": [
                f"Edit {self.path}",
                f"{program} describe {self.task}",
                f"{program} run {self.task} --dry-run",
            ],
            "test_path": self.test_path,
            "test_command": self.test_command,
            "warnings": list(self.warnings),
        }


def new_task(
    session: Session, name: str, description: str | None = None, *, force: bool = False
) -> NewTask:
    """Write the file of a new task and its test; a first config too, if there is none.

    `force` writes over a file of that name that is there. Raises NameRefusedError, UsageError,
    TaskExistsError if the name or a file is taken, and ConfigError.
    """
    _refuse_name(name)
    said = f"The task {name}" if description is None else _require_one_line(description)
    create_if_missing(session)
    config = load_config(session)
    module = name.replace("-", "_")
    path = os.path.join(config.task_dir, f"{module}.py")
    test_path = os.path.join(config.task_dir, f"test_{module}.py")
    _refuse_taken_name(config, name, path)
    class_name = "".join(part.capitalize() for part in name.split("-")) + "Task"
    command = shlex.join([sys.executable, test_path])
    texts = {
        test_path: test_text(name, class_name, module, command),
        path: task_text(name, class_name, said),
    }
    before = {file: _present(file) for file in texts}
    _write(texts, name, force=force)
    note_changes(
        session,
        [
            file_change("new-task", name, file, before[file], text.encode())
            for file, text in texts.items()
        ],
    )
    warnings = _what_is_wrong(load_config(session), name)
    return NewTask(name, class_name, path, test_path, command, warnings)


def _present(path: str) -> bytes | None:
    """Return what a file has that may be written over; None if it cannot be read."""
    try:
        text = read_text(path)
    except OSError:
        return None
    return None if text is None else text.encode(errors="surrogateescape")


def _refuse_name(name: str) -> None:
    if _NAME.fullmatch(name) is None or len(name) > LONGEST_TASK_NAME:
        raise NameRefusedError(
            "Task name must start with a lowercase letter and contain only lowercase letters, "
            "digits, and hyphens.",
            hint=f"For example: docket new-task fetch-invoices; {LONGEST_TASK_NAME} characters"
            " are the most.",
            task=name[:LONGEST_TASK_NAME],
        )
    if name == MAINTENANCE:
        raise NameRefusedError(
            f"{name!r} cannot be the name of a task: Docket's own units have it.",
            hint="Choose another name.",
            task=name,
        )


def _require_one_line(description: str) -> str:
    if len(description.splitlines()) > 1 or not description.isprintable():
        raise UsageError(
            "Task description must be a single line.", hint="Say more in the file itself."
        )
    if len(description) > _LONGEST_DESCRIPTION:
        raise UsageError(
            f"The description is {len(description)} characters long, and"
            f" {_LONGEST_DESCRIPTION} are the most.",
            hint="Say more in the file itself.",
        )
    return description


def _refuse_taken_name(config: Config, name: str, path: str) -> None:
    """Refuse a name that another task has; one that only waits for its class is free."""
    task = config.tasks.get(name) or config.unusable.get(name)
    if task is not None and task.command is not None:
        place = str(task.mark) if task.mark is not None else config.path
    elif task is not None and task.python is not None and task.python.path != path:
        place = task.python.module or task.python.path
    else:
        return
    raise TaskExistsError(
        f"There is a task {name!r} already: {place}.",
        hint="Choose another name; `docket list` shows those that are taken.",
        task=name,
        path=place,
    )


def _write(files: dict[str, str], name: str, *, force: bool) -> None:
    """Write all of the files or none."""
    written: list[str] = []
    try:
        for path, text in files.items():
            make_directory(os.path.dirname(path))
            (write_whole if force else write_new)(path, text)
            written.append(path)
    except OSError as error:
        if not force:
            for path in written:
                with contextlib.suppress(OSError):
                    os.unlink(path)
        if isinstance(error, FileExistsError):
            raise TaskExistsError(
                f"Task file already exists: {error.filename}",
                hint="--force writes over it.",
                task=name,
                path=error.filename,
            ) from None
        raise DocketError(
            f"{error.filename or 'The task file'} cannot be written: {error.strerror}.",
            hint="docket doctor examines the tasks directory.",
            task=name,
        ) from None


def _what_is_wrong(config: Config, name: str) -> tuple[str, ...]:
    """Return why the task that was just written cannot be used; () if it can."""
    if name in config.tasks:
        return ()
    found = [problem.sentence for problem in config.problems if problem.task == name]
    return tuple(found) or (unknown_task(name, ()).sentence,)
