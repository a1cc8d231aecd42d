"""`require`: what has to hold for a run to begin, looked at by the runner however it is started."""

from __future__ import annotations

import os
import time

from docket.runner.admission.guards import Refusal
from docket.runner.admission.pendingrun import Obstacle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.runner.admission.pendingrun import Waiting

CODE = "require"
_POWER = "/sys/class/power_supply"
_NETWORK = "a network: there is no default route"
_REJECT = 0x0200  # RTF_REJECT: a route that refuses what is sent there
_FACTS = ("type", "online", "status", "scope")  # of a power supply


def refusal_of_unmet(waiting: Waiting, late_us: int) -> Refusal | None:
    """Return which requirement of the plan is not met, or None; it waits for a network.

    `late_us` is how late the run's fire is: the window of `catch_up` goes on meanwhile.
    """
    plan = waiting.plan
    for kind, words, number in plan.require:
        if kind == "online":
            refusal = _await_network(waiting, late_us / 1e6)
        else:
            reason = _unmet(kind, words, number)
            refusal = None if reason is None else Refusal(CODE, reason)
        if refusal is not None:
            return refusal
    return None


def _unmet(kind: str, words: list[str], number: int) -> str | None:
    if kind == "mounted":
        return None if _is_mounted(words[0]) else f"nothing is mounted at {words[0]}"
    if kind == "exists":
        return None if os.path.lexists(words[0]) else f"{words[0]} does not exist"
    if kind == "free":
        return _too_full(words[0], number)
    if kind == "host":
        return _elsewhere(words)
    if _on_mains() == bool(number):
        return None
    return "the machine runs on battery" if number else "the machine is on mains power"


def _await_network(waiting: Waiting, late: float) -> Refusal | None:
    window = waiting.plan.catch_up
    end = None if isinstance(window, bool) else time.monotonic() + max(0.0, window - late)

    def attempt() -> Obstacle | None:
        if _has_default_route() or (end is not None and time.monotonic() >= end):
            return None
        return Obstacle(_NETWORK, None, [])

    refusal = waiting.until(attempt)
    if refusal is None and not _has_default_route():
        return Refusal(CODE, f"there was no default route for {window:g} s, which catch_up allows")
    return refusal


def _is_mounted(path: str) -> bool:
    """Whether something is mounted there; the path itself is not touched, because it may hang."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        points = {_unescaped(line.split(" ", 5)[4]) for line in file}
    return path in points or os.path.realpath(path) in points


def _unescaped(text: str) -> str:
    for code, character in (("040", " "), ("011", "\t"), ("012", "\n"), ("134", "\\")):
        text = text.replace("\\" + code, character)
    return text


def _too_full(path: str, wanted: int) -> str | None:
    from docket.model.text.size import size_text  # noqa: PLC0415  (few tasks)

    try:
        status = os.statvfs(path)
    except OSError as error:
        return f"the free space at {path} cannot be read: {error.strerror}"
    free = status.f_bavail * status.f_frsize
    if free >= wanted:
        return None
    return f"{path} has {size_text(free)} free, and {size_text(wanted)} are required"


def _elsewhere(hosts: list[str]) -> str | None:
    own = os.uname().nodename
    if own.lower() in [host.lower() for host in hosts] or _machine_id() in hosts:
        return None
    return f"this host is {own}, and the task runs on {' or '.join(hosts)} only"


def _machine_id() -> str:
    return _line("/etc/machine-id") or "unknown"


def _on_mains() -> bool:
    """Whether a charger is plugged in; without a charger device, whether no battery drains."""
    try:
        names = os.listdir(_POWER)
    except OSError:
        return True
    supplies = [{what: _line(f"{_POWER}/{name}/{what}") for what in _FACTS} for name in names]
    chargers = [one for one in supplies if one["type"] not in ("Battery", "UPS", "")]
    if chargers:
        return any(one["online"] not in ("", "0") for one in chargers)
    batteries = [one for one in supplies if one["type"] == "Battery" and one["scope"] != "Device"]
    return not any(one["status"] == "Discharging" for one in batteries)


def _has_default_route() -> bool:
    for line in _lines("/proc/net/route")[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == fields[7] == "00000000" and not _rejects(fields[3]):
            return True
    for line in _lines("/proc/net/ipv6_route"):
        fields = line.split()
        default = len(fields) == 10 and fields[0] == "0" * 32 and fields[1] == "00"
        if default and fields[9] != "lo" and not _rejects(fields[8]):
            return True
    return False


def _rejects(flags: str) -> bool:
    return bool(int(flags, 16) & _REJECT)


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _line(path: str) -> str:
    return (_lines(path) or [""])[0].strip()
