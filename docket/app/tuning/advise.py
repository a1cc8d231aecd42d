"""`docket advise`: limits, catch-up and the next sandbox step, from what the record has seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from docket.app.catalog.idlelimits import idle_limits, no_effect
from docket.app.catalog.lookup import config_or_none_yet, find_task
from docket.app.record.opening import open_record
from docket.app.session.session import Session
from docket.app.tuning.patch import PatchLine, patch_document, patch_text
from docket.app.tuning.proposals import FEWEST, SAMPLE, Proposal, Seen, is_good, proposals
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.states import RunStatus
from docket.model.task.task import Limits, Task
from docket.store.reader import Reader
from docket.store.selection import Selection

if TYPE_CHECKING:
    from docket.app.tuning.shapes import AdviceDocument, TaskAdviceDocument

_TOO_LATE = "too_late"


class TaskAdvice(Record):
    """What is proposed for one task; `notes` say what more is needed, or why nothing is."""

    task: str
    good_runs: int
    proposals: tuple[Proposal, ...]
    notes: tuple[str, ...] = ()

    @property
    def patch(self) -> tuple[PatchLine, ...]:
        """The lines of all proposals."""
        return tuple(line for one in self.proposals for line in one.patch())

    def document(self) -> TaskAdviceDocument:
        """Return it as an element of `tasks`."""
        patch = self.patch
        return {
            "task": self.task,
            "good_runs": self.good_runs,
            "proposals": [one.document() for one in self.proposals],
            "patch": patch_document(self.task, patch) if patch else None,
            "patch_text": patch_text(self.task, patch) if patch else None,
            "notes": list(self.notes),
        }


class Advice(Record):
    """The advice for the tasks that were asked for."""

    tasks: tuple[TaskAdvice, ...]
    warnings: tuple[str, ...] = ()

    def document(self) -> AdviceDocument:
        """Return it as `docket advise --json` prints it."""
        return {
            "fewest_runs": FEWEST,
            "tasks": [one.document() for one in self.tasks],
            "warnings": list(self.warnings),
        }


def advise(session: Session, task: str | None = None) -> Advice:
    """Return what the record bears out for one task, or for each of the config.

    Raises ConfigError, UnknownTaskError, BrokenTaskError and StoreError.
    """
    config = config_or_none_yet(session, task)
    if task is not None:
        wanted = [find_task(config, task)]
    else:
        wanted = [one for _, one in sorted(config.tasks.items()) if not one.dormant]
    with open_record(session) as reader:
        found = tuple(_of_task(session, reader, one) for one in wanted)
    broken = sorted({str(problem.task) for problem in config.problems if problem.task is not None})
    left_out = [f"Task {name!r} is broken: docket check says how." for name in broken]
    return Advice(found, () if task is not None else tuple(left_out))


def _of_task(session: Session, reader: Reader, task: Task) -> TaskAdvice:
    good = _good(reader, task.name)
    seen = Seen(task, good, _late(reader, task), session.program)
    found = proposals(seen)
    kept = tuple(one for one in found if not _is_idle(session, one))
    notes = tuple(_notes(session, task, good, found, kept))
    return TaskAdvice(task.name, len(good), kept, notes)


def _good(reader: Reader, task: str) -> list[RunRecord]:
    wanted = Selection(task=task, statuses=(RunStatus.SUCCEEDED,))
    return [run for run in reader.select(wanted, SAMPLE) if is_good(run)]


def _late(reader: Reader, task: Task) -> list[RunRecord]:
    if task.catch_up is True:
        return []
    wanted = Selection(task=task.name, statuses=(RunStatus.SKIPPED,))
    return [run for run in reader.select(wanted, SAMPLE) if run.error_code == _TOO_LATE]


def _is_idle(session: Session, one: Proposal) -> bool:
    """Whether it is a limit that this machine cannot hold."""
    return one.lines[0].path[:1] == ("limits",) and bool(_idle(session))


def _idle(session: Session) -> tuple[str, ...]:
    return idle_limits(session, Limits(memory="1M"))


def _notes(
    session: Session,
    task: Task,
    good: list[RunRecord],
    found: tuple[Proposal, ...],
    kept: tuple[Proposal, ...],
) -> Iterator[str]:
    if len(good) < FEWEST:
        have = f"It has {len(good)} good runs" if len(good) != 1 else "It has 1 good run"
        yield f"{have}, and {FEWEST} are needed before anything is proposed."
        return
    if len(kept) < len(found):
        yield no_effect(_idle(session), system=session.paths.system)
    if sum(bool(run.peak_memory_bytes) for run in good) < FEWEST and not task.limits.memory:
        yield "Too few of its runs have a figure of their memory to propose a limit."
    if not found:
        yield f"The last {len(good)} good runs give no reason to change anything."
