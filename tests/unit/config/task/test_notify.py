"""Who is notified of a task's runs, as written and as understood."""

from __future__ import annotations

import json
from typing import Any

import pytest

from docket.config.schema.schema import definition
from docket.config.yaml.codes import Code
from docket.model.task.task import AgentSpec, HookSpec
from docket.notify import registry
from tests.unit.config.config_home import ConfigHome, command_task, place

DISCORD = "discord: {webhook_url_env: OPS}"


@pytest.mark.parametrize(
    ("written", "on"),
    [
        ("on: complete", ("complete",)),
        ("on: [success, failure]", ("success", "failure")),
        ('"on": success', ("success",)),
        ("retry: 0", ("failure",)),
    ],
)
def test_on_is_the_word_and_no_switch(home: ConfigHome, written: str, on: tuple[str, ...]) -> None:
    """W3: unquoted, `on:` was a boolean to the older program, and success was never reported."""
    line = f"notify:\n  {DISCORD}\n"
    body = line + (f"  {written}" if written.startswith(("on", '"')) else "")
    spec = home.task(body).notify
    assert spec is not None
    assert spec.on == on
    assert [channel.kind for channel in spec.channels] == ["discord"]


def test_an_unknown_event_is_refused_in_the_unquoted_form_too(home: ConfigHome) -> None:
    """W3: a wrong event name was never rejected."""
    problem = home.refused(f"notify:\n  on: sucess\n  {DISCORD}")
    assert problem.key[-2:] == ("notify", "on")
    assert "success" in (problem.hint or problem.expected or "")


def test_an_unknown_channel_is_refused_with_the_nearest(home: ConfigHome) -> None:
    problem = home.refused("notify: {telegramm: {chat: 1}}")
    assert (problem.code, problem.hint) == (Code.UNKNOWN_KEY, "did you mean `telegram`?")


def test_a_numeric_chat_needs_no_quotes(home: ConfigHome) -> None:
    """The older program refused an unquoted chat id."""
    for key in ("chat", "chat_id"):
        spec = home.task(f"notify: {{telegram: {{{key}: -1001234567890}}}}").notify
        assert spec is not None
        assert spec.channels[0].options["chat"] == "-1001234567890"


def test_every_channel_is_understood_with_all_that_its_example_says(home: ConfigHome) -> None:
    properties = definition("notify")["properties"]
    written = {kind: properties[kind]["examples"][0] for kind in registry.kinds()}
    spec = home.task(f"notify: {json.dumps(written)}").notify
    assert spec is not None
    assert tuple(channel.kind for channel in spec.channels) == registry.kinds()
    for channel in spec.channels:
        known = set(properties[channel.kind]["properties"]) - {"enabled", "chat_id"}
        assert set(channel.options) == known


def test_a_channel_that_is_off_is_left_out(home: ConfigHome) -> None:
    spec = home.task("notify: {slack: {enabled: false}, ntfy: {topic: a}}").notify
    assert spec is not None
    assert [channel.kind for channel in spec.channels] == ["ntfy"]
    assert home.task("notify: {slack: {enabled: false}}").notify is None


def test_defaults_hold_for_tasks_without_one_and_are_not_mixed(home: ConfigHome) -> None:
    config = home.load(
        """
        defaults: {notify: {on: success, ntfy: {topic: all}}}
        tasks:
          a: {type: command, command: x}
          b: {type: command, command: x, notify: {mail: {to: root}}}
        """
    )
    assert config.problems == ()
    a, b = (config.tasks[name].notify for name in "ab")
    assert a is not None
    assert b is not None
    assert (a.on, [c.kind for c in a.channels]) == (("success",), ["ntfy"])
    assert (b.on, [c.kind for c in b.channels]) == (("failure",), ["mail"])


@pytest.mark.parametrize(
    "word", ["stauts", "task.name", "task.__class__", "status!r", "status:>9", "summary[0]", "env"]
)
def test_an_unknown_placeholder_is_a_mistake(home: ConfigHome, word: str) -> None:
    problem = home.refused(f'notify: {{ntfy: {{topic: a}}, message: "x {{{word}}}"}}')
    assert "unknown placeholder" in problem.sentence
    assert word in problem.sentence


