"""The command line as data is complete, and commands of docket-cli keep their names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from jsonschema import Draft202012Validator

from docket.app.text.schemafiles import output_names
from docket.cli.clickgroup import is_shared, program
from docket.cli.commandtable import VERBS
from docket.cli.selfdescription import command_detail, forms, input_names, input_schema
from docket.errorcodes import codes_and_causes
from docket.errors import UsageError
from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket

# What 0.2.2 offers to agents, by its names.
KNOWN = [
    "list",
    "capabilities",
    "new-task",
    "describe <task>",
    "run <task>",
    "run <task> --dry-run",
    "run <task> --async",
    "status --run-id <id>",
    "runs [task]",
    "wait <run_id>",
    "logs <run_id> [--follow]",
    "events <run_id>",
    "cancel <run_id>",
    "health",
]
CONFIG = """
tasks:
  fetch: {type: command, command: [/bin/true], inputs: {to: Where it goes}}
"""


def documents() -> dict[str, dict[str, Any]]:
    return {form.name: dict(form.document()) for form in forms()}


def details() -> dict[str, dict[str, Any]]:
    return {name: dict(command_detail(name).document()) for name in VERBS}


def test_every_command_of_docket_cli_is_found_by_its_name() -> None:
    found = documents()
    assert [name for name in KNOWN if name not in found] == []
    assert all(found[name]["json"] for name in KNOWN)
    assert all(found[name]["agent_use"] for name in KNOWN)


def test_no_command_is_left_out() -> None:
    """Of 0.2.2: install, configure, doctor and mcp were not listed."""
    assert {name.split()[0] for name in documents()} == set(VERBS)


@pytest.mark.parametrize("name", VERBS)
def test_every_parameter_of_a_command_is_described(name: str) -> None:
    group = program()
    command = group.get_command(click.Context(group), name)
    assert command is not None
    own = [p for p in command.params if not is_shared(p) and "--help" not in p.opts]
    document = command_detail(name).document()
    flags = {flag for option in document["options"] for flag in option["flags"]}
    assert flags == {
        f for p in own if isinstance(p, click.Option) for f in (*p.opts, *p.secondary_opts)
    }
    assert len(document["arguments"]) == sum(isinstance(p, click.Argument) for p in own)
    assert document["usage"].startswith(f"docket {name}")
    assert document["help"]
    assert all(option["help"] for option in document["options"])
    assert {"json", "home", "system"} <= {option["name"] for option in document["shared_options"]}


def test_each_form_names_the_schemas_of_its_answer() -> None:
    known = set(output_names())
    for document in documents().values():
        for key in ("output_schema", "line_schema"):
            reference = document[key]
            if reference is not None:
                assert reference["name"] in known
                assert os.path.exists(reference["path"])
    for name, detail in details().items():
        assert detail["input_schema"]["command"] == f"docket schema input {name}"
    found = documents()
    assert found["run <task> --async"]["output_schema"]["name"] == "run-async"
    assert found["logs <run_id> [--follow]"]["line_schema"]["name"] == "logs-follow"
    assert found["wait <run_id>"]["exit_codes"] == [0, 1, 130]
    assert found["run <task> --dry-run"]["exit_codes"] == [1, 2, 130]


def test_every_published_schema_is_named_by_some_command() -> None:
    named = {
        reference["name"]
        for document in documents().values()
        for reference in (document["output_schema"], document["line_schema"])
        if reference is not None
    }
    assert set(output_names()) - named == {"error"}


def test_kinds_and_defaults_are_those_of_the_options() -> None:
    options = {o["name"]: o for o in details()["run"]["options"]}
    assert options["launcher"]["choices"] == ["auto", "systemd", "direct"]
    assert (options["launcher"]["type"], options["launcher"]["default"]) == ("choice", "auto")
    assert (options["dry_run"]["type"], options["dry_run"]["default"]) == ("flag", False)
    assert (options["param"]["many"], options["param"]["metavar"]) == (True, "NAME=VALUE")
    limit = next(o for o in details()["runs"]["options"] if o["name"] == "limit")
    assert (limit["type"], limit["default"]) == ("integer", 20)
    timeout = next(o for o in details()["wait"]["options"] if o["name"] == "timeout")
    assert timeout["type"] == "span"


@pytest.mark.parametrize("name", VERBS)
def test_what_a_command_takes_is_a_schema(name: str) -> None:
    schema = input_schema(name)
    Draft202012Validator.check_schema(schema)
    assert set(schema["required"]) <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_a_schema_of_an_input_takes_what_the_command_takes() -> None:
    run = Draft202012Validator(input_schema("run"))
    assert run.is_valid({"task": "a", "dry_run": True})
    assert not run.is_valid({"dry_run": True})
    assert not run.is_valid({"task": "a", "launcher": "rocket"})
    wait = Draft202012Validator(input_schema("wait"))
    assert wait.is_valid({"run_ids": ["x"], "timeout": "5min"})
    assert not wait.is_valid({"run_ids": []})
    limit = Draft202012Validator(input_schema("runs"))
    assert not limit.is_valid({"limit": 0})
    with pytest.raises(UsageError) as caught:
        input_schema("rum")
    assert caught.value.hint == "did you mean run?"


def test_every_schema_can_be_printed(docket: Docket, config: Callable[[str], Path]) -> None:
    config(CONFIG)
    assert docket("schema", "input", "--json").document == input_names()
    assert docket("schema", "input", "run", "--json").document == input_schema("run")
    assert "fetch" in docket("schema", "task", "--json").document
    told = docket("schema", "errors", "--json").document
    require_valid("schema", told)
    assert told == [code.document() for code in codes_and_causes()]
    assert "task.unknown" in docket("schema", "errors").out
    for words in (("nope",), ("input", "nope"), ("config", "x"), ("errors", "x"), ("output", "x")):
        refused = docket("schema", *words, "--json")
        assert (refused.code, refused.document["error_code"]) == (1, "usage")
    assert docket("schema", "task", "nope", "--json").document["error_code"] == "task.unknown"


def test_what_a_task_takes_is_a_schema(docket: Docket, config: Callable[[str], Path]) -> None:
    config(CONFIG)
    schema = docket("schema", "task", "fetch", "--json").document
    Draft202012Validator.check_schema(schema)
    taken = Draft202012Validator(schema)
    entry = {"type": "command", "command": ["/bin/true"]}
    assert taken.is_valid({"config": entry, "params": {"to": "/srv"}})
    assert not taken.is_valid({"params": {"other": "/srv"}})
    assert not taken.is_valid({"config": {**entry, "retry": -1}})
    described = docket("describe", "fetch", "--json").document
    assert described["input_schema"] == "docket schema task fetch"


def test_the_rules_of_a_class_are_in_the_schema_of_its_task(
    docket: Docket, config: Callable[[str], Path], tmp_path: Path
) -> None:
    config("tasks: {photos: {folder: /srv, depth: 2}}")
    tasks = tmp_path / ".docket" / "tasks"
    tasks.mkdir(mode=0o700)
    (tasks / "photos.py").write_text(
        "from docket.task import BaseTask, TaskResult\n"
        "class Photos(BaseTask):\n"
        "    name = 'photos'\n"
        "    schema = {'folder': {'type': 'str', 'required': True},\n"
        "              'depth': {'type': 'int', 'enum': [1, 2]}}\n"
        "    def run(self, config):\n"
        "        return TaskResult(ok=True, summary='x')\n"
    )
    (tasks / "photos.py").chmod(0o600)
    taken = Draft202012Validator(docket("schema", "task", "photos", "--json").document)
    assert taken.is_valid({"config": {"folder": "/srv", "depth": 1}})
    for wrong in ({"depth": 1}, {"folder": 3}, {"folder": "/srv", "depth": 7}):
        assert not taken.is_valid({"config": wrong})


def test_capabilities_shows_every_form_in_short(
    docket: Docket, config: Callable[[str], Path]
) -> None:
    config(CONFIG)
    document = require_valid("capabilities", docket("capabilities", "--json").document)
    assert document["commands"] == [form.brief() for form in forms()]
    assert set(document["exit_codes"]) == {"0", "1", "2", "130"}
    assert "run <task> --async" in docket("capabilities").out


@pytest.mark.parametrize("name", VERBS)
def test_capabilities_shows_one_command_in_full(
    docket: Docket, config: Callable[[str], Path], name: str
) -> None:
    config(CONFIG)
    told = docket("capabilities", "--command", name, "--json").document
    assert require_valid("capabilities-command", told) == json.loads(json.dumps(details()[name]))
    shown = docket("capabilities", "--command", name).out
    for parameter in (*told["arguments"], *told["options"]):
        assert all(flag in shown for flag in parameter["flags"])
    for form in told["forms"]:
        assert form["name"] in shown


def test_an_unknown_command_has_the_nearest_name_as_its_hint(docket: Docket) -> None:
    refused = docket("capabilities", "--command", "rums", "--json")
    assert refused.code == 1
    assert refused.document["hint"] == "did you mean: docket runs"


def test_the_first_answer_for_agents_is_small(
    docket: Docket, config: Callable[[str], Path]
) -> None:
    """8 kB and 0.6 kB a task: agents pay for every byte."""
    entry = """
  task-{}: {{type: command, command: [/usr/bin/rsync, -a, /home, /mnt/backup],
    schedule: "5 2 * * *", description: Copy the homes to the backup disk, retry: 2,
    timeout_seconds: 3600}}"""
    for count in (1, 20):
        config("tasks:" + "".join(entry.format(n) for n in range(count)) + "\n")
        told = docket("capabilities", "--json").out
        assert len(told.encode()) <= 8000 + 600 * count


def test_the_first_answer_for_agents_imports_no_other_command(
    config: Callable[[str], Path],
) -> None:
    config(CONFIG)
    code = (
        "import sys; from docket.cli.entry import main; main(['capabilities', '--json']);"
        "print(*sorted(name for name in sys.modules if name.startswith('docket.cli.commands.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded == ["docket.cli.commands.setup", "docket.cli.commands.setup.capabilities"]
