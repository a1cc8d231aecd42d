"""Defects of docket-cli 0.2.2 in names, units and the reading of its config."""

from __future__ import annotations

import os
import resource
import subprocess
import tempfile
import time

import pytest

from tests.reference.defects.program import Program


@pytest.mark.parametrize(
    "name", ["../evil", "a/b", "x" * 300, "with space", "%i", "a;b", "a\\nb", "", "-x"]
)
def test_a_name_that_is_not_a_file_and_unit_name_is_refused(docket: Program, name: str) -> None:
    docket.config(f'tasks: {{"{name}": {{type: command, command: echo}}}}\n')
    for words in (("check",), ("install", "--output-dir", str(docket.path / "units"))):
        answer = docket.say(*words, "--json")
        assert answer.exit_code == 1
    answer = docket.say("run", name.replace("\\n", "\n"), "--json")
    assert answer.exit_code == 1
    assert answer.document["ok"] is False
    assert not list(docket.path.rglob("*evil*"))


@pytest.mark.parametrize(
    "keys",
    [
        "description: 'x\\n[Service]\\nExecStartPre=/bin/touch /x'",
        "schedule: '0 0 * * *\\nOnBootSec=1'",
        "docket_bin: '/bin/sh -c evil ;'",
    ],
)
def test_no_value_becomes_a_line_of_a_unit(docket: Program, keys: str) -> None:
    schedule = "" if "schedule" in keys else ", schedule: '@daily'"
    docket.task(f"command: echo, {keys}{schedule}".replace("'x", '"x').replace("/x'", '/x"'))
    units = docket.path / "units"
    docket.say("install", "--output-dir", str(units), "--json")
    text = "".join(path.read_text() for path in units.glob("docket-job.*"))
    for line in ("\nExecStartPre", "\nOnBootSec", "evil"):
        assert line not in text


def test_units_have_nothing_that_systemd_objects_to(docket: Program) -> None:
    docket.task("command: echo, schedule: '*/15 * * * *'")
    units = docket.path / "units"
    docket.ask("install", "--output-dir", str(units))
    files = sorted(str(path) for path in units.iterdir())
    with tempfile.TemporaryDirectory(prefix="r") as runtime:  # an address of a socket is short
        done = subprocess.run(
            ["systemd-analyze", "verify", "--user", *files],
            env={**os.environ, "XDG_RUNTIME_DIR": runtime},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.stderr == ""
    service = (units / "docket-job.service").read_text()
    assert "multi-user.target" not in service
    assert "ExecStart=/" in service


def test_a_unit_that_was_edited_by_hand_is_kept(docket: Program) -> None:
    docket.task("command: echo, schedule: '@daily'")
    docket.say("install")
    timer = docket.path / ".config/systemd/user/docket-job.timer"
    timer.write_text(timer.read_text() + "# mine\n")
    docket.task("command: echo, schedule: '@hourly'")
    docket.say("install")
    assert timer.read_text().endswith("# mine\n")


def test_summer_time_that_swallows_a_fire_is_warned_of(docket: Program) -> None:
    docket.task("command: echo, schedule: '30 2 * * *', timezone: Europe/Berlin")
    answer = docket.say("install", "--output-dir", str(docket.path / "units"))
    assert "2027-03-28" in answer.out + answer.err


@pytest.mark.parametrize("verb", ["status", "wait", "logs", "events", "cancel", "list", "runs"])
def test_a_broken_config_is_reported_as_an_error_and_never_as_null(
    docket: Program, verb: str
) -> None:
    docket.config("tasks: [\n")
    words = ["20260101T000000000000Z-00000000"] if verb in ("wait", "logs", "events") else []
    words = words or (["20260101T000000000000Z-00000000"] if verb == "cancel" else [])
    document = docket.ask(verb, *words)
    assert document is not None
    assert "None" not in docket.say(verb, *words).err


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("tasks: {job: {type: command, command: echo, timeout_secs: 3}}", "timeout_seconds"),
        ("tasks: {job: {type: command, command: echo, retries: 3}}", "retry"),
        ("tasks: {job: {type: comand, command: echo}}", "command"),
        ("taks: {}", "tasks"),
        ("tasks: {job: {type: command, command: echo, notify: {discrod: {}}}}", "discord"),
    ],
)
def test_a_typo_is_reported_with_what_was_meant(docket: Program, text: str, near: str) -> None:
    docket.config(text + "\n")
    answer = docket.say("check", "--json")
    assert answer.exit_code == 1
    assert near in answer.out


def test_a_schedule_that_means_nothing_is_refused(docket: Program) -> None:
    docket.task("command: echo, schedule: garbage")
    (problem,) = docket.ask("check")["problems"]
    assert (problem["error_code"], problem["key"]) == ("schedule.syntax", "tasks.job.schedule")
    answer = docket.say("check")
    assert answer.exit_code == 1
    assert problem["error"] in answer.out + answer.err


def test_a_repeated_key_is_refused_with_its_line(docket: Program) -> None:
    docket.config("tasks:\n  job:\n    type: command\n    command: a\n    command: b\n")
    answer = docket.say("check")
    assert answer.exit_code == 1
    assert "config.yaml:5" in answer.out + answer.err


def test_all_mistakes_are_reported_at_once(docket: Program) -> None:
    docket.task("command: echo, retry: -1, cwd: 3, network: maybe")
    problems = docket.ask("check")["problems"]
    assert len(problems) == 3
    assert all(problem["line"] == 2 for problem in problems)


def test_aliases_that_explode_are_refused_at_once(docket: Program) -> None:
    rows = ['a0: &a0 ["x", "x", "x", "x", "x", "x", "x", "x", "x", "x"]']
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    docket.config("\n".join(rows) + "\ntasks: {}\n")
    begun = time.monotonic()
    assert docket.say("describe", "job", timeout=60).exit_code == 1
    assert time.monotonic() - begun < 30


def test_a_config_that_is_not_utf8_is_refused_with_that_reason(docket: Program) -> None:
    (docket.home / "config.yaml").write_bytes(b"tasks: {} # \xff\n")
    document = docket.ask("list")
    assert [problem["error_code"] for problem in document["problems"]] == ["config.encoding"]


def test_a_command_with_the_name_of_a_built_in_task_is_run(docket: Program) -> None:
    docket.task("command: [echo, mine]", name="backup")
    assert docket.ask("run", "backup")["details"]["stdout"] == "mine\n"


def test_thousands_of_tasks_do_not_slow_one_down(docket: Program) -> None:
    rows = [f"  t{n}: {{type: command, command: 'true'}}" for n in range(3000)]
    docket.config("tasks:\n" + "\n".join(rows) + "\n")
    begun = _cost_of_children()
    docket.start("run", "t0", "--json").communicate()
    planned = _cost_of_children()
    docket.start("run", "t0", "--json").communicate()  # it has a plan: no config is read
    assert _cost_of_children() - planned < (planned - begun) / 2


def _cost_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
