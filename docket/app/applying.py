"""Carrying out an install plan: files first, then the service manager, in an order that is safe."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace

from docket.app.changes import Action, Change
from docket.app.installplan import InstallPlan, InstallReport
from docket.app.session import Session
from docket.app.wholefiles import make_directory, read_whole, remove_whole, write_whole
from docket.compiler.bundle import Bundle
from docket.errors import BusAbsentError, BusError, InstallError
from docket.model.task import Problem
from docket.systemd import stamps

_PENDING = "reload-pending"


class Applying:
    """One install under way. It keeps account of every step, so that the report is never a guess.

    The manager is told in this order: timers with new contents and timers that go are stopped while
    their old definition is still known (a reload computes the next fire of an active timer anew,
    from its last one, and would fire a changed schedule at once); stamps are set to now; then one
    reload; then the stopped ones start again.
    """

    def __init__(
        self, session: Session, plan: InstallPlan, *, start_timers: bool, linger: bool
    ) -> None:
        self._session = session
        self._paths = session.paths
        self._plan = plan
        self._start_timers = start_timers
        self._set_linger = linger
        self._units = session.units()
        self._bus_error: BusAbsentError | None = None
        self._problems: list[Problem] = []
        self._report = InstallReport.begin(plan)

    def run(self) -> InstallReport:
        """Make the changes; InstallError, with what was done, where the disk refuses."""
        self._write_files()
        retimed = (*self._plan.timers_to_restart, *self._left_pending())
        stopped = self._stop(retimed)
        self._remove_units()
        for timer in retimed:
            stamps.touch(self._stamp(timer))
        enabled = self._enable()
        needs_reload = self._plan.dirty or bool(enabled) or self._marker_exists()
        reloaded = needs_reload and self._ask("reload its units", self._units.reload)
        restarted, started = self._start(stopped)
        if needs_reload:
            self._mark_pending(retimed, done=reloaded)
        return self._finished(reloaded, enabled, restarted, started, needs_reload=needs_reload)

    def _write_files(self) -> None:
        done: list[str] = []
        try:
            make_directory(self._paths.plan_dir, 0o700)
            make_directory(self._paths.unit_dir, 0o755)
            for file in self._plan.plans:
                if file.after is not None:
                    write_whole(file.path, file.after, 0o600)
                    done.append(file.path)
            for change in self._plan.changes:
                if change.action.writes and change.after is not None:
                    write_whole(change.path, change.after, 0o644)
                    done.append(change.path)
        except OSError as error:
            raise InstallError(
                f"{error.filename or 'A file'} could not be written: {error.strerror}. "
                f"{len(done)} files were written before it, nothing was removed, and the service"
                " manager was not told.",
                hint="Make room or fix the permissions, then install again.",
                written=done,
            ) from None

    def _stop(self, retimed: Sequence[str]) -> tuple[str, ...]:
        """Stop what changes or goes; return the changed timers that were active."""
        leaving = self._plan.timers_to_remove
        if not retimed and not leaving:
            return ()
        active: list[str] = []
        asked = [*retimed, *leaving]
        self._ask("say which timers run", lambda: active.extend(self._units.active(asked)))
        if active:
            self._ask("stop timers", lambda: self._units.stop(sorted(active)))
        return tuple(timer for timer in retimed if timer in active)

    def _remove_units(self) -> None:
        leaving = [c for c in self._plan.changes if c.action is Action.REMOVE]
        timers = list(self._plan.timers_to_remove)
        if timers:
            self._ask("disable timers", lambda: self._units.disable(timers))
            self._ask("forget the stamps", lambda: self._units.clean_state(timers))
        if leaving:
            names = [change.name for change in leaving]
            self._ask("forget old failures", lambda: self._units.reset_failed(names))
        removed: list[str] = []
        try:
            for change in leaving:
                self._remove_unit(change)
                removed.append(change.path)
            for file in self._plan.plans:
                if file.after is None:
                    remove_whole(file.path)
        except OSError as error:
            raise InstallError(
                f"{error.filename or 'A file'} could not be removed: {error.strerror}. The new"
                f" units are written, {len(removed)} old ones are removed, and the service manager"
                " has not read them yet.",
                hint=f"Fix the permissions, then run: {self._systemctl('daemon-reload')}",
                removed=removed,
            ) from None

    def _remove_unit(self, change: Change) -> None:
        remove_whole(change.path)
        if change.is_timer:
            # Where there is no bus, or the call failed, nothing of the timer may stay behind.
            stamps.remove(self._stamp(change.name))
            link = self._link(change.name)
            if os.path.islink(link):
                remove_whole(link)

    def _startable(self) -> dict[str, Bundle]:
        now_us = self._session.now_us()
        return {
            timer: bundle
            for timer, bundle in self._plan.scheduled().items()
            if not is_past(bundle, now_us)
        }

    def _enable(self) -> tuple[str, ...]:
        if not self._start_timers:
            return ()
        missing = [timer for timer in self._startable() if not os.path.islink(self._link(timer))]
        if missing and self._ask("enable timers", lambda: self._units.enable(missing)):
            return tuple(missing)
        return ()

    def _start(self, stopped: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Start what was stopped and, if asked to, the rest; return both as far as it worked."""
        startable = self._startable()
        again = [timer for timer in stopped if timer in startable]
        rest = [timer for timer in startable if timer not in again]
        new = self._not_active(rest) if self._start_timers else []
        for timer in new:
            # What a stopped timer did not fire was not missed: nobody wanted it then.
            stamps.touch(self._stamp(timer))
        restarted = again and self._ask("start timers", lambda: self._units.start(again))
        started = new and self._ask("start timers", lambda: self._units.start(new))
        return tuple(again if restarted else ()), tuple(new if started else ())

    def _not_active(self, timers: list[str]) -> list[str]:
        if not timers:
            return []
        active: list[str] = []
        if not self._ask("say which timers run", lambda: active.extend(self._units.active(timers))):
            return []
        running = frozenset(active)
        return [timer for timer in timers if timer not in running]

    def _ask(self, what: str, call: Callable[[], None]) -> bool:
        """Whether the manager did `what`; a refusal becomes a problem, an absent manager a note."""
        if self._bus_error is not None:
            return False
        try:
            call()
        except BusAbsentError as error:
            self._bus_error = error
            return False
        except BusError as error:
            self._problems.append(
                Problem(
                    f"systemd did not {what}: {error.sentence}",
                    None,
                    hint=error.hint,
                    code=error.code,
                )
            )
            return False
        return True

    def _finished(
        self,
        reloaded: bool,
        enabled: tuple[str, ...],
        restarted: tuple[str, ...],
        started: tuple[str, ...],
        *,
        needs_reload: bool,
    ) -> InstallReport:
        linger = self._lingering()
        startable = self._startable()
        past = tuple(timer for timer in self._plan.scheduled() if timer not in startable)
        idle = [timer for timer in startable if not os.path.islink(self._link(timer))]
        pending = []
        if needs_reload and not reloaded:
            pending.append(self._systemctl("daemon-reload"))
        if self._bus_error is not None and self._start_timers:
            self._problems.append(
                Problem(
                    f"The timers were not started: {self._bus_error.sentence}",
                    None,
                    hint=self._bus_error.hint,
                    code=self._bus_error.code,
                )
            )
        return replace(
            self._report,
            reloaded=reloaded,
            enabled=enabled,
            started=started,
            restarted=restarted,
            not_started=past,
            pending=tuple(pending),
            next_command=self._systemctl("enable", "--now", *idle) if idle else None,
            linger=linger,
            problems=(*self._report.problems, *self._problems),
            warnings=(*self._report.warnings, *self._warnings(past, linger, bool(pending))),
        )

    def _warnings(self, past: Sequence[str], linger: bool | None, pending: bool) -> list[Problem]:
        warnings = [
            Problem(
                f"{timer} is not started: its instants are past.",
                None,
                hint="Give the task's `at` an instant to come.",
                code="install.past",
            )
            for timer in past
        ]
        if linger is False:
            warnings.append(
                Problem(
                    "Linger is off: the timers stop when you log out.",
                    None,
                    hint="`docket install --linger` turns it on.",
                    code="install.linger",
                )
            )
        if pending and self._bus_error is not None and not self._start_timers:
            warnings.append(
                Problem(
                    "The units are written, but the service manager has not read them:"
                    f" {self._bus_error.sentence}",
                    None,
                    hint=f"Run: {self._systemctl('daemon-reload')}",
                    code=self._bus_error.code,
                )
            )
        return warnings

    def _lingering(self) -> bool | None:
        if self._set_linger:
            self._ask("turn linger on", self._units.set_linger)
        found: list[bool | None] = []
        problems = len(self._problems)
        self._ask("say whether linger is on", lambda: found.append(self._units.linger()))
        del self._problems[problems:]  # not to know it spoils nothing
        return found[0] if found else None

    def _left_pending(self) -> tuple[str, ...]:
        """Return the timers that an install without a manager changed and could not restart."""
        try:
            text = read_whole(self._marker())
        except OSError:
            return ()
        known = self._plan.scheduled()
        already = self._plan.timers_to_restart
        return tuple(
            timer for timer in (text or "").split() if timer in known and timer not in already
        )

    def _marker(self) -> str:
        return os.path.join(self._paths.plan_dir, _PENDING)

    def _marker_exists(self) -> bool:
        return os.path.lexists(self._marker())

    def _mark_pending(self, retimed: Sequence[str], *, done: bool) -> None:
        if done:
            remove_whole(self._marker())
        else:
            write_whole(self._marker(), "".join(f"{timer}\n" for timer in retimed), 0o600)

    def _stamp(self, timer: str) -> str:
        return stamps.stamp_path(
            timer,
            self._session.environ,
            system=self._paths.system,
            user_home=self._paths.user_home,
        )

    def _link(self, timer: str) -> str:
        return os.path.join(self._paths.unit_dir, "timers.target.wants", timer)

    def _systemctl(self, *words: str) -> str:
        scope = [] if self._paths.system else ["--user"]
        return shlex.join(["systemctl", *scope, *words])


def is_past(bundle: Bundle, now_us: int) -> bool:
    """Whether a timer has nothing but instants that are over: started, it would fire at once."""
    timing = bundle.timing
    return (
        timing is not None
        and timing.one_shot
        and bool(timing.last_instants_us)
        and max(timing.last_instants_us) <= now_us
    )
