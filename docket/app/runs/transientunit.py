"""The transient unit of one run: its name, its properties, and whether the run gets one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from docket.app.catalog.taskfiles import missing_credentials
from docket.app.record.runrequests import Launcher
from docket.app.session.ports import UnitManager
from docket.errors import BusAbsentError, CredentialMissingError, NeedsSystemdError
from docket.model.plan import Plan


def transient_unit(plan: Plan, run_id: str) -> str:
    """Return the name of the unit that is made for a single run."""
    return f"{plan.unit.removesuffix('.service')}-{run_id}.service"


def transient_properties(plan: Plan, run_id: str, words: Sequence[str]) -> list[list[Any]]:
    """Return the properties of the unit of one run; `words` are added to `docket exec`'s."""
    found: list[list[Any]] = [["CollectMode", "s", "inactive-or-failed"]]
    for name, signature, value in plan.service:
        if name == "ExecStartEx":
            found.append([name, signature, [_with_words(value[0], words)]])
        elif name == "ExecStopPostEx":
            more = [_with_words(line, ["--run-id", run_id]) for line in value[1:]]
            found.append([name, signature, [_with_run_id(value[0], run_id), *more]])
        else:
            found.append([name, signature, value])
    return found


def _with_words(line: Sequence[Any], words: Sequence[str]) -> list[Any]:
    program, argv, flags = line
    return [program, [*argv, *words], flags]


def _with_run_id(line: Sequence[Any], run_id: str) -> list[Any]:
    """Tell the finalizer, the last word of a shell's line, which run it closes."""
    program, argv, flags = line
    return [program, [*argv[:-1], f"{argv[-1]} --run-id {run_id}"], flags]


def launcher_of(units: UnitManager, plan: Plan, wished: Launcher) -> Launcher:
    """Return what starts a run, before anything is recorded.

    NeedsSystemdError if that cannot be a unit and must be one; BusAbsentError if systemd was
    asked for by name.
    """
    if wished != Launcher.DIRECT:
        try:
            units.version()
        except BusAbsentError as error:
            if wished == Launcher.SYSTEMD:
                raise
            if plan.needs_systemd:
                raise _needs_systemd(plan, error.sentence, error.hint) from None
            return Launcher.DIRECT
        if plan.service_unsaid:
            raise _needs_its_own_unit(plan)
        _require_credentials(plan)
        return Launcher.SYSTEMD
    if plan.needs_systemd:
        hint = "Leave --launcher direct out."
        raise _needs_systemd(plan, "A session of its own cannot.", hint)
    return Launcher.DIRECT


def _require_credentials(plan: Plan) -> None:
    """Raise CredentialMissingError if systemd could not hand over a credential's file."""
    for name, _signature, value in plan.service:
        if name in ("LoadCredential", "LoadCredentialEncrypted"):
            for sentence in missing_credentials((one, path) for one, path in value):
                raise CredentialMissingError(
                    f"Task {plan.task!r} is not started: {sentence}",
                    hint="Write the secret into that file, mode 0600.",
                    task=plan.task,
                )


def _needs_systemd(plan: Plan, why: str, hint: str | None) -> NeedsSystemdError:
    return NeedsSystemdError(
        f"Task {plan.task!r} has limits, a sandbox, credentials or directives that only a"
        f" systemd unit can give it. {why}",
        hint=hint,
        task=plan.task,
        unit=plan.unit,
    )


def _needs_its_own_unit(plan: Plan) -> NeedsSystemdError:
    user = "" if plan.system else "--user "
    return NeedsSystemdError(
        f"Task {plan.task!r} cannot be given a unit of its own: {plan.service_unsaid[0]}.",
        hint=f"Install it, then start its unit: systemctl {user}start {plan.unit}",
        task=plan.task,
        unit=plan.unit,
    )
