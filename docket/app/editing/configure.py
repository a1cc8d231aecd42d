"""Checks the configuration, and changes it without ever leaving a broken one behind."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from docket.app.catalog.compilation import compile_tasks
from docket.app.catalog.taskclasses import load_home
from docket.app.editing.filechange import file_change
from docket.app.editing.refusals import refused_as
from docket.app.record.audit import note_changes
from docket.app.session.session import Session
from docket.config import starter
from docket.config.loader import by_place
from docket.config.schema import schema as schemas
from docket.config.yaml.source import LARGEST, read_bytes
from docket.errors import ConfigChangedError, ConfigError, ConfigMissingError, ScheduleError
from docket.files import make_directory, write_new, write_whole
from docket.model.problem import Mark, Problem
from docket.model.record import Record
from docket.model.task.task import Config
from docket.schedule.translate import compile_timing
from docket.schedule.zones import machine_zone

if TYPE_CHECKING:
    from docket.app.editing.shapes import CheckReportDocument, ConfigureReportDocument

# A task that may not run unattended is as its owner wrote it; it only gets no timer.
HARMLESS = frozenset({"task.unattended"})


class CheckReport(Record):
    """Everything that is wrong or doubtful with a configuration."""

    path: str
    tasks: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no mistake."""
        return not self.problems

    @property
    def savable(self) -> bool:
        """Whether `configure` puts such a text in the place of the configuration."""
        return all(problem.code in HARMLESS for problem in self.problems)

    def document(self) -> CheckReportDocument:
        """The report as a JSON object."""
        return {
            "ok": self.ok,
            "path": self.path,
            "tasks": list(self.tasks),
            "problems": [problem.document() for problem in self.problems],
            "warnings": [warning.document() for warning in self.warnings],
        }


class ConfigureReport(Record):
    """The result of an editing session; `kept` is where a text that was not saved is."""

    path: str
    created: bool
    saved: bool
    check: CheckReport
    kept: str | None = None

    def document(self) -> ConfigureReportDocument:
        """The report as a JSON object."""
        return {
            "ok": self.kept is None and self.check.savable,
            "path": self.path,
            "created": self.created,
            "saved": self.saved,
            "kept": self.kept,
            "problems": [problem.document() for problem in self.check.problems],
            "warnings": [warning.document() for warning in self.check.warnings],
        }


def schema_text() -> str:
    """Return the JSON Schema of the configuration file."""
    return schemas.text()


def check(session: Session, *, fresh: bool = True) -> CheckReport:
    """Return every mistake and every doubt of the configuration and of all that it compiles to.

    With `fresh`, drop-in files are imported again. Raise ConfigMissingError, UnsafeFileError, and
    ConfigError if the file cannot be read at all.
    """
    config = load_home(session.paths, session.environ, fresh=fresh)
    path = session.paths.config
    hidden = _wrong_schedules(session, config)
    if config.fatal:
        problems = sorted((*config.problems, *hidden), key=by_place)
        return CheckReport(path, (), tuple(problems), config.warnings)
    compilation = compile_tasks(session)
    problems = sorted((*compilation.problems, *hidden), key=by_place)
    return CheckReport(path, tuple(compilation.bundles), tuple(problems), compilation.warnings)


def _wrong_schedules(session: Session, config: Config) -> list[Problem]:
    """Return the mistakes in schedules of tasks that are not compiled for another one."""
    found: dict[tuple[str, str], Problem] = {}
    zone = machine_zone()
    for name, task in config.unusable.items():
        for spec in task.timed:
            try:
                compile_timing(
                    [spec],
                    zone=task.timezone,
                    machine_zone=zone,
                    system=session.paths.system,
                    now_us=session.now_us(),
                )
            except ScheduleError as error:
                mark = config.marks.get(spec.key, task.mark)
                problem = Problem(
                    error.sentence, mark, spec.key, hint=error.hint, code=error.code, task=name
                )
                found.setdefault((name, error.sentence), problem)
    return list(found.values())


def configure(
    session: Session,
    edit: Callable[[str], None],
    again: Callable[[CheckReport], bool],
    *,
    task: str | None = None,
) -> ConfigureReport:
    """Let `edit` change a copy of the configuration, and save the copy once it is valid.

    `edit` is given the path of the copy and raises DocketError if the editor fails; `again` is
    given what is wrong and says whether to edit once more. If the answer is no, or anything
    else ends the session, the edited text is kept beside the configuration. Raise
    ConfigChangedError if the configuration has meanwhile been changed by somebody else. `task` is
    the one whose entry is edited, for the audit.
    """
    created = create_if_missing(session)
    path = session.paths.config
    return _configure(
        session, path, edit, again, lambda draft: _check_draft(session, draft.path), task
    ).replace(created=created)


def configure_part(
    session: Session,
    path: str,
    edit: Callable[[str], None],
    again: Callable[[CheckReport], bool],
    *,
    task: str,
) -> ConfigureReport:
    """Let `edit` change a copy of the file `path` of `conf.d`; all else as `configure`."""

    def checked(draft: _Draft) -> CheckReport:
        paths = copy.copy(session.paths)
        paths.drafts = {path: draft.read()}
        report = check(session.replace(paths=paths), fresh=False)
        own = [p for p in report.problems if p.mark is not None and p.mark.file == path]
        return report.replace(path=path, problems=tuple(own))

    return _configure(session, path, edit, again, checked, task)


