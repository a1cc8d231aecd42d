"""Every documented key does something, and what it does is typed."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from docket.config.schema import schema as schemas
from docket.model.ends.exitmeaning import ExitMeaning
from docket.model.states import OutputFormat, Overlap
from docket.model.task.sandbox import Network, Profile, Sandbox
from docket.model.task.schedule import ScheduleKind
from docket.model.task.task import (
    ChannelSpec,
    Credential,
    HookSpec,
    Limits,
    NotifySpec,
    Requirement,
    Retention,
    Task,
)
from docket.model.time.period import Period
from tests.unit.config.config_home import ConfigHome, command_task

# One line for every key of a command task, with the fields of the task that it changes.
EVERY_KEY: dict[str, tuple[str, dict[str, Any]]] = {
    "command": ("command: rsync -a '/a b' /c", {"argv": ("rsync", "-a", "/a b", "/c")}),
    "args": ("args: ['-x', 'y z']", {"argv": ("/bin/true", "-x", "y z")}),
    "dry_run_args": ("dry_run_args: [-n]", {"dry_run_argv": ("/bin/true", "-n")}),
    "dry_run_command": ("dry_run_command: echo dry", {"dry_run_argv": ("echo", "dry")}),
    "output_format": ("output_format: jsonl", {"output_format": OutputFormat.JSONL}),
    "parse_errors": ("parse_errors: warn", {"parse_errors": "warn"}),
    "success_exit_codes": ("success_exit_codes: [0, 24]", {"success_exit_codes": (0, 24)}),
    "exit_codes": (
        "exit_codes: {10: noop, 75: retry}",
        {"exit_codes": {10: ExitMeaning.NOOP, 75: ExitMeaning.RETRY}},
    ),
    "description": ("description: Copies the photos", {"description": "Copies the photos"}),
    "enabled": ("enabled: false", {"enabled": False}),
    "schedule": ("schedule: '0 2 * * *'", {"schedules": [(ScheduleKind.CRON, "0 2 * * *")]}),
    "timezone": ("timezone: Europe/Berlin", {"timezone": "Europe/Berlin"}),
    "jitter": ("jitter: 10min", {"jitter_seconds": 600.0}),
    "accuracy": ("accuracy: 1min", {"accuracy_seconds": 60.0}),
    "catch_up": ("catch_up: 6h", {"catch_up": 21600.0}),
    "overlap": ("overlap: queue", {"overlap": Overlap.QUEUE}),
    "require": (
        "require: {mounted: /mnt, ac_power: true}",
        {"require": (Requirement("ac_power", (), 1), Requirement("mounted", ("/mnt",)))},
    ),
    "once_per": ("once_per: week", {"once_per": Period.WEEK}),
    "timeout": ("timeout: 1h 30min", {"timeout_seconds": 5400.0}),
    "timeout_seconds": ("timeout_seconds: 600", {"attempt_timeout_seconds": 600.0}),
    "idle_timeout_seconds": ("idle_timeout_seconds: 90.5", {"idle_timeout_seconds": 90.5}),
    "grace": ("grace: 30s", {"grace_seconds": 30.0}),
    "retry": ("retry: 3", {"retry": 3}),
    "retry_on": ("retry_on: [10, 12]", {"retry_on": (10, 12)}),
    "backoff_base": ("backoff_base: 3", {"backoff_base": 3.0}),
    "backoff_max": ("backoff_max: 5min", {"backoff_max_seconds": 300.0}),
    "env": ("env: {LANG: C.UTF-8, WORKERS: 4}", {"env": {"LANG": "C.UTF-8", "WORKERS": "4"}}),
    "env_file": ("env_file: ~/job.env", {"env_files": ("{home}/job.env",)}),
    "credentials": (
        "credentials: {api: ~/api.txt, db: ./db, up: ../x, slashes: ~//x, bare: key}",
        {
            "credentials": (
                Credential("api", "{home}/api.txt"),
                Credential("db", "{home}/.docket/db"),
                Credential("up", "{home}/x"),
                Credential("slashes", "{home}/x"),
                Credential("bare", "{home}/.docket/key"),
            )
        },
    ),
    "cwd": ("cwd: ${DATA}/site", {"cwd": "/srv/data/site"}),
    "required_env": ("required_env: [API_URL]", {"required_env": ("API_URL",)}),
    "secrets": ("secrets: [CUSTOMER]", {"secrets": ("CUSTOMER",)}),
    "on_success": ("on_success: echo ok", {"hooks": (HookSpec("on_success", "echo ok"),)}),
    "on_failure": (
        "on_failure: [echo a, {type: shell, command: echo b}]",
        {"hooks": (HookSpec("on_failure", "echo a"), HookSpec("on_failure", "echo b"))},
    ),
    "on_complete": (
        "on_complete: {type: shell, command: echo c}",
        {"hooks": (HookSpec("on_complete", "echo c"),)},
    ),
    "notify": (
        "notify: {on: success, ntfy: {topic: ops}, message: '{task} {status}'}",
        {
            "notify": NotifySpec(
                channels=(
                    ChannelSpec(
                        "ntfy",
                        {
                            "topic": "ops",
                            "topic_env": None,
                            "server": "https://ntfy.sh",
                            "token_env": None,
                            "priority": None,
                            "tags": None,
                        },
                    ),
                ),
                on=("success",),
                message="{task} {status}",
            )
        },
    ),
    "limits": (
        """limits: {memory: 512M, memory_high: 400M, swap: 0, cpu: 150%, cpu_weight: 20,
            io_weight: 30, tasks: 64, nice: 10, open_files: 4096}""",
        {"limits": Limits("512M", "400M", "0", 150.0, 20, 30, 64, 10, 4096)},
    ),
    "sandbox": (
        """sandbox: {from: strict, writable: [/srv/out], network: false, syscalls: ["@mount"]}""",
        {
            "sandbox": Sandbox(
                Profile.STRICT,
                writable=("/srv/out",),
                network=Network.NONE,
                syscalls=("@mount",),
            )
        },
    ),
    "unit": (
        "unit: {Service: {UMask: 0077, ProtectHome: yes, Environment: [A=1, B=2]}}",
        {
            "unit": {
                "Service": {
                    "UMask": ("0077",),
                    "ProtectHome": ("yes",),
                    "Environment": ("A=1", "B=2"),
                }
            }
        },
    ),
    "unattended": ("unattended: allow", {"unattended": "allow"}),
    "destructive": ("destructive: true", {"destructive": True}),
    "network": ("network: true", {"network": True}),
    "inputs": ("inputs: {account: The account}", {"inputs": {"account": "The account"}}),
    "outputs": ("outputs: {count: How many}", {"outputs": {"count": "How many"}}),
    "agent_notes": ("agent_notes: Dry run first.", {"agent_notes": "Dry run first."}),
    "log_max_bytes": ("log_max_bytes: 1M", {"log_max_bytes": 1024 * 1024}),
    "retention": (
        "retention: {runs: 9, days: 1.5}",
        {"retention": Retention(9, 1.5, None, whichever_is_more=False)},
    ),
}
# Keys that say what the task is, or that have an effect only together with others.
WITHOUT_CHOICE = {"type", "group", "depends_on"}
# Keys that only the system scope has: see test_user.py.
OF_SYSTEM = {"user", "hooks_as", "capabilities", "new_privileges"}


def keys_of(task: Task) -> dict[str, Any]:
    """Return the fields of a task in the form that the table above uses."""
    assert task.command is not None
    return {
        "argv": task.command.argv,
        "dry_run_argv": task.command.dry_run_argv,
        "output_format": task.command.output_format,
        "parse_errors": task.command.parse_errors,
        "schedules": [(spec.kind, spec.text) for spec in task.schedules],
        **{name: getattr(task, name) for name in Task.field_names() if name != "schedules"},
    }


def test_the_table_has_every_key_of_the_schema() -> None:
    known = set(schemas.key_names("command_task"))
    assert known == set(EVERY_KEY) | WITHOUT_CHOICE | OF_SYSTEM | set(schemas.inert_keys())


@pytest.mark.parametrize("key", EVERY_KEY)
def test_every_key_changes_the_task(home: ConfigHome, key: str) -> None:
    line, expected = EVERY_KEY[key]
    usual = keys_of(home.task(""))
    task = keys_of(home.task(line))
    for name, wanted in expected.items():
        assert task[name] == _at_home(wanted, home.user_home)
        assert task[name] != usual[name]


def _at_home(value: Any, user_home: str) -> Any:
    if isinstance(value, str):
        return value.replace("{home}", user_home)
    if isinstance(value, Credential):
        return value.replace(source=_at_home(value.source, user_home))
    if isinstance(value, tuple) and not isinstance(value, Limits):
        return tuple(_at_home(part, user_home) for part in value)
    return value


def test_keys_of_one_file_live_together(home: ConfigHome) -> None:
    lines = [line for line, _ in EVERY_KEY.values()]
    body = "\n".join(lines)
    config = home.load(command_task(body))
    assert config.problems == ()
    assert config.warnings == ()


@pytest.mark.parametrize("key", sorted(schemas.inert_keys()))
def test_keys_of_the_older_program_without_effect_are_warned_of(home: ConfigHome, key: str) -> None:
    (example,) = schemas.definition(key)["examples"]
    config = home.load({"tasks": {"job": {"type": "command", "command": "x", key: example}}})
    (warning,) = config.warnings
    assert config.problems == ()
    assert f"`{key}` has no effect" in warning.sentence
    assert warning.code == "config.ignored"


@pytest.mark.parametrize(
    ("key", "field", "words"),
    [
        ("state_dir", "state_db", "~/x/state.db"),
        ("tasks_dir", "task_dir", "${HOME}/x/tasks"),
        ("logs_dir", "log_dir", "$HOME/x/logs"),
    ],
)
def test_places_are_expanded(home: ConfigHome, key: str, field: str, words: str) -> None:
    config = home.load(f"{key}: {words}\n")
    expected = words.replace("~", home.user_home)
    expected = expected.replace("${HOME}", home.user_home).replace("$HOME", home.user_home)
    assert getattr(config, field) == expected


def test_dependencies_are_tasks_and_lead_nowhere_back(home: ConfigHome) -> None:
    config = home.load("""\
        tasks:
          top: {type: command, command: x, depends_on: [left, right, left]}
          left: {type: command, command: x, depends_on: [base]}
          right: {type: command, command: x, depends_on: [base]}
          base: {type: command, command: x}
          lost: {type: command, command: x, depends_on: [bases]}
          one: {type: command, command: x, depends_on: [two]}
          two: {type: command, command: x, depends_on: [three]}
          three: {type: command, command: x, depends_on: [one]}
          self: {type: command, command: x, depends_on: [self]}
          after-a-circle: {type: command, command: x, depends_on: [one]}
        """)
    assert config.tasks["top"].depends_on == ("left", "right")
    assert set(config.tasks) == {"top", "left", "right", "base", "after-a-circle"}
    told = {problem.task: problem for problem in config.problems}
    assert told["lost"].hint == "did you mean `base`?"
    assert told["one"].sentence.endswith("cycle detected: one -> two -> three -> one")
    assert told["self"].sentence.endswith("cycle detected: self -> self")


def test_a_task_gets_the_slots_of_its_group(home: ConfigHome) -> None:
    config = home.load("""\
        groups: {backups: {max_concurrent: 2}}
        defaults: {group: backups}
        tasks:
          one: {type: command, command: x}
          two: {type: command, command: x, group: backup}
        """)
    one = config.tasks["one"]
    assert (one.group, one.group_slots) == ("backups", 2)
    (problem,) = config.problems
    assert (problem.task, problem.hint) == ("two", "did you mean `backups`?")


def test_the_instance_of_the_file_wins_over_the_derived_one(home: ConfigHome) -> None:
    assert home.load("instance: staging\n").instance == "staging"
    assert home.load("tasks: {}\n").instance == home.paths.instance_key


def test_relative_places_are_beside_the_file(home: ConfigHome) -> None:
    task = home.task("cwd: site\nenv_file: [a.env, ./b.env]")
    assert task.cwd == f"{home.directory}/site"
    assert task.env_files == (f"{home.directory}/a.env", f"{home.directory}/./b.env")


@pytest.mark.parametrize("word", ["none", "None", "infinity", ".inf"])
def test_a_timeout_of_none_means_no_limit(home: ConfigHome, word: str) -> None:
    assert home.task(f"timeout: {word}").timeout_seconds is None


def test_without_a_timeout_a_run_has_a_day(home: ConfigHome) -> None:
    assert home.task("").timeout_seconds == 86_400


@pytest.mark.parametrize("value", ["null", ".inf", "~"])
def test_endless_seconds_mean_no_limit_and_fit_into_json(home: ConfigHome, value: str) -> None:
    task = home.task(f"timeout_seconds: {value}")
    assert task.attempt_timeout_seconds is None
    assert task.raw["timeout_seconds"] is None


def test_an_idle_timeout_of_zero_means_no_limit(home: ConfigHome) -> None:
    assert home.task("idle_timeout_seconds: 0").idle_timeout_seconds is None


@pytest.mark.parametrize(("word", "expected"), [("true", True), ("false", False), ("0", False)])
def test_catch_up_is_a_switch_or_a_span(home: ConfigHome, word: str, expected: bool) -> None:
    assert home.task(f"catch_up: {word}").catch_up is expected


SCHEDULES = [
    ("'@daily'", [(ScheduleKind.CRON, "@daily", ())]),
    ("{cron: 0 9 * * 1-5}", [(ScheduleKind.CRON, "0 9 * * 1-5", ("cron",))]),
    ("{calendar: 'Mon *-*-* 09:00'}", [(ScheduleKind.CALENDAR, "Mon *-*-* 09:00", ("calendar",))]),
    ("{every: 15min}", [(ScheduleKind.EVERY, "15min", ("every",))]),
    ("{every: 90}", [(ScheduleKind.EVERY, "90", ("every",))]),
    ("{at: 2027-01-31}", [(ScheduleKind.AT, "2027-01-31", ("at",))]),
    ("{boot: 2min}", [(ScheduleKind.BOOT, "2min", ("boot",))]),
    (
        "['@hourly', {every: 1h}]",
        [(ScheduleKind.CRON, "@hourly", (0,)), (ScheduleKind.EVERY, "1h", (1, "every"))],
    ),
]


@pytest.mark.parametrize(("text", "expected"), SCHEDULES)
def test_every_form_of_a_schedule_becomes_its_triggers(
    home: ConfigHome, text: str, expected: list[tuple[ScheduleKind, str, tuple[str | int, ...]]]
) -> None:
    task = home.task(f"schedule: {text}")
    key = ("tasks", "job", "schedule")
    assert [(s.kind, s.text, s.key) for s in task.schedules] == [
        (kind, words, (*key, *rest)) for kind, words, rest in expected
    ]


def test_marks_hold_the_place_of_each_value(home: ConfigHome) -> None:
    config = home.load("tasks:\n  a:\n    type: command\n    command: [x, y]\n")
    mark = config.marks["tasks", "a", "command", 1]
    assert (mark.file, mark.line, mark.column) == (home.paths.config, 4, 18)
    assert ("tasks", "b") not in config.marks
    assert set(config.marks) >= {(), ("tasks",), ("tasks", "a", "type")}


def test_defaults_apply_to_each_task(home: ConfigHome) -> None:
    config = home.load(
        """
        defaults:
          retry: 2
          timeout: 1h
          env: {A: one, B: two}
          retry_on: [1, 2]
          schedule: {every: 1h}
          limits: {memory: 1G, nice: 5}
        tasks:
          own: {type: command, command: x, retry: 0, env: {B: own}, retry_on: [3],
                schedule: {cron: '@daily'}, limits: {nice: 1}}
          bare: {type: command, command: x}
        """
    )
    assert config.problems == ()
    own, bare = config.tasks["own"], config.tasks["bare"]
    assert (own.retry, own.timeout_seconds, own.retry_on) == (0, 3600.0, (3,))
    assert own.env == {"A": "one", "B": "own"}
    assert own.limits == Limits(memory="1G", nice=1)
    assert [s.kind for s in own.schedules] == [ScheduleKind.CRON]
    assert (bare.retry, bare.env) == (2, {"A": "one", "B": "two"})
    assert bare.schedules[0].key == ("defaults", "schedule", "every")


def test_the_mapping_as_written_is_kept_for_describe(home: ConfigHome) -> None:
    task = home.task("retry: 2\nnetwork: yes")
    assert task.raw == {"type": "command", "command": "/bin/true", "retry": 2, "network": True}
    copy.deepcopy(task.raw)
    assert not any(isinstance(v, float) and math.isinf(v) for v in task.raw.values())


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("8192", 8192),
        ("'8192'", 8192),
        ("1.5GiB", 3 << 29),
        ("1.5 MB", 1_500_000),
        ("20 MiB", 20 << 20),
        ("1G", 1 << 30),
    ],
)
def test_the_size_of_a_log_is_written_as_every_other_size(
    home: ConfigHome, written: str, size: int
) -> None:
    config = home.load(f"tasks: {{a: {{type: command, command: x, log_max_bytes: {written}}}}}\n")
    assert config.tasks["a"].log_max_bytes == size
