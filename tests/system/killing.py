"""Kills runners at random moments of their lives, and counts the outcomes of the runs.

Run as `python -m tests.system.killing DOCKET KILLS TASKS SEED HOOK_FILE [--system]` where a service
manager runs the units of tasks named `victim-0`, `victim-1` ... Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from typing import Any

_MOST_STARTS_PER_KILL = 40
_LONGEST_LIFE = 0.35  # seconds; a victim's life is some 0.2, so that some kills come too late


class Victims:
    """The units that are started and whose processes are killed."""

    def __init__(self, docket: str, count: int, source: random.Random) -> None:
        self.docket = docket
        self.source = source
        self.tasks = [f"victim-{number}" for number in range(count)]
        self.starts = 0
        self.hits: Counter[str] = Counter()
        root = self._systemctl("show", "-p", "ControlGroup", "--value", "--", "-.slice").strip()
        self._cgroup = f"/sys/fs/cgroup{root.rstrip('/')}/docket.slice"

    def round(self) -> None:
        """Start every victim, kill a docket process of each at some moment, await the end."""
        units = [f"docket-{task}.service" for task in self.tasks]
        self._systemctl("reset-failed", *units)
        self._systemctl("start", "--no-block", *units)
        self.starts += len(units)
        begun = time.monotonic()
        moments = sorted((self.source.uniform(0, _LONGEST_LIFE), unit) for unit in units)
        for moment, unit in moments:
            time.sleep(max(0.0, begun + moment - time.monotonic()))
            self._kill_one(unit)
        self._await_end(units)

    def killed(self) -> int:
        """Return how many runners and finalizers were killed so far."""
        return self.hits["runner"] + self.hits["finalizer"]

    def _kill_one(self, unit: str) -> None:
        try:
            with open(f"{self._cgroup}/{unit}/cgroup.procs") as file:
                pids = [int(line) for line in file]
        except OSError:
            self.hits["not there"] += 1
            return
        for pid in pids:
            words = _words(pid)
            if any(word.endswith("libexec/docket") for word in words):
                self.hits["finalizer" if "--finalize" in words else "runner"] += 1
                os.kill(pid, signal.SIGKILL)
                return
        self.hits["too late" if not pids else "before python"] += 1

    def _await_end(self, units: list[str]) -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            shown = self._systemctl("show", "-p", "ActiveState", "--value", *units).split()
            if all(state in ("inactive", "failed") for state in shown):
                return
            time.sleep(0.05)
        raise SystemExit("a unit did not come to its end")

    def _systemctl(self, *words: str) -> str:
        scope = [] if os.getuid() == 0 else ["--user"]
        done = subprocess.run(
            ["systemctl", *scope, *words], capture_output=True, text=True, check=False
        )
        return done.stdout


def verdict(victims: Victims, hook_file: str) -> dict[str, Any]:
    """Read the record as anybody would, and compare it with what was started."""
    runs = _settled(victims)
    with open(hook_file, encoding="utf-8") as file:
        called = Counter(file.read().split())
    states = {
        run["run_id"]: [hook["state"] for hook in _of_run(victims, run["run_id"])["hooks"]]
        for run in runs
        if called[run["run_id"]] != 1
    }
    return {
        "started": victims.starts,
        "rows": len(runs),
        "hits": dict(victims.hits),
        "ends": dict(Counter(f"{run['status']}/{run['error_code']}" for run in runs)),
        "open": [run["run_id"] for run in runs if run["status"] in ("running", "pending")],
        "hooks_twice": [run_id for run_id, count in called.items() if count > 1],
        "hooks_never": [run_id for run_id, hooks in states.items() if hooks != ["started"]],
        "hooks_cut_off": sum(hooks == ["started"] for hooks in states.values()),
    }


def _settled(victims: Victims) -> list[dict[str, Any]]:
    """Return all runs once no hook is at work any more."""
    for _ in range(3):
        runs = _answer(victims, "runs", "--limit", "100000")
        time.sleep(1.0)
    found: list[dict[str, Any]] = runs
    return found


def _of_run(victims: Victims, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = _answer(victims, "status", "--run-id", run_id)
    return found


def _answer(victims: Victims, *words: str) -> Any:
    scope = ["--system"] if os.getuid() == 0 else []
    done = subprocess.run(
        [victims.docket, *scope, "--json", *words], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def _words(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")
    except OSError:
        return []


def main(words: list[str]) -> int:
    """Kill as often as asked for, and print the outcomes."""
    docket, kills, tasks, seed, hook_file = words[:5]
    victims = Victims(docket, int(tasks), random.Random(int(seed)))
    # A busy machine starts victims late, and more of the kills find nobody.
    while victims.killed() < int(kills) and victims.starts < _MOST_STARTS_PER_KILL * int(kills):
        victims.round()
    print(json.dumps(verdict(victims, hook_file)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
