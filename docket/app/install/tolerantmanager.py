"""Asking the service manager: a refusal becomes a problem, an absent manager a note to the user."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from docket.app.session.ports import UnitManager
from docket.errors import BusAbsentError, BusError
from docket.model.problem import Problem


class TolerantManager:
    """The service manager for a command that goes on whatever it answers.

    Once it turns out to be absent (`absent` says how) it is not asked again.
    """

    def __init__(self, units: UnitManager) -> None:
        self._units = units
        self.absent: BusAbsentError | None = None
        self.problems: list[Problem] = []

    def do(self, what: str, call: Callable[[UnitManager], None]) -> bool:
        """Whether the manager did `what`."""
        if self.absent is not None:
            return False
        try:
            call(self._units)
        except BusAbsentError as error:
            self.absent = error
            return False
        except BusError as error:
            sentence = f"systemd did not {what}: {error.sentence}"
            self.problems.append(Problem(sentence, None, hint=error.hint, code=error.code))
            return False
        return True

    def active(self, timers: Sequence[str]) -> frozenset[str] | None:
        """Return which of `timers` are active, None if the manager does not say."""
        found: list[frozenset[str]] = [frozenset()]
        if timers and not self.do("say what runs", lambda u: found.append(u.active(timers))):
            return None
        return found[-1]

    def start(self, timers: Sequence[str]) -> tuple[str, ...]:
        """Start `timers`; return those that could be started."""
        if not timers or self.do("start timers", lambda units: units.start(timers)):
            return tuple(timers)
        active = self.active(timers) or frozenset()
        return tuple(timer for timer in timers if timer in active)

    def linger(self) -> bool | None:
        """Return whether linger is on; None if it does not matter or is not known."""
        found: list[bool | None] = [None]
        before = len(self.problems)
        self.do("say whether linger is on", lambda units: found.append(units.linger()))
        del self.problems[before:]  # an unknown linger state is not an error
        return found[-1]
