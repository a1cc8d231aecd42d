"""One tour through every command, on a rich config, that this program and the older one both take.

The older program is docket-cli 0.2.2. The tour asks for JSON in the only way that it understands:
with `--json` before the verb.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.warm import called

CONFIG = """
tasks:
  hello:
    type: command
    description: Says hello
    agent_notes: Harmless.
    command: [echo, hello]
    args: [world]
    inputs: {who: Who is greeted}
    outputs: {stdout: The greeting}
    network: false
    destructive: false
    env: {GREETING: hi, COUNT: 3}
  failing:
    type: command
    command: [sh, -c, "echo out; echo err >&2; exit 3"]
    retry: 1
    backoff_base: 0.01
    on_failure: "echo failure hook"
    on_complete: [echo complete hook, {type: shell, command: echo second}]
  asjson:
    type: command
    command: [sh, -c, "echo '{\\"records\\": 3}'"]
    output_format: json
  lines:
    type: command
    command: [printf, '{"event": "start"}\\n{"type": "end", "n": 2}\\n']
    output_format: jsonl
  guessed:
    type: command
    command: [sh, -c, "echo '[1, 2]'"]
    output_format: auto
  previewed:
    type: command
    command: [echo, real]
    dry_run_args: [--dry]
  silent:
    type: command
    command: [sleep, "30"]
    timeout_seconds: 0.5
  needy:
    type: command
    command: [echo, x]
    required_env: [TOUR_NOT_SET]
  absent:
    type: command
    command: no-such-program-anywhere
  codes:
    type: command
    command: [sh, -c, "exit 4"]
    success_exit_codes: [0, 4]
    cwd: /
  slow:
    type: command
    command: [sleep, "6"]
  endless:
    type: command
    command: [sleep, "60"]
  needs-failing:
    type: command
    command: [echo, never]
    depends_on: [failing]
  hooked:
    type: command
    command: [echo, x]
    on_success: ["echo ok $DOCKET_STATUS"]
    on_complete:
      - {type: agent, url: "http://127.0.0.1:9/hook", message: "{task_name} {status}"}
    notify:
      "on": [success, failure]
      message: "{task} {status}: {summary} ({run_id})"
      discord: {webhook_url_env: TOUR_NOT_SET_EITHER, username: Docket}
      telegram: {chat: "123456789", bot_token_env: TOUR_NOT_SET_EITHER}
  timed:
    type: command
    command: [echo, scheduled]
    schedule: "*/15 * * * *"
  backup:
    source: {home}/data
    remote: {home}/mirror
    tool: rsync
    extra_args: [--itemize-changes]
    idle_timeout_seconds: 60
    schedule: "0 2 * * *"
  hbackup:
    action: auto
    idle_timeout_seconds: 60
  health-check:
    checks: [disk, memory, systemd-units]
    disk_threshold_pct: 100
    memory_threshold_pct: 100
    systemd_units: [tour.service]
