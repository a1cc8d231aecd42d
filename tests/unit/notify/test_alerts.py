"""What an alert says, and in which order: what went wrong, where, and only then the command."""

from __future__ import annotations

import os
import re
from typing import Any

from tests.unit.notify.loopback import Loopback
from tests.unit.notify.telling import SECRET, channel, tell
from tests.unit.runner.runner_home import Home

HOST = os.uname().nodename
BROKEN = ("/bin/sh", "-c", "echo starting; echo 'Fatal: no repository' >&2; exit 7")


def text_of(home: Home, server: Loopback, **more: Any) -> str:
    tell(home, channel("webhook", url=server.url), **more)
    message: str = server.asked[-1].json["message"]
    return message


def test_a_failure_says_what_went_wrong_before_the_command_line(
    home: Home, server: Loopback
) -> None:
    text = text_of(home, server, argv=BROKEN)
    expected = f"Docket job failed on {HOST}: Command failed with exit 7: Fatal: no repository ("
    assert text.startswith(expected + "/bin/sh -c ")


def test_a_long_command_line_does_not_fill_an_alert(home: Home, server: Loopback) -> None:
    text = text_of(home, server, argv=(*BROKEN, "x" * 5000))
    assert "Fatal: no repository" in text
    assert len(text) < 500


def test_a_timeout_and_a_signal_say_the_last_complaint_too(home: Home, server: Loopback) -> None:
    script = "echo 'cannot reach the server' >&2; kill -SEGV $$"
    text = text_of(home, server, argv=("/bin/sh", "-c", script))
    assert "Command crashed with SIGSEGV: cannot reach the server (" in text


def test_a_success_says_what_the_command_said(home: Home, server: Loopback) -> None:
    script = ("/bin/sh", "-c", "echo 3 files; echo 12 files copied")
    text = text_of(home, server, argv=script, on=["success"])
    assert f"Docket job succeeded on {HOST}: Command completed: 12 files copied (2" in text
    assert "/bin/sh" not in text


def test_a_success_that_answers_in_json_says_its_summary(home: Home, server: Loopback) -> None:
    script = ("/bin/sh", "-c", 'echo \'{"summary": "12 files copied", "files": 12}\'')
    plan = {"output_format": "json"}
    text = text_of(home, server, argv=script, on=["success"], plan=plan)
    assert "Command completed: 12 files copied (" in text


def test_a_success_that_says_nothing_is_named_by_its_command(home: Home, server: Loopback) -> None:
    assert "Command completed: /bin/true (" in text_of(
        home, server, argv=("/bin/true",), on=["success"]
    )


def test_the_host_and_the_times_are_placeholders_and_written_for_people(
    home: Home, server: Loopback
) -> None:
    template = "{host}|{started_at}|{finished_at}|{duration}"
    host, started, finished, took = text_of(home, server, message=template).split("|")
    assert host == HOST
    for moment in (started, finished):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+", moment)
    assert re.fullmatch(r"\d\.\d\d s", took)


def test_a_recovery_says_since_when_in_words(home: Home, server: Loopback) -> None:
    text_of(home, server, argv=BROKEN)
    text = text_of(home, server, argv=("/bin/true",))
    assert re.search(r"after it failed once since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+\.$", text)


def test_the_title_names_the_host(home: Home, server: Loopback) -> None:
    tell(home, channel("ntfy", server=server.url, topic="ops"), argv=BROKEN)
    assert server.only.json["title"] == f"job: failed on {HOST}"


def test_a_secret_in_the_line_that_complains_is_masked(home: Home, server: Loopback) -> None:
    script = ("/bin/sh", "-c", 'echo "error: bad token $API_TOKEN" >&2; exit 1')
    plan = {"required_env": ["API_TOKEN"], "secrets": ["API_TOKEN"]}
    text = text_of(home, server, argv=script, environ={"API_TOKEN": SECRET}, plan=plan)
    assert "error: bad token [redacted]" in text
    assert SECRET not in text


def test_what_looks_like_a_token_does_not_leave_the_machine(home: Home, server: Loopback) -> None:
    """Nobody declared it: only its shape shows that it is a secret."""
    token = "ghp_" + "a1B2" * 9
    script = ("/bin/sh", "-c", f"echo 'error: {token[:8]}''{token[8:]} is refused' >&2; exit 1")
    tell(home, channel("webhook", url=server.url), argv=script, attach_output_bytes=500)
    body = server.only.body.decode()
    assert token not in body
    assert "is refused" in body


def test_lines_that_differ_in_each_run_are_one_cause(home: Home, server: Loopback) -> None:
    for word in ("alpha", "beta"):
        argv = ("/bin/sh", "-c", 'echo "error: no $WORD" >&2; exit 3')
        tell(home, channel("webhook", url=server.url), argv=argv, environ={"WORD": word})
    assert len(server.asked) == 1


def test_a_webhook_gets_the_time_since_which_the_task_fails(home: Home, server: Loopback) -> None:
    bodies = []
    for script in ("exit 1", "exit 2", "exit 0"):
        argv = ("/bin/sh", "-c", script)
        tell(home, channel("webhook", url=server.url), argv=argv, remind_after_seconds=0.0)
        bodies.append(server.asked[-1].json)
    first, second, last = bodies
    assert [body["consecutive_failures"] for body in bodies] == [1, 2, 0]
    assert first["failing_since"] == second["failing_since"] == first["started_at"]
    assert (last["failing_since"], second["command_exit_code"]) == (None, 2)
