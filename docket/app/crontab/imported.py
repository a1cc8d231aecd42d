"""What an import of crontabs found: its tasks, what is wrong, and the YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.crontab.proof import Proof
from docket.crontab.jobs import Job
from docket.model.problem import Problem
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.crontab.shapes import CrontabImportDocument, ImportedTaskDocument

_AT_BOOT = "runs when the machine starts: there is no calendar to compare"


class ImportedTask(Record):
    """One line of a crontab as a task; `proof` is None for @reboot, which has no calendar.

    Below CRON_TZ, `proof` is about cronie, and `debian_proof` about Debian's cron.
    """

    job: Job
    proof: Proof | None
    debian_proof: Proof | None = None

    def proved(self) -> str:
        """Return what the comparison with cron found, on one line."""
        if self.proof is None:
            return _AT_BOOT
        debians = self.debian_proof
        if debians is None:
            return self.proof.sentence()
        return f"{self.proof.sentence()}; {debians.sentence().removeprefix('proof: ')}"

    def document(self) -> ImportedTaskDocument:
        """Return the task as a JSON object."""
        entry = self.job.entry
        return {
            "name": self.job.name,
            "file": entry.mark.file,
            "line": entry.mark.line,
            "source": entry.source,
            "schedule": entry.expression,
            "timezone": self.job.timezone,
            "command": list(self.job.argv),
            "user": entry.user,
            "enabled": self.job.enabled,
            "proof": None if self.proof is None else self.proof.document(),
            "debian_proof": None if self.debian_proof is None else self.debian_proof.document(),
        }


class CrontabImport(Record):
    """All that an import made; `problems` are what is left out, or does not fire alike."""

    tasks: tuple[ImportedTask, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    yaml: str
    output: str | None = None
    appended: bool = False  # whether it was appended to the config, which is `output` then

    @property
    def ok(self) -> bool:
        """Whether every line became a task that fires as it did."""
        return not self.problems

    def document(self) -> CrontabImportDocument:
        """Return the import as a JSON object."""
        return {
            "ok": self.ok,
            "tasks": [task.document() for task in self.tasks],
            "problems": [problem.document() for problem in self.problems],
            "warnings": [warning.document() for warning in self.warnings],
            "yaml": self.yaml,
            "output": self.output,
            "appended": self.appended,
        }