"""

HBACKUP = """#!/bin/sh
case "$1" in --version) echo "hbackup 1.2.3"; exit 0;; esac
echo "hbackup $*"
echo "Archive: $HOME/backups/state.tar.zst (12 files, 3.4 MB)" >&2
"""

RUN_ID = re.compile(r"^[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}$")


class Step(NamedTuple):
    """What one command line answered: its exit code, and the JSON of its standard output."""

    exit_code: int
    document: Any
    words: tuple[str, ...]


class Tour:
    """Calls one program in a home of its own, and keeps every answer under a name.

    Without a program it is the Docket of this checkout.
    """

    def __init__(
        self, program: Sequence[str] | None, home: Path, environ: Mapping[str, str]
    ) -> None:
        self.answers: dict[str, Step] = {}
        self._program = program
        self._environ = {"PATH": f"{home}/bin:/usr/bin:/bin", "HOME": str(home), **environ}
        self._environ.setdefault("LANG", "C.UTF-8")
        _furnish(home)

    def take(self, name: str, *words: str) -> Any:
        """Call the program for JSON and keep what it answers under `name`."""
        done = self._called(["--json", *words])
        assert b"Traceback" not in done.stderr, (words, done.stderr)
        document = json.loads(done.stdout) if done.stdout.strip() else None
        self.answers[name] = Step(done.returncode, document, words)
        return document

    def _called(self, words: list[str]) -> subprocess.CompletedProcess[bytes]:
        if self._program is None:
            return called(words, self._environ, self._environ["HOME"])
        return subprocess.run(
            [*self._program, *words],
            cwd=self._environ["HOME"],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def go(self) -> dict[str, Step]:
        """Take the whole tour and return its answers."""
        self._before_any_run()
        self._runs()
        self._in_the_background()
        self._looking_back()
        self._units()
        return self.answers

    def _before_any_run(self) -> None:
        self.take("list, nothing has run", "list")
        self.take("capabilities", "capabilities")
        for task in ("hello", "lines", "hooked", "backup", "hbackup", "health-check"):
            self.take(f"describe {task}", "describe", task)
        self.take("status, nothing has run", "status")
        self.take("status TASK, never run", "status", "hello")
        self.take("runs, none", "runs")
        self.take("health, nothing has run", "health")
        self.take("doctor", "doctor")
        self.take("doctor --agent", "doctor", "--agent")

    def _runs(self) -> None:
        for task in ("hello", "failing", "asjson", "lines", "guessed", "silent", "needy", "absent"):
            self.take(f"run {task}", "run", task)
        self.take("run hello again", "run", "hello", "--force")
        for task in ("codes", "hooked", "backup", "hbackup", "health-check"):
            self.take(f"run {task}", "run", task)
        self.take("run needs-failing", "run", "needs-failing")
        for task in ("hello", "previewed", "backup", "hbackup", "health-check"):
            self.take(f"run {task} --dry-run", "run", task, "--dry-run", "--force")

    def _in_the_background(self) -> None:
        receipt = self.take("run slow --async", "run", "slow", "--async")
        run_id = receipt["run_id"]
        assert RUN_ID.match(run_id)
        self._until_running(run_id)
        self.take("status --run-id, running", "status", "--run-id", run_id)
        self.take("wait, too short", "wait", run_id, "--timeout", "0.2")
        self.take("run slow, locked", "run", "slow")
        self.take("wait", "wait", run_id, "--poll-interval", "0.2", "--timeout", "30")
        self.take("logs", "logs", run_id)
        self.take("logs --tail", "logs", run_id, "--tail", "2")
        events = self.take("run lines --async", "run", "lines", "--async", "--force")
        self.take("wait, with events", "wait", events["run_id"], "--timeout", "30")
        self.take("events", "events", events["run_id"])
        self.take("events --limit", "events", events["run_id"], "--limit", "1")
        again = self.take("run slow --async, known duration", "run", "slow", "--async", "--force")
        endless = self.take("run endless --async", "run", "endless", "--async")["run_id"]
        self._until_running(endless)
        self.take("cancel", "cancel", endless)
        self.take("cancel, over already", "cancel", run_id)
        self.take("wait, known duration", "wait", again["run_id"], "--timeout", "30")

    def _until_running(self, run_id: str) -> None:
        for _ in range(100):
            seen = self.take("status --run-id, beginning", "status", "--run-id", run_id)
            if seen.get("status") == "running" and seen.get("details", {}).get("pid", 1):
                time.sleep(0.3)
                return
            time.sleep(0.1)
        raise AssertionError(f"{run_id} never ran: {seen}")

    def _looking_back(self) -> None:
        nobody = "20260101T000000000000Z-00000000"
        for verb in ("wait", "logs", "events", "cancel"):
            self.take(f"{verb}, not found", verb, nobody)
        self.take("status --run-id, not found", "status", "--run-id", nobody)
        self.take("list", "list")
        self.take("status", "status")
        self.take("status TASK", "status", "failing")
        self.take("runs", "runs", "--limit", "50")
        self.take("runs TASK", "runs", "failing", "--limit", "1")
        self.take("health", "health")
        self.take("doctor --agent, after runs", "doctor", "--agent")

    def _units(self) -> None:
        directory = os.path.join(self._environ["HOME"], "units")
        self.take("install --list", "install", "--list")
        self.take("install --output-dir", "install", "--output-dir", directory)
        self.take("install TASK without a schedule", "install", "hello", "--output-dir", directory)
        self.take("new-task", "new-task", "fetch-two", "--description", "Fetches two")


def _furnish(home: Path) -> None:
    """Put the config, the data and the stand-ins into the home."""
    for part in ("bin", ".docket", "data", "mirror"):
        (home / part).mkdir(parents=True, mode=0o700)
    (home / "data" / "one.txt").write_text("one\n")
    config = home / ".docket" / "config.yaml"
    config.write_text(CONFIG.replace("{home}", str(home)))
    config.chmod(0o600)
    program = home / "bin" / "hbackup"
    program.write_text(HBACKUP)
    program.chmod(0o755)
