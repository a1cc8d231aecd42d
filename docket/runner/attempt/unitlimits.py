"""Which limits of its unit a run passed, as the counters of its control group show."""

from __future__ import annotations

import os

from docket.runner.attempt.killing import own_cgroup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_ROOT = "/sys/fs/cgroup"
_HIERARCHIES = ("/unified", "/systemd")  # where processes are kept beside the older hierarchies
_V1_UNLIMITED = 1 << 60  # memory.limit_in_bytes is some pages below 2**63 if there is no limit
_MIB = 1024 * 1024


class UnitCounters:
    """What the kernel counted for one unit since it started.

    `memory_kills` are the processes that it killed for memory, `refused_forks` those that could
    not begin. A limit is None if the unit has none, a peak None if the kernel keeps none.
    """

    __slots__ = (
        "memory_kills",
        "memory_limit",
        "memory_peak",
        "refused_forks",
        "tasks_limit",
        "tasks_peak",
    )

    def __init__(self, directory: str | None = None) -> None:
        """Read the counters of the control group `directory`; all are 0 for None."""
        self.memory_kills = self.refused_forks = 0
        self.memory_limit: int | None = None
        self.memory_peak: int | None = None
        self.tasks_limit: int | None = None
        self.tasks_peak: int | None = None
        if directory is not None:
            self._read_memory(directory)
            self._read_tasks(directory)

    @classmethod
    def of_unit(cls, unit: str | None) -> UnitCounters:
        """Return the counters of our own unit; all 0 if this process is in no unit."""
        return cls(own_cgroup(unit) if unit else None)

    def passed_since(self, before: UnitCounters) -> list[dict[str, Any]]:
        """Return the limits that were passed since `before`: limit, value and peak of each."""
        found = []
        if self.memory_limit is not None and self.memory_kills > before.memory_kills:
            found.append(_passed("memory", self.memory_limit, self.memory_peak))
        if self.tasks_limit is not None and self.refused_forks > before.refused_forks:
            found.append(_passed("tasks", self.tasks_limit, self.tasks_peak))
        return found

    def _read_memory(self, unified: str) -> None:
        directory = _controller(unified, "memory", "memory.events")
        if directory is not None:
            self.memory_kills = _field(f"{directory}/memory.events", "oom_kill")
            self.memory_limit = _number(f"{directory}/memory.max")
            self.memory_peak = _number(f"{directory}/memory.peak")
            return
        directory = _controller(unified, "memory", "memory.oom_control")
        if directory is not None:
            self.memory_kills = _field(f"{directory}/memory.oom_control", "oom_kill")
            limit = _number(f"{directory}/memory.limit_in_bytes")
            self.memory_limit = None if limit is None or limit > _V1_UNLIMITED else limit
            self.memory_peak = _number(f"{directory}/memory.max_usage_in_bytes")

    def _read_tasks(self, unified: str) -> None:
        directory = _controller(unified, "pids", "pids.events")
        if directory is not None:
            self.refused_forks = _field(f"{directory}/pids.events", "max")
            self.tasks_limit = _number(f"{directory}/pids.max")
            self.tasks_peak = _number(f"{directory}/pids.peak")


def limits_in_words(passed: list[dict[str, Any]]) -> str:
    """Return the limits that were passed, as one sentence."""
    amounts = " and of ".join(_amount(one["limit"], one["value"]) for one in passed)
    return f"Passed its limit of {amounts}."


def _amount(limit: str, value: int) -> str:
    return f"{value / _MIB:g} MiB of memory" if limit == "memory" else f"{value} {limit}"


def _passed(limit: str, value: int, peak: int | None) -> dict[str, Any]:
    return {"limit": limit, "value": value, "peak": peak}


def _controller(unified: str, name: str, file: str) -> str | None:
    """Return the directory of a controller for the group `unified` that has `file`."""
    relative = unified.removeprefix(_ROOT)
    for prefix in _HIERARCHIES:
        relative = relative.removeprefix(prefix)
    for directory in (unified, f"{_ROOT}/{name}{relative}"):
        if os.path.exists(f"{directory}/{file}"):
            return directory
    return None


def _field(path: str, name: str) -> int:
    try:
        with open(path, encoding="ascii") as file:
            return int(dict(line.split() for line in file).get(name, "0"))
    except (OSError, ValueError):
        return 0


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as file:
            return int(file.read())
    except (OSError, ValueError):  # "max" means no limit
        return None