def _configure(
    session: Session,
    path: str,
    edit: Callable[[str], None],
    again: Callable[[CheckReport], bool],
    checked: Callable[[_Draft], CheckReport],
    task: str | None,
) -> ConfigureReport:
    before = _read_all(path)
    with _draft_of(path, before) as draft:
        while True:
            edit(draft.path)
            text = draft.read()
            if text == before:
                report = check(session, fresh=False)
                return ConfigureReport(path, created=False, saved=False, check=report)
            report = checked(draft)
            if report.savable:
                _replace(path, before, text)
                draft.saved()
                verb = "configure" if task is None else "edit"
                note_changes(session, [file_change(verb, task, path, before, text)])
                return ConfigureReport(path, created=False, saved=True, check=report)
            if not again(report):
                kept = draft.keep()
                return ConfigureReport(path, created=False, saved=False, check=report, kept=kept)


def create_if_missing(session: Session) -> bool:
    """Write a first configuration (0600, in a directory of 0700) if there is none."""
    path = session.paths.config
    text = starter.text(schemas.path(), session.paths)
    try:
        make_directory(os.path.dirname(path))
        write_new(path, text)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be made: {error.strerror}.",
            hint="The system's config is root's: sudo docket --system configure"
            if session.paths.system
            else "See who owns its directory.",
            file=path,
        ) from None
    note_changes(session, [file_change("configure", None, path, None, text.encode())])
    return True


def _read_all(path: str) -> bytes:
    data = read_bytes(path)
    if len(data) > LARGEST:  # a copy of a part of it would lose the rest
        raise ConfigError(
            f"{path} is larger than 1 MiB, which is more than is read.",
            hint="Split the tasks over several files in conf.d.",
            file=path,
        )
    return data


def _check_draft(session: Session, path: str) -> CheckReport:
    """Check the copy on the very path that the configuration itself takes."""
    paths = copy.copy(session.paths)
    paths.config = path
    try:
        report = check(session.replace(paths=paths), fresh=False)
    except ConfigMissingError:
        raise
    except ConfigError as error:  # the editor left a file that is unsafe or unreadable
        problem = Problem(error.sentence, None, hint=error.hint, code=error.code)
        return CheckReport(session.paths.config, (), (problem,), ())
    return CheckReport(
        session.paths.config,
        report.tasks,
        tuple(_moved(problem, path, session.paths.config) for problem in report.problems),
        tuple(_moved(warning, path, session.paths.config) for warning in report.warnings),
    )


def _moved(problem: Problem, draft: str, path: str) -> Problem:
    mark = problem.mark
    if mark is None or mark.file != draft:
        return problem
    return problem.replace(mark=Mark(path, mark.line, mark.column))


def _replace(path: str, before: bytes, text: bytes) -> None:
    # A file that is a link (into a repository of settings) stays one.
    target = os.path.realpath(path)
    directory = os.open(os.path.dirname(target), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        if _read_all(path) != before:
            raise ConfigChangedError(
                f"{path} was changed by somebody else meanwhile.",
                hint="Your text is kept beside it; take over what is missing and edit it again.",
                file=path,
            )
        with refused_as(ConfigError, path, file=path):
            write_whole(target, text, stat.S_IMODE(os.stat(target).st_mode))
    finally:
        os.close(directory)


class _Draft:
    """The copy that is being edited."""

    def __init__(self, config: str, before: bytes) -> None:
        directory, name = os.path.split(config)
        # The suffix lets editors know the language; the dot keeps it out of listings.
        self.path = os.path.join(directory, f".{name}.{os.urandom(4).hex()}.yaml")
        self._config = config
        self._before = before
        with refused_as(ConfigError, directory, file=config):
            write_new(self.path, before)

    def read(self) -> bytes:
        """Return the text as it is now; editors may have put another file in its place."""
        try:
            with open(self.path, "rb") as file:
                os.fchmod(file.fileno(), 0o600)
                return file.read()
        except FileNotFoundError:
            return self._before

    def saved(self) -> None:
        """Remove the copy: its text is in the configuration."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)

    def keep(self) -> str:
        """Move the copy to a name of its own beside the configuration, and return that."""
        number = 0
        while True:
            kept = f"{self._config}.rejected" + (f".{number}" if number else "")
            try:
                os.link(self.path, kept)  # unlike a rename, this never covers an earlier one
            except FileExistsError:
                number += 1
                continue
            os.unlink(self.path)
            return kept

    def leave(self) -> None:
        """Keep what was changed and not saved, and leave nothing else behind."""
        if not os.path.exists(self.path):
            return
        if self.read() == self._before:
            self.saved()
        else:
            self.keep()


@contextlib.contextmanager
def _draft_of(config: str, before: bytes) -> Iterator[_Draft]:
    draft = _Draft(config, before)
    try:
        yield draft
    finally:
        draft.leave()
