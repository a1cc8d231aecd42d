"""The built-in task `health-check`: disks, memory, and units that have to be active."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from docket.task import BaseTask, TaskResult

_GIB = 1024**3
_PATIENCE_SECONDS = 10.0
_USUAL_PCT = 90
_GOOD_STATES = ("active", "reloading", "refreshing")
_SUFFIXES = (
    ".automount",
    ".device",
    ".mount",
    ".path",
    ".scope",
    ".service",
    ".slice",
    ".socket",
    ".swap",
    ".target",
    ".timer",
)


class HealthCheck(BaseTask):
    """Looks at the machine, and fails with one sentence that names all that is wrong with it."""

    name = "health-check"
    description = "Looks at disk space, memory and systemd units"
    inputs: ClassVar[Mapping[str, str]] = {
        "checks": "What is looked at: disk, memory, systemd-units",
        "disk_paths": "The file systems that are looked at, each by a path in it",
        "disk_threshold_pct": "The percentage of use at which a file system is bad",
        "memory_threshold_pct": "The percentage of use at which the memory is bad",
        "systemd_units": "Units of the system's manager that have to be active",
        "systemd_user_units": "Units of the user's own manager that have to be active",
    }
    outputs: ClassVar[Mapping[str, str]] = {
        "disk": "How full the fullest file system is, and each one under `paths`",
        "memory": "How much memory is in use",
        "systemd-units": "The state of each unit, and which are not active",
    }

    def run(self, config: dict[str, Any]) -> TaskResult:
        """Make every check; one that cannot be made has failed, and keeps no other from it."""
        details = {check: _CHECKS[check](config) for check in _wanted(config)}
        bad = [_said(check, found) for check, found in details.items() if not found["ok"]]
        good = ", ".join(details) or "nothing was asked for"
        return TaskResult(not bad, "; ".join(bad) or f"All is well: {good}", details)

    def dry_run(self, config: dict[str, Any]) -> TaskResult:
        """Say what would be looked at."""
        wanted = _wanted(config)
        summary = f"Would look at {', '.join(wanted) or 'nothing'}"
        return TaskResult(True, summary, {"checks": wanted}, dry_run=True)


def _wanted(config: Mapping[str, Any]) -> list[str]:
    usual = ["disk", "memory", *(["systemd-units"] if _units(config) else [])]
    return list(dict.fromkeys(config.get("checks", usual)))


def _said(check: str, found: Mapping[str, Any]) -> str:
    """Return what is wrong, in words."""
    if check == "systemd-units":
        states = found["unit_states"]
        bad = ", ".join(f"{name} is {states[name]}" for name in found["failed_units"])
        return f"{bad} ({found['error']})" if "error" in found else bad
    if check == "memory":
        return _too_much("the memory", found)
    looked_at = found.get("paths", {found["path"]: found})
    bad_ones = {path: one for path, one in looked_at.items() if not one["ok"]}
    return "; ".join(_too_much(f"the disk of {path}", one) for path, one in bad_ones.items())


def _too_much(what: str, found: Mapping[str, Any]) -> str:
    if "error" in found:
        return str(found["error"])
    inodes = found.get("inodes_used_pct", 0)
    share = f"{found['used_pct']} %" if found["used_pct"] >= inodes else f"{inodes} % of its inodes"
    return f"{what} is used to {share}, and {found['threshold']:g} % is the limit"


def _disk(config: Mapping[str, Any]) -> dict[str, Any]:
    """Check every file system; the worst one is the result."""
    threshold = config.get("disk_threshold_pct", _USUAL_PCT)
    paths = config.get("disk_paths", ["/"])
    found = {path: _within_patience(path, threshold) for path in paths}
    for path, usage in found.items():
        usage["path"] = path
    worst = min(found.values(), key=lambda one: (one["ok"], -one.get("used_pct", 101)))
    return worst if len(found) == 1 else {**worst, "paths": found}


def _usage(path: str, threshold: float) -> dict[str, Any]:
    try:
        found = os.statvfs(path)
    except OSError as error:
        return {"ok": False, "error": f"{path} cannot be looked at: {error.strerror}"}
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    free = found.f_bavail * found.f_frsize
    share = _share(used, used + free)  # as df counts: nobody can fill what is reserved for root
    inodes = _share(found.f_files - found.f_ffree, found.f_files)
    return {
        "ok": max(share, inodes) < threshold,
        "used_pct": int(share),
        "threshold": threshold,
        "total_gb": _gib(found.f_blocks * found.f_frsize),
        "used_gb": _gib(used),
        "free_gb": _gib(free),
        "inodes_used_pct": int(inodes),
    }


def _within_patience(path: str, threshold: float) -> dict[str, Any]:
    """Return the use of a file system; a server that is gone can hold up a look at it for ever."""
    found: list[dict[str, Any]] = []
    looking = threading.Thread(target=lambda: found.append(_usage(path, threshold)), daemon=True)
    looking.start()
    looking.join(_PATIENCE_SECONDS)
    if not found:
        return {"ok": False, "error": f"{path} does not answer within {_PATIENCE_SECONDS:g} s"}
    return found[0]


def _memory(config: Mapping[str, Any]) -> dict[str, Any]:
    threshold = config.get("memory_threshold_pct", _USUAL_PCT)
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":", 1) for line in file)
        total = int(fields["MemTotal"].split()[0]) * 1024
        used = total - int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError) as error:
        return {"ok": False, "error": f"/proc/meminfo cannot be read: {error}"}
    return {
        "ok": _share(used, total) < threshold,
        "used_pct": int(_share(used, total)),
        "threshold": threshold,
        "total_gb": _gib(total),
        "used_gb": _gib(used),
    }


def _share(part: int, whole: int) -> float:
    return part * 100 / whole if whole else 0.0


def _gib(size: int) -> float:
    return round(size / _GIB, 1)


def _systemd_units(config: Mapping[str, Any]) -> dict[str, Any]:
    """Ask both managers; a unit whose state cannot be learned is not taken for active."""
    units = _units(config)
    if not units:
        return {"ok": True, "note": "no units are named"}
    states: dict[str, str] = {}
    errors = []
    for prefix, names in units.items():
        try:
            states |= {prefix + name: state for name, state in _asked(prefix, names).items()}
        except Exception as error:  # noqa: BLE001  (the bus, its library, or neither is there)
            errors.append(str(getattr(error, "sentence", error)))
            states |= {prefix + name: "unknown" for name in names}
    bad = [name for name, state in states.items() if state not in _GOOD_STATES]
    found = {"ok": not bad, "failed_units": bad, "unit_states": states}
    return {**found, "error": " ".join(errors)} if errors else found


def _units(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of the units by the prefix that tells the managers apart."""
    named = {"": config.get("systemd_units"), "user:": config.get("systemd_user_units")}
    return {prefix: [_whole(name) for name in names] for prefix, names in named.items() if names}


def _whole(name: str) -> str:
    return name if name.endswith(_SUFFIXES) else f"{name}.service"


def _asked(prefix: str, names: Sequence[str]) -> dict[str, str]:
    from docket.systemd.activity import active_states  # noqa: PLC0415  (pystemd, for few)

    return active_states(names, os.environ, system=not prefix)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "disk": _disk,
    "memory": _memory,
    "systemd-units": _systemd_units,
}
