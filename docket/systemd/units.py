"""The service manager as the use cases know it: states, starts and links of units."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docket.errors import BusError
from docket.model.unitstate import UnitDetail, UnitState, UnitVariables
from docket.systemd.connect import connect, connect_system_bus
from docket.systemd.transient import main_pid, run_transient, start_transient
from docket.systemd.unitstates import UnitStates, instant

if TYPE_CHECKING:
    from docket.systemd.bus import Connection

_PROPERTIES = "org.freedesktop.DBus.Properties"
_LOGIND = "org.freedesktop.login1"
_LOGIND_MANAGER = "org.freedesktop.login1.Manager"
_LOGIND_PATH = "/org/freedesktop/login1"
_NOTHING_TO_CLEAN = "No matching resources"
_JOB_TIMEOUT_SECONDS = 90.0
_LINGER_DIRECTORY = "/var/lib/systemd/linger"
_RUNNING_STATES = ("active", "activating", "reloading")


class SystemdUnits:
    """systemd's own manager of one scope. The bus is opened at the first call and kept."""

    def __init__(self, environ: Mapping[str, str], *, system: bool) -> None:
        self._environ = environ
        self._system = system
        self._open: Connection | None = None
        self._ended: dict[str, str] | None = None  # job path -> result, once they are watched

    def reload(self) -> None:
        """Read all unit files again (one daemon-reload)."""
        self._bus().manager("Reload")

    def states(self, names: Sequence[str]) -> Mapping[str, UnitState]:
        """Return the state of each unit; one that has no file is `not-found`."""
        return {state.name: state for state in self._unit_states().of(names)} if names else {}

    def detail(self, name: str) -> UnitDetail:
        """Return the state of one unit with its last result and invocation."""
        return self._unit_states().detail(name)

    def variables(self, name: str) -> UnitVariables:
        """Return what decides about the environment of a service."""
        from docket.systemd.unitvariables import unit_variables  # noqa: PLC0415  (seldom asked)

        return unit_variables(self._bus(), name)

    def active(self, names: Sequence[str]) -> frozenset[str]:
        """Return which of `names` are active now; one call however many there are."""
        if not names:
            return frozenset()
        rows = self._bus().units_by_names(names)
        return frozenset(row[0] for row in rows if row[3] in _RUNNING_STATES)

    def start(self, names: Sequence[str]) -> None:
        """Start units and wait for their jobs to end; the first failure is raised."""
        self._jobs("StartUnit", "start", names)

    def stop(self, names: Sequence[str]) -> None:
        """Stop units (those that are not loaded too) and wait for their jobs to end."""
        self._jobs("StopUnit", "stop", names)

    def enable(self, names: Sequence[str]) -> None:
        """Enable unit files; the links are made, nothing is started, no reload."""
        if names:
            # runtime=False, force=True: a link that points elsewhere is replaced, as systemctl does
            # with --force; it can only be one of an older unit file of the same name.
            self._bus().manager("EnableUnitFiles", "asbb", list(names), False, True)

    def disable(self, names: Sequence[str]) -> None:
        """Remove the links of unit files, which may be missing; nothing is stopped, no reload."""
        if not names:
            return
        try:
            self._disable(names)
        except BusError as error:
            if "does not exist" not in error.sentence:
                raise
            # One missing file makes the call fail for all of them.
            for name in names:
                self._disable_if_there(name)

    def reset_failed(self, names: Sequence[str]) -> None:
        """Clear the failed state of units; one that is not loaded is not an error."""
        for name in names:
            self._unless_not_loaded("ResetFailedUnit", "s", name)

    def clean_state(self, names: Sequence[str]) -> None:
        """Remove what systemd keeps for stopped timers (the Persistent= stamp).

        One that has no stamp is not an error. All are tried; the first failure is raised.
        """
        failures: list[BusError] = []
        for name in names:
            try:
                self._unless_not_loaded("CleanUnit", "sas", name, ["state"])
            except BusError as error:
                if _NOTHING_TO_CLEAN not in error.sentence:
                    failures.append(error)
        if failures:
            raise failures[0]

    def linger(self) -> bool | None:
        """Whether the user's manager outlives the session; None for the system scope."""
        if self._system:
            return None
        try:
            bus = connect_system_bus()
            path = bus.call(_LOGIND, _LOGIND_PATH, _LOGIND_MANAGER, "GetUser", "u", os.getuid())
            found = bus.call(
                _LOGIND, path, _PROPERTIES, "Get", "ss", "org.freedesktop.login1.User", "Linger"
            )
            return bool(found)
        except BusError:
            # logind does not know a user who is not logged in, but its file for linger counts.
            return os.path.exists(os.path.join(_LINGER_DIRECTORY, _user_name()))

    def set_linger(self) -> None:
        """Let the user's manager outlive the session."""
        if self._system:
            return
        try:
            bus = connect_system_bus()
            bus.call(
                _LOGIND,
                _LOGIND_PATH,
                _LOGIND_MANAGER,
                "SetUserLinger",
                "ubb",
                os.getuid(),
                True,
                False,
            )
        except BusError as error:
            raise BusError(
                f"Linger could not be turned on: {error.sentence}",
                hint=f"Run: sudo loginctl enable-linger {_user_name()}",
            ) from None

    def started_us(self) -> int | None:
        """Return when this manager came up, in microseconds since the epoch."""
        return instant(self._bus().manager_property("UserspaceTimestamp", "t"))

    def version(self) -> int:
        """Return systemd's major version, e.g. 252."""
        text = self._bus().manager_property("Version", "s")
        digits = "".join(c if c.isdigit() else " " for c in text).split()
        if not digits:
            raise BusError(f"systemd gives its version as {text!r}.")
        return int(digits[0])

    def start_transient(self, name: str, properties: Sequence[Sequence[Any]]) -> None:
        """Have a unit of its own started; returns when the manager has taken it on."""
        start_transient(self._bus(), name, properties)

    def run_transient(
        self, name: str, properties: Sequence[Sequence[Any]], passed_on: Callable[[], int]
    ) -> None:
        """Have a unit of its own started and wait until its process is over.

        `passed_on` is asked several times a second for a signal to send to it; 0 means none.
        """
        run_transient(self._bus(), self._watched(), name, properties, passed_on)

    def main_pid(self, name: str) -> int | None:
        """Return the process of a unit; 0 while it has none yet, None if it is over."""
        return main_pid(self._bus(), name)

    def _disable(self, names: Sequence[str]) -> None:
        self._bus().manager("DisableUnitFiles", "asb", list(names), False)

    def _disable_if_there(self, name: str) -> None:
        try:
            self._disable([name])
        except BusError as error:
            if "does not exist" not in error.sentence:
                raise

    def _unit_states(self) -> UnitStates:
        return UnitStates(self._bus(), self._environ, system=self._system)

    def _bus(self) -> Connection:
        if self._open is None:
            self._open = connect(self._environ, system=self._system)
        return self._open

    def _unless_not_loaded(self, method: str, signature: str, *values: Any) -> None:
        try:
            self._bus().manager(method, signature, *values)
        except BusError as error:
            if not _says_not_loaded(error):
                raise

    def _jobs(self, method: str, verb: str, names: Sequence[str]) -> None:
        if not names:
            return
        ended = self._watched()
        failures: list[BusError] = []
        jobs: dict[str, str] = {}
        for name in names:
            try:
                jobs[self._bus().manager(method, "ss", name, "replace")] = name
            except BusError as error:
                if not (verb == "stop" and _says_not_loaded(error)):
                    failures.append(_refusal(verb, name, error.sentence))
        open_jobs = list(jobs)

        def all_ended() -> bool:
            while open_jobs and open_jobs[-1] in ended:
                open_jobs.pop()
            return not open_jobs

        in_time = self._bus().pump(all_ended, _JOB_TIMEOUT_SECONDS)
        failures += _bad_ends(verb, jobs, ended, in_time=in_time)
        for job in jobs:
            ended.pop(job, None)
        if failures:
            raise failures[0]

    def _watched(self) -> dict[str, str]:
        if self._ended is None:
            ended: dict[str, str] = {}
            self._bus().watch_jobs(ended.__setitem__)
            self._ended = ended
        return self._ended


def _bad_ends(
    verb: str, jobs: Mapping[str, str], ended: Mapping[str, str], *, in_time: bool
) -> Iterable[BusError]:
    for job, name in jobs.items():
        result = ended.get(job)
        if result is None:
            if not in_time:
                yield _refusal(verb, name, f"it took over {_JOB_TIMEOUT_SECONDS:.0f} seconds.")
        elif result not in ("done", "skipped"):
            yield _refusal(verb, name, f"its job ended as {result}.")


def _refusal(verb: str, name: str, why: str) -> BusError:
    hint = f"systemctl status {name} says more."
    return BusError(f"systemd did not {verb} {name}: {why}", hint=hint, unit=name)


def _says_not_loaded(error: BusError) -> bool:
    return "not loaded" in error.sentence or "not found" in error.sentence


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
