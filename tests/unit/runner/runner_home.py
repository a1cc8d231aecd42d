"""A home with plans written by hand, and the real `docket exec` run on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docket.model.plan import Channel, Hook, Notify, Plan, PythonTarget, Source
from docket.notify import registry
from docket.paths import exec_command
from docket.store.reader import Reader, open_reader

DEFAULTS: dict[str, Any] = {
    "inputs": [],
    "service": [],
    "service_unsaid": [],
    "instance": "",
    "system": False,
    "unit_hashes": {},
    "sources": [],
    "dry_run_argv": [],
    "python": None,
    "output_format": "text",
    "parse_errors": "fail",
    "env": {},
    "env_files": [],
    "env_credentials": {},
    "path_variable": "/usr/local/bin:/usr/bin:/bin",
    "cwd": "",
    "run_as": None,
    "required_env": [],
    "secrets": [],
    "secret_values": [],
    "success_exit_codes": [0],
    "exit_codes": {},
    "timeout_seconds": 60.0,
    "attempt_timeout_seconds": None,
    "idle_timeout_seconds": None,
    "grace_seconds": 1.0,
    "hook_timeout_seconds": 40.0,
    "delivery_pause_seconds": 0.05,
    "retry": 0,
    "retry_on": [],
    "backoff_base": 2.0,
    "backoff_max_seconds": 60.0,
    "overlap": "skip",
    "depends_on": [],
    "after": [],
    "followers": [],
    "paths": [],
    "require": [],
    "once_per": "",
    "group": "",
    "group_slots": 0,
    "hooks": [],
    "notify": None,
    "denied_to": {},
    "closed_to_agents": "",
    "sandbox": {},
    "policy": {},
    "needs_systemd": False,
    "calendars": [],
    "zone": "",
    "one_shot": False,
    "catch_up": True,
    "slack_seconds": 1.0,
    "spans": False,
    "log_max_bytes": 10 * 1024 * 1024,
    "plan_hash": "f" * 16,
}


# For tests in which attempts follow each other and the waits between them do not matter.
AT_ONCE: dict[str, Any] = {"backoff_max_seconds": 0.05}
NOTIFY: dict[str, Any] = {
    "on": ["failure"],
    "message": "",
    "remind_after_seconds": 86400.0,
    "recovery": True,
    "triggers": [],
    "attach_output_bytes": 0,
    "timeout_seconds": 40.0,
}


class Home:
    """A Docket home in a temporary directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state_db = path / "state.db"
        self.lock_dir = path / "locks"
        self.log_dir = path / "logs"
        (path / "plans").mkdir(parents=True, mode=0o700)
        self.environ = {"PATH": os.environ["PATH"], "HOME": str(path), "LANG": "C.UTF-8"}
        self._gates: list[Path] = []

    def gate(self, name: str = "gate") -> Path:
        """Return a file that is missing until the test makes it, or is over."""
        self._gates.append(self.path / name)
        return self._gates[-1]

    def open_gates(self) -> None:
        """Let every job go on that waits for a gate: its runner may have been killed."""
        for gate in self._gates:
            gate.touch()

    def plan(self, task: str, *argv: str, **values: Any) -> Plan:
        """Write the plan of a task; `hooks` are (kind, command), `python` is (path, class)."""
        known = {**DEFAULTS, **values}
        known["hooks"] = [Hook(*hook) for hook in known["hooks"]]
        if known["notify"] is not None:
            channels = [
                Channel(kind, dict(options), registry.channel(kind).monitors)
                for kind, options in known["notify"]["channels"]
            ]
            known["notify"] = Notify(**{**NOTIFY, **known["notify"], "channels": channels})
        if known["python"] is not None:
            path, name, *config = known["python"]
            known["python"] = PythonTarget(str(path), name, config[0] if config else {})
        plan = Plan(
            task=task,
            argv=list(argv),
            home=str(self.path),
            config_path=str(self.path / "config.yaml"),
            state_db=str(self.state_db),
            log_dir=str(self.log_dir),
            lock_dir=str(self.lock_dir),
            unit=f"docket-{task}.service",
            timer_unit=f"docket-{task}.timer",
            **known,
        )
        file = self.path / "plans" / f"{task}.json"
        file.write_text(plan.to_text())
        file.chmod(0o600)
        return plan

    def words(self, task: str, *options: str) -> list[str]:
        """Return the command line of `docket exec` in this home."""
        return [*exec_command(), task, "--home", str(self.path), *options]

    def start(
        self, task: str, *options: str, environ: Mapping[str, str] | None = None, **more: Any
    ) -> subprocess.Popen[bytes]:
        """Start `docket exec` and return the process."""
        return subprocess.Popen(
            self.words(task, *options),
            env={**self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **more,
        )

    def run(
        self, task: str, *options: str, environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `docket exec` to its end."""
        process = self.start(task, *options, environ=environ)
        out, err = process.communicate(timeout=50)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ask(self, question: Callable[[Reader], Any]) -> Any:
        """Ask the store something."""
        with open_reader(str(self.state_db)) as reader:
            return question(reader)

    def counts(self, task: str) -> dict[str, int]:
        """Return how many runs of the task there are in each status."""
        runs = self.ask(lambda reader: reader.runs(task, limit=1000))
        return dict(Counter(str(run.status) for run in runs))

    def only_run(self) -> Any:
        """Return the one run that the store holds."""
        runs = self.ask(lambda reader: reader.runs())
        assert len(runs) == 1, runs
        return runs[0]

    def result(self, task: str, *options: str, **more: Any) -> dict[str, Any]:
        """Run `docket exec` and return the document that it hands over."""
        reader, writer = os.pipe()
        os.set_inheritable(writer, True)
        process = self.start(task, "--result-fd", str(writer), *options, pass_fds=(writer,), **more)
        os.close(writer)
        with open(reader, encoding="utf-8") as pipe:
            text = pipe.read()
        process.communicate(timeout=50)
        document: dict[str, Any] = json.loads(text)
        document["returncode"] = process.returncode
        return document


def wait_until(condition: Callable[[], Any], seconds: float = 40.0) -> Any:
    """Return what the condition gives once it is true; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
    return found


def source_of(path: Path) -> Source:
    """Return the identity of a file as a plan holds it."""
    found = path.stat()
    return Source(str(path), found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def alive(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


PYTHON = sys.executable
