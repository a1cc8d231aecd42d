"""A config of docket-cli 0.2 is read as it is, with warnings for what it ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

import tests.reference
from docket.app.catalog.taskclasses import load_home
from docket.config.yaml.codes import Code
from docket.model.task.schedule import ScheduleKind
from tests.unit.config.config_home import ConfigHome

WRITTEN = (Path(tests.reference.__file__).parent / "config.yaml").read_text()


def test_a_config_with_every_key_of_docket_cli_has_no_mistake(home: ConfigHome) -> None:
    home.write(WRITTEN)
    config = load_home(home.paths, home.environ)
    assert [problem.sentence for problem in config.problems] == []
    assert config.tasks.keys() >= {"report", "events", "answer", "guess", "fails"}
    assert config.tasks.keys() >= {"health-check", "backup", "hbackup"}
    assert config.state_db == f"{home.user_home}/.docket/state.db"
    assert config.task_dir == f"{home.user_home}/.docket/tasks"
    assert config.log_dir == f"{home.user_home}/.docket/logs"


def test_every_key_keeps_its_meaning(home: ConfigHome) -> None:
    task = home.load(WRITTEN).tasks["report"]
    assert task.description == "Writes the weekly report"
    assert task.agent_notes == "Safe to repeat"
    assert task.command is not None
    assert task.command.argv == ("/bin/sh", "-c", 'echo "report $0 $LANG"', "weekly")
    assert task.cwd == f"{home.user_home}/"
    assert task.env == {
        "LANG": "C.UTF-8",
        "WORKERS": "4",
        "VERBOSE": "True",
        "NOTHING": "None",
    }
    assert task.success_exit_codes == (0, 3)
    assert task.attempt_timeout_seconds == 60.5
    assert (task.retry, task.backoff_base) == (2, 1.5)
    assert [(spec.kind, spec.text) for spec in task.schedules] == [
        (ScheduleKind.CRON, "30 2 * * 1-5")
    ]
    assert task.required_env == ("HOME",)
    assert (task.network, task.destructive) == (False, False)
    commands = [(hook.kind, hook.command) for hook in task.hooks if hook.agent is None]
    assert commands == [
        ("on_success", "echo done"),
        ("on_failure", "echo failed"),
        ("on_failure", 'echo "$DOCKET_SUMMARY"'),
        ("on_complete", "echo complete"),
    ]
    assert task.notify is not None
    assert set(task.notify.on) == {"success", "failure"}
    assert [channel.kind for channel in task.notify.channels] == ["discord"]


def test_timeouts_that_are_none_are_none(home: ConfigHome) -> None:
    tasks = home.load(WRITTEN).tasks
    assert tasks["events"].attempt_timeout_seconds is None
    assert tasks["answer"].attempt_timeout_seconds is None


def test_what_has_no_effect_or_is_read_in_another_way_is_reported_with_its_place(
    home: ConfigHome,
) -> None:
    config = home.load(WRITTEN)
    told = {(warning.task, ".".join(map(str, warning.key[2:]))) for warning in config.warnings}
    assert told >= {
        ("report", "docket_bin"),
        ("report", "env.VERBOSE"),
        ("report", "env.NOTHING"),
        ("events", "schedule"),
        ("guess", "schedule"),
        ("fails", "notify.on"),
    }
    assert all(warning.mark is not None for warning in config.warnings)


def test_the_key_true_of_notify_is_read_as_on(home: ConfigHome) -> None:
    """W3: an unquoted `on` is the key true for YAML 1.1, and docket-cli always ignored it."""
    for key in ("on", '"on"', "true"):
        task = home.task(f"notify:\n  {key}: complete\n  discord: {{webhook_url_env: D}}")
        assert task.notify is not None
        assert task.notify.on == ("complete",)


def test_a_wrong_event_under_an_unquoted_on_is_refused(home: ConfigHome) -> None:
    """W3: docket-cli never looked at the events of an unquoted `on`."""
    problem = home.refused("notify:\n  on: bogus\n  discord: {webhook_url_env: D}")
    assert problem.key[-2:] == ("notify", "on")


@pytest.mark.parametrize(
    "text", ["daily", "weekly", "Mon..Fri 09:00", "*-*-* 03:00:00", "*:0/5", "2027-01-01 12:00 UTC"]
)
def test_a_calendar_expression_as_bare_text_is_one_as_it_was(home: ConfigHome, text: str) -> None:
    config = home.load(f'tasks: {{a: {{type: command, command: x, schedule: "{text}"}}}}')
    (spec,) = config.tasks["a"].schedules
    assert (spec.kind, spec.text) == (ScheduleKind.CALENDAR, text)
    (warning,) = config.warnings
    assert warning.hint == f'write it as such: schedule: {{calendar: "{text}"}}'


@pytest.mark.parametrize(
    "text", ["0 3 * * *", "@daily", "@reboot", "garbage", "0 0 3 * * *", "0 1:30 * * *", "1-5 * *"]
)
def test_what_looks_like_cron_is_judged_as_cron(home: ConfigHome, text: str) -> None:
    config = home.load(f'tasks: {{a: {{type: command, command: x, schedule: "{text}"}}}}')
    (spec,) = config.tasks["a"].schedules
    assert spec.kind is ScheduleKind.CRON
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("line", "near"),
    [
        ("timeout_secs: 5", "timeout_seconds"),
        ("retries: 3", "retry"),
        ("notify: {on: failure, discrod: {}}", "discord"),
    ],
)
def test_a_typo_is_never_taken_in_silence(home: ConfigHome, line: str, near: str) -> None:
    """Config defect: docket-cli accepts unknown keys, and the task runs without them."""
    problem = home.refused(line)
    assert problem.code == Code.UNKNOWN_KEY
    assert near in (problem.hint or "")


def test_a_wrong_type_is_never_taken_in_silence(home: ConfigHome) -> None:
    """Config defect: `type: comand` makes docket-cli forget the task without a word."""
    config = home.load("tasks: {a: {type: comand, command: x}}")
    assert [problem.task for problem in config.problems] == ["a"]


def test_a_schedule_is_judged_before_anything_is_written(home: ConfigHome) -> None:
    """Config defect: docket-cli never looks into a schedule; here its text is kept for judging."""
    task = home.task("schedule: garbage")
    assert task.schedules[0].text == "garbage"


def test_the_second_of_two_tasks_with_one_name_is_reported(home: ConfigHome) -> None:
    """Config defect: of duplicate keys docket-cli takes the last one in silence."""
    config = home.load(
        "tasks:\n  a: {type: command, command: x}\n  a: {type: command, command: y}\n"
    )
    assert [problem.code for problem in config.problems] == [Code.DUPLICATE_KEY]


def test_an_alias_bomb_is_refused_at_once(home: ConfigHome) -> None:
    """Config defect: nine levels of aliases take docket-cli's describe 17 s and 3 GB."""
    lines = ["x-a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    config = home.load("\n".join(lines) + "\ntasks: {}\n")
    assert [problem.code for problem in config.problems] == [Code.TOO_COMPLEX]


def test_bytes_that_are_not_text_are_a_mistake_with_a_place(home: ConfigHome) -> None:
    """Config defect: a config that is not UTF-8 ends docket-cli with a traceback."""
    config = home.load(b"tasks: {a: {type: command, command: [x, \xff]}}\n")
    assert [problem.code for problem in config.problems] == [Code.ENCODING]
