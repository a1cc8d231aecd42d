"""`docket import crontab`: crontabs as tasks for review, with the proof that they fire alike."""

from __future__ import annotations

import contextlib
import os
import pwd
from collections.abc import Callable, Iterable, Sequence

from docket.app.crontab.imported import CrontabImport, ImportedTask
from docket.app.crontab.proof import DEBIANS_CRON, Proof, prove, window_of
from docket.app.crontab.source import CrontabText, read_all
from docket.app.session.session import Session
from docket.config import loader
from docket.config.task.secrets import is_secret, looks_like_token
from docket.config.yaml.nodes import Section
from docket.crontab.fields import read_times
from docket.crontab.jobs import Job, Surroundings, make_jobs
from docket.crontab.lines import CrontabEntry, read_crontab
from docket.crontab.percent import folds_backslashes
from docket.crontab.tasktext import whole_text
from docket.errors import ConfigError, ScheduleError
from docket.model.problem import Mark, Problem
from docket.model.task.schedule import ScheduleKind, ScheduleSpec, Timing
from docket.model.task.task import Config
from docket.schedule.cron import is_reboot
from docket.schedule.translate import compile_timing
from docket.schedule.zones import machine_zone as zone_of_machine

MOST_YEARS = 50
_MAGICS = (b"#!", b"\x7fELF")


def import_crontabs(
    session: Session,
    words: Sequence[str],
    *,
    user_field: bool | None,
    years: int,
    read_stdin: Callable[[int], bytes],
) -> CrontabImport:
    """Return the tasks that the crontabs in `words` become; nothing is written.

    Each line that cannot be carried over is a problem with its place, and the others are good.
    CrontabUnreadableError, NoCrontabError and ToolMissingError if there is nothing to read.
    """
    texts = list(read_all(words, session.environ, user_field=user_field, read_stdin=read_stdin))
    work = _Import(session, years)
    work.take(texts)
    return work.result(", ".join(text.name for text in texts) or "no file")


