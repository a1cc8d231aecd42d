"""What the older program's documentation shows is done here word for word, and works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.reference.defects.program import Program, until

# Every key of the documented configuration, in its documented shape; the places are a test's.
FULL = """
state_dir: ~/.docket/state.db
tasks_dir: ~/.docket/tasks
logs_dir: ~/.docket/logs
tasks:
  backup:
    source: {path}/data
    remote: {path}/mirror
    tool: rsync
    extra_args: []
    idle_timeout_seconds: 1800
    schedule: "0 2 * * *"
    retry: 3
    backoff_base: 2.0
    on_success: "echo 'Backup done' >> {path}/told"
    on_failure: "echo 'Backup failed' >> {path}/told"
    on_complete: "echo complete >> {path}/told"
    notify:
      on: [success, failure]
      discord:
        webhook_url_env: DISCORD_WEBHOOK_URL
      telegram:
        chat: "123456789"
        bot_token_env: TELEGRAM_BOT_TOKEN
    docket_bin: docket
  health-check:
    checks: [disk, memory, systemd-units]
    disk_threshold_pct: 100
    memory_threshold_pct: 100
    systemd_units: []
    schedule: "*/15 * * * *"
"""

COMMAND = """
tasks:
  fetch-invoices:
    type: command
    description: Fetch invoices with an importer
    command: invoice-fetcher
    args: ["--account", "main", "--jsonl"]
    dry_run_args: ["--account", "main", "--dry-run", "--json"]
    output_format: jsonl
    required_env: [INVOICE_API_TOKEN]
    inputs:
      account: Account slug to fetch
    outputs:
      events: JSONL progress and result events of the command
    network: true
    destructive: false
    notify:
      on: [success, failure]
      message: "{task} {status}: {summary} ({run_id})"
      discord:
        webhook_url_env: DISCORD_WEBHOOK_URL
        username: Docket
"""

HBACKUP = """
tasks:
  hbackup:
    action: auto
    hbackup_bin: hbackup
    idle_timeout_seconds: 1800
    schedule: "0 3 * * *"
    retry: 1
    on_complete: "echo complete >> {path}/told"
  backup:
    tool: hbackup
    hbackup_command: backup
    output: ~/backups/agents.tar.zst
    excludes: [target, .git]
"""

GOG = """
tasks:
  backup:
    tool: gog
    source: {path}/state
    account: you@example.com
    parent: FOLDER_ID
    archive_name: agents.tar.zst
    excludes:
      - state/workspace-*
      - state/cache
    idle_timeout_seconds: 1800
    required_env: [GOG_KEYRING_PASSWORD]
"""

MY_TASK = """
from docket.task import BaseTask, TaskResult

class MyTask(BaseTask):
    name = "my-task"
    description = "Does something useful"
    inputs = {"api_url": "API endpoint to fetch"}
    outputs = {"records_fetched": "Number of records fetched"}
    schema = {"api_url": {"type": "string", "required": True}}
    required_env = ["API_TOKEN"]
    network = True
    destructive = False

    def run(self, config: dict) -> TaskResult:
        return TaskResult(ok=True, summary="Done", details={"records_fetched": 12})

    def dry_run(self, config: dict) -> TaskResult:
        return TaskResult(ok=True, summary="Would do something", dry_run=True)
