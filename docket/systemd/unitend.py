"""How the last start of a service ended, as the service manager remembers it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from docket.model.record import Record
from docket.paths import runtime_directory

_TIMEOUT_SECONDS = 10.0
_PROPERTIES = (
    "LoadState",
    "LoadError",
    "ActiveState",
    "Result",
    "ExecMainCode",
    "ExecMainStatus",
    "InvocationID",
    "ConditionResult",
    "AssertResult",
    "ConditionTimestamp",
    "AssertTimestamp",
    "StateChangeTimestamp",
    "NeedDaemonReload",
)


class UnitEnd(Record):
    """What the manager remembers of a service. Instants are microseconds since the epoch.

    `exit_status` is the main process's: an exit code if `exited`, else a signal's number.
    """

    load_state: str
    load_error: str
    active_state: str
    result: str
    exited: bool
    exit_status: int
    invocation_id: str
    condition_failed: bool
    assert_failed: bool
    checked_us: int | None  # when its conditions were looked at: at each start
    changed_us: int | None
    needs_reload: bool


def read_unit_end(unit: str, *, system: bool, environ: Mapping[str, str]) -> UnitEnd | None:
    """Ask systemctl about a service; None if nobody answers."""
    import shutil  # noqa: PLC0415  (most commands run no other program)
    import subprocess  # noqa: PLC0415  (as above)

    program = shutil.which("systemctl", path=environ.get("PATH", os.defpath))
    if program is None:
        return None
    scope = [] if system else ["--user"]
    words = [program, *scope, "show", "--timestamp=unix", "-p", ",".join(_PROPERTIES), "--", unit]
    runtime = runtime_directory(environ)
    known = {**environ, "LC_ALL": "C.UTF-8", **({"XDG_RUNTIME_DIR": runtime} if runtime else {})}
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            env=known,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    return parse_unit_end(done.stdout.decode("utf-8", "replace"))


def parse_unit_end(text: str) -> UnitEnd | None:
    """Return what `systemctl show` printed; None if it cannot be parsed."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if "LoadState" not in found:
        return None
    checked = _instant(found.get("ConditionTimestamp", ""))
    asserted = _instant(found.get("AssertTimestamp", ""))
    return UnitEnd(
        load_state=found["LoadState"],
        load_error=found.get("LoadError", "").strip(),
        active_state=found.get("ActiveState", ""),
        result=found.get("Result", ""),
        exited=found.get("ExecMainCode") == "1",  # CLD_EXITED
        exit_status=_number(found.get("ExecMainStatus", "")),
        invocation_id=found.get("InvocationID", ""),
        condition_failed=checked is not None and found.get("ConditionResult") == "no",
        assert_failed=asserted is not None and found.get("AssertResult") == "no",
        checked_us=checked,
        changed_us=_instant(found.get("StateChangeTimestamp", "")),
        needs_reload=found.get("NeedDaemonReload") == "yes",
    )


def _instant(text: str) -> int | None:
    digits = text.removeprefix("@")
    return int(digits) * 1_000_000 if digits.isascii() and digits.isdigit() else None


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
