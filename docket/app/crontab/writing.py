"""Where the YAML of an import goes: into a file of its own, or into the config."""

from __future__ import annotations

import os
from collections.abc import Mapping

from docket.app.crontab.imported import CrontabImport
from docket.app.editing.configure import CheckReport, configure
from docket.app.editing.filechange import file_change
from docket.app.editing.taskinsertion import with_tasks
from docket.app.record.audit import note_changes
from docket.app.session.session import Session
from docket.config import loader
from docket.config.yaml.safety import refuse_place_of_another
from docket.errors import ConfigError, DocketError, TaskExistsError
from docket.files import write_new, write_whole


class OutputExistsError(DocketError):
    """The file that is to be written is there already."""

    code = "import.exists"


class OutputRefusedError(DocketError):
    """The file that is to be written cannot be."""

    code = "import.not_written"


def write_import(
    session: Session, found: CrontabImport, path: str, *, force: bool
) -> CrontabImport:
    """Write the YAML to `path` (0600); OutputExistsError if that is taken, without `force`.

    UnsafeFileError where another user could exchange what the caller is to review and take over.
    """
    target = os.path.abspath(path)
    refuse_place_of_another(os.path.dirname(target), os.path.basename(target))
    try:
        (write_whole if force else write_new)(target, found.yaml)
    except FileExistsError:
        raise OutputExistsError(
            f"{target} is there already.", hint="--force replaces it", file=target
        ) from None
    except OSError as error:
        raise OutputRefusedError(
            f"{target} cannot be written: {error.strerror}.", file=target
        ) from None
    note_changes(session, [file_change("import", None, target, None, found.yaml.encode())])
    return found.replace(output=target)


class NotAppendedError(DocketError):
    """The tasks of an import cannot be put into the config."""

    code = "import.not_appended"


def append_import(session: Session, found: CrontabImport) -> CrontabImport:
    """Put the tasks at the end of the config's `tasks`; its other lines stay as they are.

    A config that does not exist is made. Nothing is written if a name is taken
    (TaskExistsError), or if the config with the tasks would have a mistake (NotAppendedError).
    """
    path = session.paths.config
    if not found.tasks:
        return found
    report = configure(session, lambda draft: _edit(session, draft, found), lambda _report: False)
    if not report.saved:
        raise _refusal(path, report.check)
    return found.replace(output=path, appended=True)


def _edit(session: Session, draft: str, found: CrontabImport) -> None:
    """Put the tasks into the copy at `draft`; every other value must read as before."""
    with open(draft, "rb") as file:
        before = file.read()
    expected = _plain(session, before)
    found_tasks = expected.get("tasks")
    tasks = found_tasks if isinstance(found_tasks, dict) else {}
    for task in found.tasks:
        if task.job.name in tasks:
            raise TaskExistsError(
                f"The config has a task {task.job.name!r} already; nothing was written.",
                hint="rename it, or write the tasks into a file of their own with --output",
                task=task.job.name,
            )
    text = with_tasks(
        before.decode(errors="surrogateescape"), found.yaml.partition("\ntasks:\n")[2]
    )
    if text is None or not _adds(session, expected, tasks, text, found):
        raise NotAppendedError(
            "The tasks cannot be put into the config: its `tasks:` is not a block with one task"
            " below the other.",
            hint="write them into a file of their own with --output, and take them over by hand",
            file=session.paths.config,
        )
    write_whole(draft, text.encode(errors="surrogateescape"))


def _adds(
    session: Session,
    before: Mapping[str, object],
    tasks: Mapping[str, object],
    text: str,
    found: CrontabImport,
) -> bool:
    """Whether `text` says what the config said, and the new tasks, and nothing else."""
    new = _plain(session, found.yaml.encode())["tasks"]
    assert isinstance(new, dict)
    after = _plain(session, text.encode(errors="surrogateescape"))
    return after == {**before, "tasks": {**tasks, **new}}


def _plain(session: Session, data: bytes) -> dict[str, object]:
    root = loader.parse_bytes(data, session.paths, session.environ).root
    return {key: node.plain() for key, node in root.entries.items()}


def _refusal(path: str, report: CheckReport) -> DocketError:
    if not report.problems:
        return ConfigError(f"{path} was not changed.", file=path)
    first = report.problems[0]
    return NotAppendedError(
        "With these tasks the config would have a mistake, so it was not changed: "
        f"{first.sentence}.",
        hint="`docket check` shows the mistakes that the config has already",
        file=path,
    )