def test_braces_that_are_not_a_placeholder_stay(home: ConfigHome) -> None:
    for text in ('{"a": "{task}"}', "{} { } {", "{ status }", "a } b", "{1}"):
        body = "notify: " + json.dumps({"ntfy": {"topic": "a"}, "message": text})
        spec = home.task(body).notify
        assert spec is not None
        assert spec.message == text


@pytest.mark.parametrize(
    "written",
    [
        "discord: {webhook_url: not-an-address}",
        "discord: {webhook_url: 'https://a/x y'}",
        "telegram: {parse_mode: html}",
        "ntfy: {server: 'https://a'}",
        "ntfy: {topic: 'a/b'}",
        "ntfy: {topic: a, priority: 6}",
        "webhook: {url: 'https://a', method: GET}",
        "webhook: {url: 'https://a', headers: {'X Y': a}}",
        "mail: {from: a@b}",
        "mail: {to: '-oQ/tmp'}",
        'mail: {to: "a@b\\nBcc: c@d"}',
        "mail: {to: a@b, smtp: {port: 25}}",
        "mail: {to: a@b, smtp: {host: h, tls: none, password_env: P}}",
        "mail: {to: a@b, sendmail: relative}",
        "ping: {start: true}",
        "ntfy: {topic: a}\n  remind_after: soon",
        "ntfy: {topic: a}\n  attach_output: 1000000",
        "ntfy: {topic: a}\n  triggers: [cron]",
        "ntfy: {topic: a}\n  timeout: 0",
    ],
)
def test_a_wrong_setting_is_a_mistake_with_its_place(home: ConfigHome, written: str) -> None:
    problem = home.refused(f"notify:\n  {written}")
    assert "notify" in problem.key
    assert place(problem)[0] >= 5


def test_all_mistakes_are_reported_at_once(home: ConfigHome) -> None:
    config = home.load(
        command_task("notify:\n  on: never\n  ntfy: {topic: a, priority: 9}\n  ping: {}")
    )
    assert len(config.problems) == 3


def test_a_secret_in_the_file_is_accepted_with_a_warning_that_does_not_repeat_it(
    home: ConfigHome,
) -> None:
    token = "123456:planted-token"
    config = home.load(command_task(f"notify: {{telegram: {{chat: 1, bot_token: '{token}'}}}}"))
    assert config.problems == ()
    (warning,) = config.warnings
    assert "bot_token_env" in (warning.hint or "")
    assert token not in json.dumps(warning.document())


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("notify: {on: failure}", "names no channel"),
        ("notify: {telegram: {}}", "has no `chat`"),
        ("notify: {discord: {channel: ops}}", "has no effect"),
    ],
)
def test_what_can_do_nothing_is_doubted(home: ConfigHome, written: str, words: str) -> None:
    config = home.load(command_task(written))
    assert config.problems == ()
    assert [words in warning.sentence for warning in config.warnings] == [True]


@pytest.mark.parametrize(
    ("written", "hooks"),
    [
        ("echo a", [HookSpec("on_failure", "echo a")]),
        ("[echo a, echo b]", [HookSpec("on_failure", "echo a"), HookSpec("on_failure", "echo b")]),
        ("{type: shell, command: echo a}", [HookSpec("on_failure", "echo a")]),
        (
            "{type: agent, url: 'https://a/b'}",
            [
                HookSpec(
                    "on_failure",
                    agent=AgentSpec("https://a/b", "", "{task_name} {status}: {summary}"),
                )
            ],
        ),
        (
            "[{type: agent, webhook_url: 'https://a/b', message: hi}]",
            [HookSpec("on_failure", agent=AgentSpec("https://a/b", "", "hi"))],
        ),
        (
            "{type: agent, webhook_url_env: AGENT, message: '{exit_code}'}",
            [HookSpec("on_failure", agent=AgentSpec("", "AGENT", "{exit_code}"))],
        ),
    ],
)
def test_hooks_in_all_their_forms(home: ConfigHome, written: str, hooks: list[Any]) -> None:
    assert list(home.task(f"on_failure: {written}").hooks) == hooks


@pytest.mark.parametrize(
    "written",
    [
        "{type: agent}",
        "{type: agent, url: nowhere}",
        "{type: agent, url: 'https://a', message: '{details}'}",
        "{type: shell}",
        "{type: mail, command: x}",
    ],
)
def test_a_hook_that_cannot_work_is_a_mistake(home: ConfigHome, written: str) -> None:
    assert home.refused(f"on_success: {written}").key[2] == "on_success"
