"""list, describe and capabilities: what is shown of tasks, and what is kept private."""

from __future__ import annotations

import json
import os

import pytest

from docket.app.status.capabilities import capabilities
from docket.app.status.describe import describe
from docket.app.status.list import list_tasks
from docket.cli.render.layout.screen import Screen
from docket.cli.render.list import tasks_text
from docket.cli.selfdescription import forms
from docket.errors import (
    BrokenTaskError,
    NameRefusedError,
    UnknownTaskError,
)
from docket.model.names import timer_unit
from docket.tasks.builtin import BUILT_IN
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid

CONFIG = """
tasks:
  sync:
    type: command
    description: Copy what matters
    command: [rsync, -a, --password-file=/etc/p, https://me:hunter2@host/x]
    args: [--api-key, hunter2]
    schedule: ["0 2 * * *", {every: 6h}]
    timezone: Europe/Berlin
    env: {LANG: C, WHERE: hunter2-by-env}
    on_failure: "curl https://hooks.slack.com/services/hunter2"
    inputs: {token: The token to use}
    outputs: {n: How many}
    required_env: [API_TOKEN]
    network: true
    agent_notes: Ask first
    limits: {memory: 100M, cpu: 50}
    retry: 2
  plain: {type: command, command: "true", enabled: false, schedule: "@daily"}
  broken: {type: command, retry: -1}
"""
CONTRACT_KEYS = {
    "name",
    "description",
    "agent_notes",
    "inputs",
    "outputs",
    "schema",
    "required_env",
    "destructive",
    "network",
    "configured",
    "config",
}


def test_every_task_is_listed_the_broken_ones_too(home: Home) -> None:
    home.config(CONFIG)
    run_id = home.record("sync", "failed")
    home.record("sync", "skipped")
    documents = require_valid("list", list_tasks(home.session).document())
    broken, plain, sync = documents
    assert [task["name"] for task in (broken, plain, sync)] == ["broken", "plain", "sync"]
    assert broken["broken"]
    assert broken["problems"]
    assert (plain["enabled"], plain["last_run"]) == (False, None)
    assert sync["last_run"]["run_id"] == run_id
    assert sync["last_run"]["last_run"] > sync["last_run"]["started_at"]
    assert sync["schedule"] == ["0 2 * * *", "every: 6h"]


def test_a_timer_that_is_not_installed_is_marked(home: Home) -> None:
    home.config(CONFIG)
    found = list_tasks(home.session)
    installed = {task.name: task.installed for task in found.tasks}
    assert installed == {"broken": None, "plain": None, "sync": False}
    text = tasks_text(found, Screen(None, colour=False, unicode=True, now_us=0))
    assert "not installed (0 2" in text
    assert "1 task is not installed.\n" in text
    home.file(os.path.join(home.paths.unit_dir, timer_unit("sync", home.paths.instance_key)), "")
    assert {task.installed for task in list_tasks(home.session).tasks} == {None, True}


def test_built_in_tasks_are_listed_only_if_they_are_configured_or_have_run(home: Home) -> None:
    home.config("tasks: {}\n")
    assert list_tasks(home.session).rows() == []
    home.record("backup")
    home.config("tasks:\n  health-check: {checks: [disk]}\n")
    documents = require_valid("list", list_tasks(home.session).document())
    assert [document["name"] for document in documents] == ["backup", "health-check"]


def test_a_store_that_is_broken_does_not_hide_the_tasks(home: Home) -> None:
    home.config(CONFIG)
    home.file(home.paths.state_db, "no database " * 100)
    found = list_tasks(home.session)
    assert len(found.tasks) == 3
    assert any(home.paths.state_db in str(warning) for warning in found.warnings)


def test_without_a_config_the_built_in_tasks_are_listed(home: Home) -> None:
    listed = [row["name"] for row in list_tasks(home.session).rows()]
    assert listed == sorted(task.name for task in BUILT_IN)


def test_without_a_usable_config_the_list_is_an_error_with_what_is_known(home: Home) -> None:
    home.config("tasks: [")
    home.record("sync")
    document = require_valid("error", list_tasks(home.session).document())
    assert [task["name"] for task in document["tasks"]] == ["sync"]


