"""Carrying out an install plan: files first, then the service manager, in an order that is safe."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from docket.app.fires.switches import Switches
from docket.app.install import notes
from docket.app.install.changes import Action, Change, written_units
from docket.app.install.plan import InstallPlan, InstallReport
from docket.app.install.referenceunits import copies_dir, keep_copy, wanting_links
from docket.app.install.timerchoice import TimerChoice, stamp_of
from docket.app.install.tolerantmanager import TolerantManager
from docket.app.record.audit import ChangeRow, note_changes
from docket.app.session.session import Session
from docket.errors import InstallError
from docket.files import make_directory, read_text, remove, write_batch, write_volatile
from docket.model.names import PATH_ENDING
from docket.model.problem import Problem
from docket.systemd import stamps

_PENDING = "reload-pending"  # the timers that are to be restarted, after a reload
_STOPPED = "restart-pending"  # those of them that ran until an install stopped them


class InstallRun:
    """One install under way. It keeps account of every step, so that the report is never a guess.

    The manager is called in this order: timers with new contents and timers that go are stopped
    while their old definition is still known (a reload computes the next fire of an active timer
    again, from its last one, and would fire a changed schedule at once); stamps are set to now;
    then one reload; then the stopped ones start again. Path units are treated as timers are.
    """

    def __init__(
        self, session: Session, plan: InstallPlan, *, start_timers: bool, linger: bool
    ) -> None:
        self._session = session
        self._paths = session.paths
        self._plan = plan
        self._start_timers = start_timers
        self._set_linger = linger
        self._manager = TolerantManager(session.units())
        self._switches = Switches(session.paths)
        self._timers = TimerChoice(
            plan.scheduled(), session.now_us(), off=self._switches.off(plan.scheduled())
        )
        self._report = InstallReport.begin(plan)

    def run(self) -> InstallReport:
        """Make the changes; InstallError, with what was done, if the disk refuses."""
        changed = (*self._plan.timers_to_restart, *self._left_in(_PENDING))
        retimed = tuple(dict.fromkeys(changed))
        if self._plan.dirty:
            # If this process is killed from here on, the next install restarts and reloads.
            self._keep_list(_PENDING, retimed)
        self._write_files()
        stopped = self._stop(retimed)
        try:
            self._remove_units()
            for timer in retimed:
                stamps.touch(self._stamp(timer))
            enabled = self._enable()
            needed = self._plan.dirty or bool(enabled) or os.path.lexists(self._list(_PENDING))
            reloaded = needed and self._manager.do("reload its units", lambda u: u.reload())
        finally:
            # Whatever went wrong, the timers that ran before run again.
            restarted = self._manager.start(stopped)
            self._keep_list(_STOPPED, [timer for timer in stopped if timer not in restarted])
        started = self._start(stopped) if self._start_timers else ()
        if needed:
            self._mark_pending(retimed, done=reloaded)
        self._switches.keep(self._plan.scheduled(), gone=self._plan.timers_to_remove)
        report = self._report.replace(
            reloaded=reloaded,
            enabled=enabled,
            started=started,
            restarted=restarted,
            not_started=self._timers.past,
        )
        return self._with_notes(report, still_to_reload=needed and not reloaded)

    def _write_files(self) -> None:
        done: list[str] = []
        try:
            make_directory(self._paths.plan_dir, 0o700)
            make_directory(self._paths.unit_dir, 0o755)
            if any("\nReadOnlyPaths=" in (c.after or "") for c in self._plan.every):
                # A confined run could make what is not there, and cannot change what is.
                for directory in self._paths.guarded_dirs:
                    make_directory(directory, 0o700)
            for change in self._plan.from_reference:
                keep_copy(self._paths, change.name, change.before or "")
            plans = [(f.path, f.after, 0o600) for f in self._plan.plans if f.after is not None]
            write_batch([*plans, *written_units(self._plan.every)], done)
        except OSError as error:
            raise InstallError(
                f"{error.filename or 'A file'} could not be written: {error.strerror}. "
                f"{len(done)} files were written before it, nothing was removed, and the "
                "service manager was not asked to reload.",
                hint="Make room or fix the permissions, then install again.",
                written=done,
            ) from None

    def _stop(self, retimed: Sequence[str]) -> tuple[str, ...]:
        """Stop what changes or goes; return the changed timers that were active and shall be.

        Those among them that an install stopped which was killed then, were active too.
        """
        active = sorted(self._manager.active([*retimed, *self._plan.timers_to_remove]) or ())
        again = {*self._timers.startable, *(change.name for change in self._plan.upkeep)}
        ran = {*active, *(t for t in self._left_in(_STOPPED) if self._switches.is_on(t))}
        stopped = tuple(timer for timer in retimed if timer in ran and timer in again)
        self._keep_list(_STOPPED, stopped)
        if active:
            self._manager.do("stop timers", lambda units: units.stop(active))
        return stopped

    def _remove_units(self) -> None:
        leaving = [c for c in self._plan.every if c.action is Action.REMOVE]
        timers = list(self._plan.timers_to_remove)
        if timers:
            self._manager.do("disable timers", lambda units: units.disable(timers))
            stamped = [timer for timer in timers if not timer.endswith(PATH_ENDING)]
            self._manager.do("forget the stamps", lambda units: units.clean_state(stamped))
        if leaving:
            names = [change.name for change in leaving]
            self._manager.do("forget old failures", lambda units: units.reset_failed(names))
        removed: list[str] = []
        try:
            for change in self._plan.from_reference:
                self._forget_wishes(change)
            for change in leaving:
                self._remove_unit(change)
                removed.append(change.path)
            for file in self._plan.plans:
                if file.after is None:
                    remove(file.path)
        except OSError as error:
            reload = notes.systemctl(self._paths, "daemon-reload")
            raise InstallError(
                f"{error.filename or 'A file'} could not be removed: {error.strerror}. The new"
                f" units are written, {len(removed)} old ones are removed, and the service manager"
                " has not read them yet.",
                hint=f"Fix the permissions, then run: {reload}",
                removed=removed,
            ) from None

    def _remove_unit(self, change: Change) -> None:
        remove(change.path)
        if change.is_starter:
            # If there is no bus, or the call failed, nothing of the timer may stay behind.
            stamps.remove(self._stamp(change.name))
            if self._switches.is_on(change.name):
                remove(self._switches.link(change.name))

    def _forget_wishes(self, change: Change) -> None:
        """Remove the links by which a service of docket-cli would run when the manager starts."""
        if not change.is_starter:
            for link in wanting_links(self._paths.unit_dir, change.name):
                remove(link)

    def _enable(self) -> tuple[str, ...]:
        if not self._start_timers:
            return ()
        missing = [timer for timer in self._timers.wanted if not self._switches.is_on(timer)]
        if missing and self._manager.do("enable timers", lambda units: units.enable(missing)):
            return tuple(missing)
        return ()

    def _start(self, running: Sequence[str]) -> tuple[str, ...]:
        """Start every timer of the selected tasks that does not run; return those."""
        rest = [timer for timer in self._timers.startable if timer not in running]
        active = self._manager.active(rest)
        if active is None:
            return ()
        idle = [timer for timer in rest if timer not in active]
        for timer in idle:
            # What a stopped timer did not fire was not missed: nobody wanted it then.
            stamps.touch(self._stamp(timer))
        return self._manager.start(idle)

    def _with_notes(self, report: InstallReport, *, still_to_reload: bool) -> InstallReport:
        linger = self._turn_linger_on() if self._set_linger else self._manager.linger()
        absent, paths = self._manager.absent, self._paths
        problems = list(self._manager.problems)
        written = {change.name for change in self._plan.changes if change.retimes}
        warnings: list[Problem] = [
            notes.past(timer) for timer in self._timers.past if timer in written
        ]
        if self._start_timers:
            bundles = self._plan.scheduled()
            off = {bundles[timer].task.name for timer in self._timers.off}
            warnings += [notes.left_off(task) for task in sorted(off)]
        warnings += [
            notes.at_boot(timer, system=paths.system)
            for timer in report.enabled
            if timer in self._timers.at_boot
        ]
        if linger is False and self._timers.wanted:
            warnings.append(notes.linger_off())
        if absent is not None and self._start_timers and self._timers.wanted:
            problems.append(notes.not_started(absent))
        elif absent is not None and still_to_reload:
            warnings.append(notes.not_read(paths, absent))
        idle = [timer for timer in self._timers.wanted if self._sleeps(timer, report)]
        return report.replace(
            copies=copies_dir(paths) if self._plan.from_reference else None,
            pending=(notes.systemctl(paths, "daemon-reload"),) if still_to_reload else (),
            next_command=notes.next_command(
                paths,
                self._plan.names,
                [timer for timer in idle if timer in self._timers.startable],
                [timer for timer in idle if timer in self._timers.at_boot],
            ),
            linger=linger,
            problems=(*report.problems, *problems),
            warnings=(*report.warnings, *warnings),
        )

    def _turn_linger_on(self) -> bool | None:
        """Return whether linger is on after it was asked for; None if it does not matter."""
        before = self._manager.linger()
        if before:
            return before
        if not self._manager.do("turn linger on", lambda units: units.set_linger()):
            return before
        now = self._manager.linger()
        row = ChangeRow("linger", None, {"linger": before}, {"linger": now})
        note_changes(self._session, [row])
        return now

    def _sleeps(self, timer: str, report: InstallReport) -> bool:
        """Whether a timer is still to be started by hand.

        systemd refused many of docket-cli's timers: they were enabled but never started.
        """
        ours_now = {c.name for c in self._plan.from_reference if c.action is Action.REPLACE}
        runs = (*report.restarted, *report.started)
        return not self._switches.is_on(timer) or (timer in ours_now and timer not in runs)

    def _left_in(self, name: str) -> tuple[str, ...]:
        """Return the timers of a list that an install left: without a manager, or killed."""
        try:
            text = read_text(self._list(name))
        except OSError:
            return ()
        known = {*self._plan.scheduled(), *(change.name for change in self._plan.upkeep)}
        return tuple(timer for timer in (text or "").split() if timer in known)

    def _mark_pending(self, retimed: Sequence[str], *, done: bool) -> None:
        if done:
            self._forget_list(_PENDING)
        else:
            self._keep_list(_PENDING, retimed)

    def _keep_list(self, name: str, timers: Sequence[str]) -> None:
        """Write a list of timers for the next install; no stopped timers are no list."""
        if name == _STOPPED and not timers:
            self._forget_list(name)
            return
        with contextlib.suppress(OSError):  # at worst a timer waits for `docket enable`
            # A power cut may take it: the next start of the machine reads and starts everything.
            write_volatile(self._list(name), "".join(f"{timer}\n" for timer in timers).encode())

    def _forget_list(self, name: str) -> None:
        with contextlib.suppress(OSError):  # at worst a later install reloads once too often
            remove(self._list(name))

    def _list(self, name: str) -> str:
        return os.path.join(self._paths.plan_dir, name)

    def _stamp(self, timer: str) -> str:
        return stamp_of(self._session, timer)
