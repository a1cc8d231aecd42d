"""Reading the journal, by journalctl: the lines of one run."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from docket.errors import DocketError, ToolMissingError
from docket.model.record import Record
from docket.model.signals import signal_name

TIMEOUT_SECONDS = 30.0
_HEX = frozenset("0123456789abcdef")
_REFUSED_CALL = re.compile(rb"\b(?:SECCOMP|type=1326)\b.*\bsig=31\b.*\bsyscall=(\d{1,5})\b")
_MAIN = "ExecStart"  # in COMMAND= of an entry: the main process of a service


class JournalError(DocketError):
    """The journal cannot be read now."""

    code = "journal.unreadable"


class JournalLine(Record):
    """One entry; `at_us` is microseconds since the epoch, `priority` syslog's 0 to 7."""

    at_us: int
    message: bytes
    priority: int
    run_id: str | None  # of Docket's own structured entries


def read_invocation(
    invocation_id: str, *, system: bool, environ: Mapping[str, str], tail: int | None = None
) -> list[JournalLine]:
    """Return the lines that one invocation of a unit wrote, oldest first, the last `tail` of them.

    Raises JournalError if journalctl fails and ToolMissingError if there is none.
    """
    if not is_invocation_id(invocation_id):
        raise JournalError("The run's invocation id is not one of systemd's.")
    return _read([f"_SYSTEMD_INVOCATION_ID={invocation_id}"], system, environ, tail)


def read_end(
    invocation_id: str, *, system: bool, environ: Mapping[str, str]
) -> tuple[str, str, int] | None:
    """Return how systemd says that an invocation ended: (result, exit status, instant in µs).

    The result and the status are the words of $SERVICE_RESULT and $EXIT_STATUS. None if the journal
    has no record of its end. Raises as `read_invocation`.
    """
    if not is_invocation_id(invocation_id):
        raise JournalError("The run's invocation id is not one of systemd's.")
    field = "INVOCATION_ID" if system else "USER_INVOCATION_ID"
    result, status, at_us = "", "", 0
    words = [f"{field}={invocation_id}", _of_manager(system)]
    for line in _run(words, system, environ).splitlines():
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        # ExecStopPost= can fail too, after the main process; its end is not the run's.
        if "EXIT_CODE" in entry and entry.get("COMMAND", _MAIN) == _MAIN:
            status = _exit_status(str(entry["EXIT_CODE"]), _number(entry.get("EXIT_STATUS"), 0))
        if "UNIT_RESULT" in entry:
            result = str(entry["UNIT_RESULT"])
            at_us = _number(entry.get("__REALTIME_TIMESTAMP"), 0)
    return (result, status, at_us) if result else None


def read_unit(
    unit: str,
    *,
    system: bool,
    environ: Mapping[str, str],
    tail: int | None = None,
    spawning: bool = False,
) -> list[JournalLine]:
    """Return what the service manager logged of a unit, oldest first; errors as above.

    With `spawning` come the lines of its children that were to become the unit's processes.
    """
    whose = ("_UID=0" if system else f"_UID={os.getuid()}") if spawning else _of_manager(system)
    words = [f"{'UNIT' if system else 'USER_UNIT'}={unit}", whose]
    return _read(words, system, environ, tail)


def read_refused_calls(since_us: int, *, environ: Mapping[str, str]) -> tuple[int, ...]:
    """Return the numbers of the system calls for which the kernel killed something of ours.

    Only those since an instant in microseconds count, each once; the kernel's audit names them,
    where this user may read it. Raises as `read_invocation`.
    """
    words = ["--since", f"@{since_us // 1_000_000}", "_TRANSPORT=kernel", "_TRANSPORT=audit"]
    found: dict[int, None] = {}
    for entry in _read(words, system=True, environ=environ, tail=None):
        if match := _REFUSED_CALL.search(entry.message):
            found[int(match[1])] = None
    return tuple(found)


def probe(*, system: bool, environ: Mapping[str, str]) -> str | None:
    """Return why the journal of this scope cannot be read, in a sentence; None if it can."""
    try:
        _run(["-n", "1"], system, environ)
    except DocketError as error:
        return error.sentence
    return None


def is_invocation_id(text: str) -> bool:
    """Whether `text` has the shape of an invocation id (32 hex digits)."""
    return len(text) == 32 and all(c in _HEX for c in text)


def parse_entry(line: bytes) -> JournalLine | None:
    """Return the entry that one line of `journalctl -o json` holds; None if it holds none."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    run_id = entry.get("DOCKET_RUN_ID")
    return JournalLine(
        at_us=_number(entry.get("__REALTIME_TIMESTAMP"), 0),
        message=_message(entry.get("MESSAGE")),
        priority=_number(entry.get("PRIORITY"), 6),
        run_id=run_id if isinstance(run_id, str) else None,
    )


def _of_manager(system: bool) -> str:
    """Return the match for the service manager's own entries.

    Anybody may log fields such as UNIT. Those with `_` are journald's own: which process it was.
    """
    return "_PID=1" if system else "_SYSTEMD_USER_UNIT=init.scope"


def _read(
    matches: Sequence[str], system: bool, environ: Mapping[str, str], tail: int | None
) -> list[JournalLine]:
    words = matches if tail is None else ["-n", str(max(tail, 0)), *matches]
    entries = map(parse_entry, _run(words, system, environ).splitlines())
    return [entry for entry in entries if entry is not None]


def _run(words: Sequence[str], system: bool, environ: Mapping[str, str]) -> bytes:
    import shutil  # noqa: PLC0415  (most commands run no other program)
    import subprocess  # noqa: PLC0415  (as above)

    program = shutil.which("journalctl", path=environ.get("PATH", os.defpath))
    if program is None:
        raise ToolMissingError("journalctl is not installed.", hint="It comes with systemd.")
    scope = [] if system else ["--user"]
    # --all: without it journalctl leaves out long messages and those that are not plain text.
    command = [program, *scope, "--no-pager", "--quiet", "--all", "-o", "json", *words]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            env={**environ, "LC_ALL": "C.UTF-8"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise JournalError(f"journalctl did not answer in {TIMEOUT_SECONDS:.0f} s.") from None
    except OSError as error:
        raise JournalError(f"journalctl cannot be run: {error.strerror}.") from None
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        raise JournalError(f"The journal cannot be read: {reason}.")
    return done.stdout


def _exit_status(code: str, number: int) -> str:
    """Return the word of $EXIT_STATUS: a number for an exit, a name without SIG for a signal."""
    if code == "exited":
        return str(number)
    name = signal_name(number)
    return name.removeprefix("SIG") if name.startswith("SIG") else str(number)


def _message(value: Any) -> bytes:
    """A message is text, or a list of bytes if it is no UTF-8, or a list of several."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, list):
        if all(isinstance(part, int) and 0 <= part < 256 for part in value):
            return bytes(value)
        return b"\n".join(_message(part) for part in value)
    return b""


def _number(value: Any, otherwise: int) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return otherwise
