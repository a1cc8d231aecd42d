"""Pauses and skips of timers; every fire that is held back leaves a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from docket.app.catalog.lookup import require_known, state_db
from docket.app.session.session import Session
from docket.app.text.documents import iso_or_none
from docket.errors import UsageError
from docket.model.record import Record
from docket.store.orders.audit import caller
from docket.store.orders.overrides import PAUSE, SKIP_NEXT, Order, lift, set_override

if TYPE_CHECKING:
    from docket.app.fires.shapes import PauseReportDocument

_LONGEST_REASON = 300


class PauseReport(Record):
    """A pause or a skip of tasks; `until_us` None means until `resume`."""

    tasks: tuple[str, ...]
    until_us: int | None = None
    remaining: int | None = None

    def document(self) -> PauseReportDocument:
        """The report as a JSON object."""
        return {
            "ok": True,
            "tasks": list(self.tasks),
            "until": iso_or_none(self.until_us),
            "remaining": self.remaining,
            "count": len(self.tasks),
        }


def pause(
    session: Session, tasks: Sequence[str], until_us: int | None = None, reason: str | None = None
) -> PauseReport:
    """Skip all fires of the tasks' timers, to an instant or until `resume`; runs by hand go on.

    UnknownTaskError, StoreError; UsageError if the instant is past.
    """
    if until_us is not None and until_us <= session.now_us():
        raise UsageError("The end of the pause is past.", hint="Name a future instant, or a span.")
    order = Order(PAUSE, until=until_us, reason=_checked(reason))
    _give(session, tasks, order)
    return PauseReport(_distinct(tasks), until_us=until_us)


def skip_next(
    session: Session, tasks: Sequence[str], count: int = 1, reason: str | None = None
) -> PauseReport:
    """Skip the next `count` fires of each task's timers; 0 takes it back. Errors as of `pause`."""
    order = Order(SKIP_NEXT, remaining=count, reason=_checked(reason))
    _give(session, tasks, order)
    return PauseReport(_distinct(tasks), remaining=count)


def resume(session: Session, tasks: Sequence[str]) -> PauseReport:
    """Let the tasks' timers fire again, and return those that were held back. StoreError."""
    for task in tasks:
        require_known(session, task)
    lifted = lift(
        state_db(session), _distinct(tasks), at_us=session.now_us(), who=caller(session.tool)
    )
    return PauseReport(tuple(lifted))


def _give(session: Session, tasks: Sequence[str], order: Order) -> None:
    for task in tasks:
        require_known(session, task)
    set_override(
        state_db(session), _distinct(tasks), order, at_us=session.now_us(), who=caller(session.tool)
    )


def _distinct(tasks: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tasks))


def _checked(reason: str | None) -> str | None:
    if reason is not None and (len(reason) > _LONGEST_REASON or not reason.isprintable()):
        raise UsageError(
            f"A reason is one printable line of {_LONGEST_REASON} characters at most.",
            hint="say it in fewer words",
        )
    return reason or None