def test_a_task_is_described_with_every_key_of_the_contract(home: Home) -> None:
    home.config(CONFIG)
    document = require_valid("describe", describe(home.session, "sync").document())
    assert document.keys() >= CONTRACT_KEYS
    assert document["inputs"] == {"token": "The token to use"}
    assert document["required_env"] == ["API_TOKEN"]
    assert (document["network"], document["destructive"], document["configured"]) == (
        True,
        False,
        True,
    )
    assert document["agent_notes"] == "Ask first"
    assert document["contract"]["retry"] == 2
    assert document["contract"]["limits"]["memory"] == "100M"
    assert document["contract"]["env"] == ["LANG", "WHERE"]
    assert document["units"]["timer"] == "docket-sync.timer"


def test_no_secret_is_shown_of_a_task(home: Home) -> None:
    home.config(CONFIG)
    described = describe(home.session, "sync").document()
    able = capabilities(home.session, ()).document()
    for document in (described, able):
        assert "hunter2" not in json.dumps(document)
        assert "redacted" in json.dumps(document)


def test_a_task_that_cannot_be_used_is_shown_with_its_mistakes(home: Home) -> None:
    home.config(CONFIG)
    with pytest.raises(BrokenTaskError) as caught:
        describe(home.session, "broken")
    document = require_valid("error", caught.value.document())
    assert len(document["problems"]) >= 1
    assert all(problem["line"] for problem in document["problems"])


def test_names_are_looked_up_with_care(home: Home) -> None:
    home.config(CONFIG)
    with pytest.raises(UnknownTaskError) as caught:
        describe(home.session, "snyc")
    assert caught.value.hint == "Did you mean 'sync'?"
    with pytest.raises(NameRefusedError):
        describe(home.session, "../sync")


def test_another_home_has_other_units(home: Home) -> None:
    home.config("instance: second\n" + CONFIG)
    found = describe(home.session, "sync")
    assert found.service_unit == "docket-second@sync.service"


def test_an_agent_finds_commands_places_and_tasks(home: Home) -> None:
    home.config(CONFIG)
    document = require_valid("capabilities", capabilities(home.session, forms()).document())
    assert (document["tool"], document["agent_contract_version"]) == ("docket", 1)
    assert "run <task>" in [command["name"] for command in document["commands"]]
    assert document["config"]["state_dir"] == home.paths.state_db
    assert document["config"]["logs_dir"] == home.paths.log_dir
    assert document["config"]["tasks_dir"] == home.paths.task_dir
    assert [task["name"] for task in document["tasks"]] == ["plain", "sync"]
    assert document["built_in"] == sorted(task.name for task in BUILT_IN)
    assert all(task.keys() >= CONTRACT_KEYS for task in document["tasks"])
    assert {problem["task"] for problem in document["problems"]} == {"broken"}


def test_looking_makes_no_file(home: Home) -> None:
    home.config(CONFIG)
    list_tasks(home.session)
    describe(home.session, "sync")
    capabilities(home.session, ())
    assert os.listdir(home.paths.home) == ["config.yaml"]


DROP_IN = """
from docket.task import BaseTask, TaskResult

class Fetch(BaseTask):
    name = "fetch"
    description = "Fetch invoices"
    inputs = {"url": "Where from"}
    required_env = ["API_TOKEN"]
    network = True
    destructive = True

    def run(self, config):
        return TaskResult(ok=True, summary="done")
"""


def test_drop_in_tasks_are_shown_beside_those_of_the_config(home: Home) -> None:
    home.config("tasks: {}\n")
    home.file(os.path.join(home.paths.task_dir, "fetch.py"), DROP_IN)
    os.chmod(home.paths.task_dir, 0o700)
    documents = require_valid("list", list_tasks(home.session).document())
    [listed] = documents
    assert (listed["name"], listed["description"]) == ("fetch", "Fetch invoices")
    document = require_valid("describe", describe(home.session, "fetch").document())
    assert (document["type"], document["configured"]) == ("python", False)
    assert (document["network"], document["destructive"]) == (True, True)
    assert document["inputs"] == {"url": "Where from"}
    assert document["required_env"] == ["API_TOKEN"]
    assert document["config"] == {}


def test_a_drop_in_that_does_not_import_breaks_only_itself(home: Home) -> None:
    home.config("tasks:\n  plain: {type: command, command: 'true'}\n")
    home.file(os.path.join(home.paths.task_dir, "bad.py"), "import nonexistent_module_here\n")
    documents = require_valid("list", list_tasks(home.session).document())
    told = [(task["name"], task["broken"]) for task in documents]
    assert told == [("bad", True), ("plain", False)]
    with pytest.raises(BrokenTaskError, match="nonexistent_module_here"):
        describe(home.session, "bad")
    assert describe(home.session, "plain").task.name == "plain"
