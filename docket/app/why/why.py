"""`docket why`: why a task ran, failed, or did not run, from every witness at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import load_config, unknown_task
from docket.app.catalog.planfiles import read_plan
from docket.app.fires.orders import held_back, order_sentence
from docket.app.fires.switches import Switches
from docket.app.history.logs import read as read_log
from docket.app.record.liveness import alive_here
from docket.app.record.opening import open_record
from docket.app.record.runreference import find_run
from docket.app.session.ports import UnitDetail
from docket.app.session.session import Session
from docket.app.status.status import StatusReport, TaskStatus, status
from docket.app.text.documents import iso_or_none, run_document
from docket.app.text.redaction import redact_text
from docket.app.why import fires as whyfires
from docket.app.why import units as whyunits
from docket.app.why.answer import Finding
from docket.app.why.changes import changes_since
from docket.app.why.fires import FireSeen
from docket.app.why.runs import ended, explain_run
from docket.app.why.units import UnitFacts
from docket.errors import (
    BusError,
    ConfigError,
    DocketError,
    NameRefusedError,
    RunAmbiguousError,
    RunNotFoundError,
    UnknownTaskError,
    UsageError,
)
from docket.model.incident import Incident
from docket.model.names import service_unit, timer_unit
from docket.model.plan import Plan
from docket.model.problem import Problem
from docket.model.record import Record
from docket.model.records import RunRecord
from docket.model.states import RunStatus, Trigger
from docket.model.task.task import Config
from docket.model.time.humantime import local
from docket.store.reader import Reader
from docket.systemd.journalctl import read_unit
from docket.systemd.unitend import read_unit_end

if TYPE_CHECKING:
    from docket.app.why.shapes import WhyDocument

TAIL_LINES = 8
_LOG_LINES = 5
_LOOKED_AT = 50  # runs that the last start of the unit may have been for
_NEAR_US = 60_000_000
_SLACK_US = 60_000_000  # a fire younger than this may still be on its way


class Explanation(Record):
    """The answer: what was found, the run that it is about (None: there was none), and around it.

    `at_us` is the instant that was asked about. `tail` is the end of what the run printed.
    """

    task: str
    at_us: int | None
    finding: Finding
    run: RunRecord | None
    alive: bool | None
    fires: tuple[FireSeen, ...]
    tail: tuple[str, ...]
    changes: tuple[str, ...]
    notes: tuple[str, ...]
    failures: int
    last_success: RunRecord | None
    failing_since_us: int | None = None

    def document(self) -> WhyDocument:
        """Return the explanation as `docket why --json` prints it."""
        found, success = self.finding, self.last_success
        return {
            "task_name": self.task,
            "at": iso_or_none(self.at_us),
            "cause": found.cause,
            "sentence": found.sentence,
            "evidence": list(found.evidence),
            "run": run_document(self.run, alive=self.alive) if self.run is not None else None,
            "fires": [fire.document() for fire in self.fires],
            "last_lines": list(self.tail),
            "changes": list(self.changes),
            "notes": list(self.notes),
            "consecutive_failures": self.failures,
            "failing_since": iso_or_none(self.failing_since_us),
            "last_success": success.run_id if success is not None else None,
            "next_step": found.command or None,
        }


def why(
    session: Session, name: str, run_id: str | None = None, at_us: int | None = None
) -> Explanation:
    """Explain a run, what happened at an instant, or (with neither) the state of the task.

    Raises UnknownTaskError, NameRefusedError, RunNotFoundError, UsageError and StoreError.
    """
    if run_id is not None and at_us is not None:
        raise UsageError("RUN_ID and --at exclude each other.", hint="leave one of the two out")
    with open_record(session) as reader:
        return _explained(session, reader, name, run_id, at_us)


def _explained(
    session: Session, reader: Reader, name: str, run_id: str | None, at_us: int | None
) -> Explanation:
    standing = None
    if run_id is None and at_us is None:
        standing, run_id = _standing_or_run(session, name)
        name = standing.tasks[0].task
    standing = standing or status(session, name)
    inquiry = _Inquiry(session, name, standing.tasks[0])
    chosen, finding = inquiry.answer(reader, run_id, at_us)
    about = chosen.started_us if chosen is not None else at_us or session.now_us()
    success = reader.last_success(name, about)
    fires = inquiry.fires(reader, at_us or about)
    return Explanation(
        task=name,
        at_us=at_us,
        finding=_redacted(finding),
        run=chosen,
        alive=alive_here(chosen, session.paths) if chosen is not None else None,
        fires=fires,
        tail=_tail(session, chosen),
        changes=inquiry.changes(success, chosen, finding),
        notes=(*_doubts(standing), *inquiry.notes(finding), *_of_record(chosen)),
        failures=standing.tasks[0].consecutive_failures,
        last_success=success,
        failing_since_us=standing.tasks[0].failing_since_us,
    )


def _incident(incident: Incident | None) -> tuple[str, ...]:
    """Say who was notified of an open incident."""
    if incident is None or not incident.is_open:
        return ()
    lead = f"An incident is open since {local(incident.opened_at)} ({incident.failures} failures)"
    if incident.told_at is None:
        return (f"{lead}, and nobody has been notified.",)
    return (f"{lead}; it was reported at {local(incident.told_at)}.",)


def _standing_or_run(session: Session, name: str) -> tuple[StatusReport, str | None]:
    """Return the state of the task `name`; if there is none, that of the run it means, and its id.

    Raises the error of the unknown task if no run fits either.
    """
    try:
        return status(session, name), None
    except (UnknownTaskError, NameRefusedError) as unknown:
        try:
            with open_record(session) as reader:
                run = find_run(reader, name)
        except RunAmbiguousError:
            raise
        except RunNotFoundError:
            raise unknown from None
    return status(session, run.task), run.run_id


def _of_record(run: RunRecord | None) -> tuple[str, ...]:
    """Return a note if the run had an older plan or a late record."""
    details = run.details if run is not None else {}
    plan = details.get("plan_warning")
    notes = [f"The run used the last good plan: {redact_text(str(plan))}"] if plan else []
    if details.get("spooled"):
        notes.append("The database could not be written: the run was recorded later.")
    return tuple(notes)


def _doubts(standing: StatusReport) -> tuple[str, ...]:
    error = () if standing.error is None else (standing.error.sentence,)
    return (*error, *standing.warnings)


class _Inquiry:
    """What is asked once, and the choice of what the answer is about."""

    def __init__(self, session: Session, name: str, task: TaskStatus) -> None:
        self._session = session
        self._name = name
        self._task = task
        self._plan = read_plan(session.paths, name)
        self.config = _config(session)
        self._around = _around(session, name, self.config, self._plan, task)

    def answer(
        self, reader: Reader, run_id: str | None, at_us: int | None
    ) -> tuple[RunRecord | None, Finding]:
        """Return the run that the answer is about, if there is one, and what was found."""
        if run_id is not None:
            run = find_run(reader, run_id)
            if run.task != self._name:
                raise UsageError(
                    f"Run {run.run_id} is one of the task {run.task!r}.",
                    hint=f"docket why {run.task} {run.run_id}",
                )
            return run, self._explained(reader, run)
        if at_us is not None:
            return self._at(reader, at_us)
        return self._now(reader)

    def fires(self, reader: Reader, at_us: int) -> tuple[FireSeen, ...]:
        """Return the fires around an instant."""
        if self._plan is None:
            return ()
        known = (self._installed_us(), self._session.now_us())
        seen = whyfires.fires_seen(
            self._plan,
            at_us,
            known,
            lambda fire: reader.run_for(self._name, fire),
            held_back(self._task.overrides),
        )
        if Switches(self._session.paths).off([self._around.timer_unit]):
            return tuple(fire for fire in seen if fire.at_us <= known[1])
        return seen

    def changes(
        self, success: RunRecord | None, run: RunRecord | None, finding: Finding
    ) -> tuple[str, ...]:
        """Return what changed since the last success, if something went wrong."""
        if finding.cause == "succeeded":
            return ()
        return changes_since(success, run, self._plan, self._task)

    def notes(self, finding: Finding) -> tuple[str, ...]:
        """Return what else should be known: what will keep the task from running again."""
        blocker = whyunits.blocker(self._around)
        told = (*map(order_sentence, self._task.overrides), *_incident(self._task.incident))
        if blocker is None or blocker.cause == finding.cause:
            return told
        return (blocker.sentence, *told)

    def _now(self, reader: Reader) -> tuple[RunRecord | None, Finding]:
        runs = reader.runs(self._name, _LOOKED_AT)
        last = runs[0] if runs else None
        if last is not None and not last.status.final:
            return last, self._explained(reader, last)
        known = frozenset(run.invocation_id for run in runs)
        unit = whyunits.failed_start(self._around, known, last.started_us if last else 0)
        if unit is not None:
            return None, unit
        absent = self._absent_since(last)
        if absent is not None:
            return None, self._absence(absent)
        blocker = whyunits.blocker(self._around)
        if last is not None and (last.status is not RunStatus.SUCCEEDED or blocker is None):
            return last, self._explained(reader, last)
        if blocker is not None:
            return last, blocker
        return None, self._not_yet()

    def _at(self, reader: Reader, at_us: int) -> tuple[RunRecord | None, Finding]:
        fire = whyfires.nearest(self._plan, at_us) if self._plan is not None else None
        run = reader.run_for(self._name, fire) if fire is not None else None
        run = run or reader.run_near(self._name, at_us, _NEAR_US)
        if run is not None:
            return run, self._explained(reader, run)
        now_us = self._session.now_us()
        if fire is None:
            blocker = whyunits.blocker(self._around)
            return None, blocker or self._around.finding("no_fire", at=local(at_us))
        if fire > now_us:
            return None, whyunits.blocker(self._around) or self._not_yet()
        return None, self._absence(fire)

    def _explained(self, reader: Reader, run: RunRecord) -> Finding:
        blocker = reader.run(run.blocked_by) if run.blocked_by else None
        plan = self._plan
        found = explain_run(
            run, plan, reader.attempts(run.run_id), reader.hooks(run.run_id), blocker
        )
        return found.replace(evidence=(*self._origin(reader, run), *found.evidence))

    def _origin(self, reader: Reader, run: RunRecord) -> tuple[str, ...]:
        """Say which path or which end of which task started the run, if one did."""
        if run.trigger is Trigger.PATH and run.details.get("trigger_path"):
            return (f"Started for the path {run.details['trigger_path']}.",)
        if run.trigger is not Trigger.AFTER or run.triggered_by is None:
            return ()
        upstream = reader.run(run.triggered_by)
        of = "" if upstream is None else f" of {upstream.task}, which {ended(upstream.status)}"
        return (f"Started after {run.triggered_by}{of}.",)

    def _absent_since(self, last: RunRecord | None) -> int | None:
        """Return the newest fire that should have had a run and has none."""
        installed = self._installed_us()
        if self._plan is None or installed is None:
            return None
        now_us = self._session.now_us()
        late = _SLACK_US + int(self._plan.slack_seconds * 1e6)
        fires = whyfires.instants_before(self._plan, now_us - late, 1)
        begun = max(installed, (last.finished_us or last.started_us) if last is not None else 0)
        return fires[-1] if fires and fires[-1] > begun else None

    def _absence(self, fire: int) -> Finding:
        """Say why the fire at an instant had no run."""
        installed = self._installed_us()
        blocker = whyunits.blocker(self._around)
        unit = whyunits.failed_start(self._around, frozenset(), fire)
        if installed is not None and fire < installed and blocker is None:
            return self._around.finding(
                "not_installed_then", fire=local(fire), installed=local(installed)
            )
        found = unit or blocker
        if found is not None:
            evidence = (f"The fire of {local(fire)} had no run.", *found.evidence)
            return found.replace(evidence=evidence)
        return self._around.finding(
            "not_started", self._around.timer_unit, self._around.said, fire=local(fire)
        )

    def _not_yet(self) -> Finding:
        timer = self._task.timer
        at_us = None if timer is None else timer.next_fire_us
        when = "" if at_us is None else f" Its timer fires next at {local(at_us)}."
        task = self._around.task
        others = (*task.after, *task.paths) if task else ()
        when += "".join(f" It starts {spec.shown}." for spec in others)
        return self._around.finding("not_due_yet", next_fire=when)

    def _installed_us(self) -> int | None:
        path = os.path.join(self._session.paths.unit_dir, self._around.timer_unit)
        try:
            return os.stat(path).st_mtime_ns // 1000
        except OSError:
            return None


def _config(session: Session) -> Config | None:
    try:
        return load_config(session)
    except ConfigError:  # docket.app.status.status warns of it
        return None


def _around(
    session: Session, name: str, config: Config | None, plan: Plan | None, task: TaskStatus
) -> UnitFacts:
    if plan is not None:
        service, timer = plan.unit, plan.timer_unit
    else:
        instance = (config.instance if config is not None else "") or session.paths.instance_key
        service, timer = service_unit(name, instance), timer_unit(name, instance)
    path = task.watch.unit if task.watch is not None else None
    states = _states(session, (service, timer, *([path] if path else [])))
    system, environ = session.paths.system, session.environ
    return UnitFacts(
        name=name,
        system=system,
        task=config.tasks.get(name) if config is not None else None,
        problems=_problems(config, name),
        has_timer=task.timer is not None,
        service_unit=service,
        timer_unit=timer,
        service=states.get(service),
        timer=states.get(timer),
        path_unit=path,
        path=states.get(path or ""),
        end=read_unit_end(service, system=system, environ=environ) if states else None,
        said=_said(session, service) if states else (),
        follower_off=name in Switches(session.paths).followers_off(),
    )


def _states(session: Session, names: Sequence[str]) -> Mapping[str, UnitDetail]:
    try:
        units = session.units()
        return {name: units.detail(name) for name in names}
    except BusError:
        return {}


def _problems(config: Config | None, name: str) -> tuple[Problem, ...]:
    if config is None or name in config.tasks:
        return ()
    found = tuple(problem for problem in config.problems if problem.task == name)
    if not found and name not in config.tasks:
        gone = unknown_task(name, config.tasks)
        return (Problem("The task is no longer in the config.", None, code=gone.code, task=name),)
    return found


def _said(session: Session, unit: str) -> tuple[str, ...]:
    """Return what systemd complained of about a unit lately; nothing if it cannot be read."""
    system, environ = session.paths.system, session.environ
    try:
        lines = read_unit(unit, system=system, environ=environ, tail=30, spawning=True)
    except DocketError:
        return ()
    words = [line.message.decode("utf-8", "replace") for line in lines if line.priority <= 4]
    return whyunits.last_distinct(words, _LOG_LINES)


def _tail(session: Session, run: RunRecord | None) -> tuple[str, ...]:
    if run is None or not run.status.ran:
        return ()
    try:
        content = read_log(session, run.run_id, TAIL_LINES).content
    except DocketError:
        return ()
    return tuple(redact_text(content.decode("utf-8", "replace")).splitlines()[-TAIL_LINES:])


def _redacted(finding: Finding) -> Finding:
    return finding.replace(
        sentence=redact_text(finding.sentence),
        evidence=tuple(redact_text(line) for line in finding.evidence),
    )
