"""`docket doctor`: every part of the installation examined, none of them needed by the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from docket.app.catalog.compilation import Compilation, compile_tasks
from docket.app.catalog.lookup import state_db
from docket.app.catalog.planfiles import planned_tasks, read_plan
from docket.app.doctor import homechecks, startchecks, storechecks, unitchecks
from docket.app.doctor.agentchecks import AgentCheck, agent_checks
from docket.app.doctor.check import Check, Examined, Inspection
from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.errors import BusError, ConfigError, DocketError
from docket.model.names import path_unit_of
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.doctor.shapes import AgentExaminationDocument, ExaminationDocument

_MODULES = (homechecks, storechecks, unitchecks, startchecks)  # in the order of their checks
INSPECTIONS = tuple(
    found
    for module in _MODULES
    for found in vars(module).values()
    if isinstance(found, Inspection) and found.look.__module__ == module.__name__
)


class Examination(Record):
    """The outcome of all checks."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no check found something that does not work."""
        return not any(check.bad for check in self.checks)

    @property
    def exit_code(self) -> int:
        """The exit code of `docket doctor`."""
        return 0 if self.ok else 1

    def document(self) -> ExaminationDocument:
        """Return the examination as `docket doctor --json` prints it."""
        return {"ok": self.ok, "checks": [check.document() for check in self.checks]}


class AgentExamination(Record):
    """The outcome of what an agent asks: of each task first, then of the installation."""

    checks: tuple[AgentCheck, ...]
    installation: Examination

    @property
    def ok(self) -> bool:
        """Whether everything can be relied on."""
        return self.installation.ok and all(check.ok for check in self.checks)

    @property
    def exit_code(self) -> int:
        """The exit code of `docket doctor --agent`."""
        return 0 if self.ok else 1

    def document(self) -> AgentExaminationDocument:
        """Return the examination as `docket doctor --agent --json` prints it."""
        return {
            "healthy": self.ok,
            "checks": [check.document() for check in self.checks],
            "installation_checks": [check.document() for check in self.installation.checks],
        }


def examine(session: Session) -> Examination:
    """Make every check; one that cannot be made is itself a finding, never an error."""
    return _examination(_look(session))


def examine_for_agents(session: Session) -> AgentExamination:
    """Make every check, and those of each task that an agent relies on; never an error."""
    seen = _look(session)
    return AgentExamination(agent_checks(seen), _examination(seen))


def _look(session: Session) -> Examined:
    compilation, refusal = _compile(session)
    plans = {task: read_plan(session.paths, task) for task in planned_tasks(session.paths)}
    seen = Examined(session, _state_db(session, compilation), compilation, refusal, plans=plans)
    return seen.replace(states=_states(seen))


def _examination(seen: Examined) -> Examination:
    return Examination(tuple(inspection(seen) for inspection in INSPECTIONS))


def _compile(session: Session) -> tuple[Compilation | None, ConfigError | None]:
    try:
        return compile_tasks(session), None
    except ConfigError as error:
        return None, error
    except DocketError as error:
        return None, ConfigError(error.sentence, hint=error.hint)
    except OSError as error:
        return None, ConfigError(f"{error.filename}: {error.strerror}.")


def _states(seen: Examined) -> Mapping[str, UnitState] | None:
    if seen.compilation is None:
        plans = seen.usable_plans
        installed = [p for p in plans if p.paths or p.timer_unit in p.unit_hashes]
    else:
        installed = [bundle.plan for bundle in seen.compilation.bundles.values() if bundle.units]
    names = [name for plan in installed for name in (plan.unit, plan.timer_unit)]
    names += [path_unit_of(plan.timer_unit) for plan in installed if plan.paths]
    try:
        return seen.session.units().states(names) if names else {}
    except BusError:
        return None


def _state_db(session: Session, compilation: Compilation | None) -> str:
    if compilation is not None:
        return compilation.config.state_db
    try:
        return state_db(session)
    except (DocketError, OSError):
        return session.paths.state_db