class _Import:
    def __init__(self, session: Session, years: int) -> None:
        self._session = session
        self._machine_zone = zone_of_machine()
        self._window = window_of(session.now_us(), years)
        self._tasks: list[ImportedTask] = []
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []
        self._told: set[str] = set()

    def take(self, texts: Iterable[CrontabText]) -> None:
        """Read all crontabs and prove each of their lines."""
        entries: list[CrontabEntry] = []
        for text in texts:
            read = read_crontab(text.data, text.name, user_field=text.user_field)
            self._problems += read.problems
            self._warnings += read.warnings
            entries += [_of_user(entry, text.user) for entry in read.entries]
        sound = [(entry, timing) for entry in entries if (timing := self._timing(entry))]
        jobs = make_jobs([entry for entry, _ in sound], _surroundings(self._session))
        seen: dict[str, Job] = {}
        for job, (_, timing) in zip(jobs, sound, strict=True):
            first = seen.setdefault(job.name, job)
            if first is job:
                self._add(job, timing)
            else:
                where = first.entry.mark
                sentence = f"the line says the same as {where.file}:{where.line}"
                self._warn(job, f"{sentence}: cron runs it twice, and it is written once")

    def result(self, origin: str) -> CrontabImport:
        """Return what was made of everything that was taken."""
        yaml = whole_text([(task.job, task.proved()) for task in self._tasks], origin)
        self._require_loadable(yaml)
        self._note_taken_names()
        return CrontabImport(
            tuple(self._tasks),
            tuple(sorted(self._problems, key=loader.by_place)),
            tuple(sorted(self._warnings, key=loader.by_place)),
            yaml,
        )

    def _timing(self, entry: CrontabEntry) -> Timing | None:
        """Return the timer's lines; an entry that cron or Docket refuses becomes a problem."""
        zone = entry.settings.get("CRON_TZ") or None
        try:
            return compile_timing(
                (ScheduleSpec(ScheduleKind.CRON, entry.expression),),
                zone=zone,
                machine_zone=self._machine_zone,
                system=self._session.paths.system,
            )
        except ScheduleError as error:
            self._problems.append(
                Problem(error.sentence.rstrip("."), entry.mark, hint=error.hint, code=error.code)
            )
            return None

    def _add(self, job: Job, timing: Timing) -> None:
        entry = job.entry
        for name in job.refused:
            self._problem(job, f"no task can have a variable named {name!a}", "import.variable")
        shell = job.env.get("SHELL", "/")
        if not shell.startswith("/"):
            sentence = f"SHELL is {shell!a}, which is not an absolute path"
            self._problem(job, sentence, "import.variable")
            return
        proof = None if is_reboot(entry.expression) else self._prove(job, timing)
        task = ImportedTask(job, proof, self._debian_proof(job, timing))
        self._tasks.append(task)
        if proof is not None and proof.by_meaning:
            self._problem(job, proof.sentence().removeprefix("proof: "), "import.differs")
        elif proof is not None and not proof.identical:
            self._warn(job, proof.sentence().removeprefix("proof: "), "import.daylight")
        for sentence in timing.warnings:
            self._warn(job, sentence)
        self._doubts(job)
        if task.debian_proof is not None:
            self._doubt_zone(job, task.debian_proof)

    def _prove(self, job: Job, timing: Timing) -> Proof:
        return self._compared(job, timing, job.timezone)

    def _debian_proof(self, job: Job, timing: Timing) -> Proof | None:
        """Compare with Debian's cron a line whose CRON_TZ it ignores."""
        if job.timezone is None or is_reboot(job.entry.expression):
            return None
        return self._compared(job, timing, None).replace(cron=DEBIANS_CRON)

    def _compared(self, job: Job, timing: Timing, zone: str | None) -> Proof:
        times = read_times(job.entry.expression)  # the compiler takes nothing that cron does not
        return prove(times, timing, self._window, zone=zone, machine_zone=self._machine_zone)

    def _doubt_zone(self, job: Job, found: Proof) -> None:
        if not found.identical:
            self._warn(
                job,
                "only cronie reads CRON_TZ; Debian's cron runs the line by the machine's clock: "
                f"{found.differing:,} minutes differ",
                hint="if Debian's cron ran it, take `timezone` out of the task",
            )

    def _doubts(self, job: Job) -> None:
        entry = job.entry
        if entry.user is None and entry.command.split()[0] == "root":
            self._warn(
                job,
                "the command begins with `root`, as if that were a user name",
                hint="--user-field reads the file as /etc/crontab is read",
            )
        if not job.enabled:
            self._warn(
                job,
                f"cron runs it as {entry.user!a}; no task can run as that user here, so that it is "
                "written with `enabled: false`",
                hint="import the line as that user, or in the system scope, where tasks have users",
            )
        for name in job.secrets:
            self._warn_once(
                job,
                f"{name} looked like a secret and is left out; without it the runs are refused",
                "config.secret",
                hint="write it into a file of mode 0600 and name that under `env_file`",
            )
        if is_reboot(entry.expression) and not self._session.paths.system:
            self._warn_once(
                job,
                "@reboot is the start of your service manager: with linger that is at boot, else"
                " at your first login",
                hint="`docket install --linger` turns linger on",
            )
        if folds_backslashes(entry.command):
            from_debian = "of two backslashes Debian's cron leaves one to the shell, cronie both"
            self._warn(job, f"{from_debian}; the task is as under Debian's")

    def _warn(
        self, job: Job, sentence: str, code: str = "import.doubtful", hint: str | None = None
    ) -> None:
        self._warnings.append(
            Problem(sentence, job.entry.mark, hint=hint, code=code, task=job.name)
        )

    def _warn_once(
        self, job: Job, sentence: str, code: str = "import.doubtful", hint: str | None = None
    ) -> None:
        """Warn at the first line only of what holds for all lines of a file."""
        about = f"{job.entry.mark.file}: {sentence}"
        if about not in self._told:
            self._told.add(about)
            self._warnings.append(Problem(sentence, job.entry.mark, hint=hint, code=code))

    def _problem(self, job: Job, sentence: str, code: str) -> None:
        self._problems.append(Problem(sentence, job.entry.mark, code=code, task=job.name))

    def _require_loadable(self, yaml: str) -> None:
        """Load what was written as a config would be: what it says there is a problem here."""
        session = self._session
        document = loader.parse_bytes(yaml.encode(), session.paths, session.environ)
        config = loader.resolve(document)
        for problem in config.problems:
            self._problems.append(problem.replace(mark=self._place_of(problem.task)))
        for warning in config.warnings:
            self._warnings.append(warning.replace(mark=self._place_of(warning.task)))
        for task in self._tasks:
            if not _as_meant(config, task.job):
                raise AssertionError(f"{task.job.name} does not read back as it was written")

    def _place_of(self, name: str | None) -> Mark | None:
        marks = (task.job.entry.mark for task in self._tasks if task.job.name == name)
        return next(marks, None)

    def _note_taken_names(self) -> None:
        session = self._session
        taken: set[str] = set()
        with contextlib.suppress(ConfigError):  # it is missing, or `docket check` explains it
            section = loader.parse(session.paths, session.environ).root.entries.get("tasks")
            taken = set(section.entries) if isinstance(section, Section) else set()
        for task in self._tasks:
            if task.job.name in taken:
                self._warn(task.job, "your config has a task of this name already")


def _of_user(entry: CrontabEntry, user: str | None) -> CrontabEntry:
    return entry if user is None or entry.user is not None else entry.replace(user=user)


def _as_meant(config: Config, job: Job) -> bool:
    task = config.tasks.get(job.name)
    if task is None or task.command is None:
        return bool(config.problems)
    return (
        task.command.argv == job.argv
        and [spec.text for spec in task.schedules] == [job.entry.expression]
        and task.timezone == job.timezone
        and (None if task.user is None else task.user.user) == job.user
        and dict(task.env) == dict(job.env)
    )


def _surroundings(session: Session) -> Surroundings:
    system = session.paths.system
    return Surroundings(
        user="root" if system else _caller(),
        home="/root" if system else None,
        is_secret=is_secret,
        is_program=_is_program,
        tells_secret=looks_like_token,
        home_of=_home_of if system else lambda _user: None,
    )


def _home_of(user: str) -> str | None:
    try:
        return pwd.getpwnam(user).pw_dir
    except (KeyError, UnicodeError):
        return None


def _caller() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container without such a user
        return str(os.getuid())


def _is_program(path: str) -> bool:
    """Whether the kernel starts the file by itself; a script without `#!` only a shell runs."""
    try:
        with open(path, "rb") as file:
            return os.access(path, os.X_OK) and file.read(4).startswith(_MAGICS)
    except OSError:
        return False