"""

FETCHER = """#!/bin/sh
case "$*" in
*--dry-run*) echo '{"event": "preview"}' ;;
*) echo '{"event": "start"}'; echo '{"event": "done", "count": 3}' ;;
esac
"""


@pytest.fixture
def docket(tmp_path: Path) -> Program:
    """Return the program in a home with something to back up."""
    program = Program(tmp_path / "person")
    program.file("data/one.txt", "one\n")
    (program.path / "mirror").mkdir()
    return program


def test_the_full_configuration_is_read_without_a_mistake(docket: Program) -> None:
    docket.config(FULL)
    document = docket.ask("check")
    assert document["ok"], document["problems"]
    assert sorted(document["tasks"]) >= ["backup", "health-check"]


def test_the_quick_demonstration_works(docket: Program) -> None:
    (docket.home / "config.yaml").unlink()
    docket.environ["EDITOR"] = "true"
    assert docket.say("configure").exit_code == 0
    docket.config(FULL)
    assert docket.say("--json", "capabilities").document["tool"] == "docket"
    preview = docket.say("run", "backup", "--dry-run")
    assert preview.exit_code == 2
    assert not list((docket.path / "mirror").iterdir())
    run_id = docket.say("run", "backup", "--async", "--json").document["run_id"]
    docket.say("wait", run_id)
    assert (docket.path / "mirror" / "one.txt").read_text() == "one\n"


def test_a_run_is_followed_as_documented(docket: Program) -> None:
    docket.config(FULL)
    assert docket.say("run", "backup").exit_code == 0
    receipt = docket.say("run", "backup", "--async", "--json").document
    run_id = receipt["run_id"]
    assert receipt["status"] == "running"
    for name in ("status_command", "wait_command", "logs_command"):
        done = subprocess.run(
            receipt[name].replace("docket", f"{sys.executable} -m docket", 1).split(),
            env=docket.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (name, done.stderr)
    for words in (
        ["status"],
        ["status", "backup"],
        ["runs", "backup"],
        ["runs", "--json"],
        ["logs", run_id],
        ["logs", run_id, "--follow"],
        ["events", run_id],
        ["events", run_id, "--json"],
        ["events", run_id, "--follow"],
        ["cancel", run_id],
        ["--json", "describe", "backup"],
        ["--json", "status", "--run-id", run_id],
    ):
        assert docket.say(*words).exit_code == 0, words
    assert (docket.path / "told").read_text().splitlines()[:2] == ["Backup done", "complete"]


def test_deliveries_are_listed_among_the_hooks(docket: Program) -> None:
    docket.config(FULL)
    hooks = docket.ask("run", "backup")["hooks"]
    labels = [hook["command"] for hook in hooks]
    assert labels[-2:] == ["notify:discord", "notify:telegram"]
    assert [hook["exit_code"] for hook in hooks[-2:]] == [-2, -2]


def test_the_command_task_is_fetched_previewed_and_read(docket: Program) -> None:
    docket.config(COMMAND)
    docket.file("bin/invoice-fetcher", FETCHER)
    docket.environ["INVOICE_API_TOKEN"] = "an-api-token-of-a-test"
    found = docket.ask("run", "fetch-invoices")
    details = found["details"]
    assert (details["event_count"], details["last_event"]["count"]) == (2, 3)
    events = docket.ask("events", found["run_id"])
    assert [event["event_type"] for event in events] == ["start", "done"]
    assert docket.say("run", "fetch-invoices", "--dry-run").exit_code == 2


def test_hbackup_is_previewed_and_started_as_documented(docket: Program) -> None:
    docket.config(HBACKUP)
    docket.file("bin/hbackup", '#!/bin/sh\necho "$*" >> "$HOME/asked"\n')
    assert docket.say("--json", "describe", "hbackup").exit_code == 0
    assert docket.say("--json", "run", "hbackup", "--dry-run").exit_code == 2
    receipt = docket.say("--json", "run", "hbackup", "--async", "--force").document
    docket.say("wait", receipt["run_id"])
    assert docket.say("run", "backup", "--dry-run").exit_code == 2
    asked = (docket.path / "asked").read_text().splitlines()
    assert asked[:2] == ["backup --dry-run", "auto"]
    assert (asked[2].split()[0], asked[2].split()[-1]) == ("backup", "--dry-run")


def test_gog_gets_an_archive_without_what_is_excluded(docket: Program) -> None:
    docket.config(GOG)
    for name in ("keep", "cache/no", "workspace-1/no"):
        docket.file(f"state/{name}", "x\n")
    docket.file(
        "bin/gog",
        '#!/bin/sh\necho "$*" > "$HOME/asked"\nfor word; do case "$word" in '
        '/*) tar --zstd -tf "$word" > "$HOME/listed";; esac; done\necho \'{"id": "f1"}\'\n',
    )
    docket.environ["GOG_KEYRING_PASSWORD"] = "a-keyring-password-of-a-test"
    assert docket.say("run", "backup", "--dry-run").exit_code == 2
    assert not (docket.path / "asked").exists()
    found = docket.ask("run", "backup")
    assert found["ok"], found
    asked = (docket.path / "asked").read_text()
    for words in ("drive upload", "--json", "--no-input", "--name agents.tar.zst"):
        assert words in asked
    assert "--parent FOLDER_ID" in asked
    listed = (docket.path / "listed").read_text()
    assert "state/keep" in listed
    assert "no" not in listed.replace("nothing", "")


def test_the_documented_class_is_a_task(docket: Program) -> None:
    docket.config("tasks: {my-task: {api_url: 'http://localhost/'}}\n")
    docket.file(".docket/tasks/my_task.py", MY_TASK)
    missing = docket.ask("run", "my-task")
    assert missing["details"]["missing_env"] == ["API_TOKEN"]
    docket.environ["API_TOKEN"] = "a-token-of-a-test"
    found = docket.ask("run", "my-task")
    assert (found["summary"], found["details"]) == ("Done", {"records_fetched": 12})
    assert docket.say("run", "my-task", "--dry-run").exit_code == 2


def test_the_scaffold_works_at_once(docket: Program) -> None:
    words = ["--json", "new-task", "fetch-invoices", "--description", "Fetch invoices"]
    document = docket.say(*words).document
    assert Path(document["path"]).name == "fetch_invoices.py"
    assert docket.say("run", "fetch-invoices").exit_code == 0


def test_units_are_previewed_and_written(docket: Program) -> None:
    docket.config(FULL)
    preview: dict[str, Any] = docket.ask("install", "--list")
    assert sorted(preview) == ["backup", "health-check"]
    assert docket.ask("install", "backup", "--list").keys() == {"backup"}


def test_the_installation_examines_itself(docket: Program) -> None:
    docket.config(FULL)
    checks = {check["check"] for check in docket.ask("doctor")["checks"]}
    assert checks >= {"config_file", "state_db", "task_discovery", "tasks_dir"}


def test_dry_runs_end_with_two_and_failures_with_one(docket: Program) -> None:
    docket.task("command: 'false'")
    assert docket.say("run", "job", "--dry-run").exit_code == 2
    assert docket.say("run", "job").exit_code == 1
    assert json.loads(docket.say("status", "job", "--json").out)["exit_code"] == 1
    assert until(lambda: docket.ask("runs", "job"))
