"""Agent hooks: a JSON object to an address that nobody else gets to see."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from docket.notify.channelsecrets import ChannelSettings
from docket.notify.delivery import DeliveryError
from docket.notify.http import Client
from tests.unit.notify.loopback import (
    Loopback,
    drip,
    free_port,
    hang_up,
    later,
    reply,
    silence,
)
from tests.unit.notify.telling import SECRET
from tests.unit.runner.runner_home import Home, wait_until

USUAL = "{task_name} {status}: {summary}"


def agent(home: Home, url: str, message: str = USUAL, kind: str = "on_failure") -> dict[str, Any]:
    """Run a failing task with an agent hook and return the hook's outcome."""
    home.plan("job", "/bin/sh", "-c", "echo out; exit 3", hooks=[(kind, "", url, "", message)])
    (hook,) = home.result("job")["hooks"]
    found: dict[str, Any] = hook
    return found


def test_the_object_has_the_keys_of_the_older_program(home: Home, server: Loopback) -> None:
    hook = agent(home, f"{server.url}/agent/{SECRET}")
    run, asked = home.only_run(), server.only
    assert asked.headers["user-agent"] == "docket-agent-hook"
    assert asked.headers["content-type"] == "application/json"
    body = asked.json
    assert list(body) == [
        "task_name", "run_id", "status", "exit_code", "summary", "details_json",
        "command_exit_code", "message",
    ]  # fmt: skip
    assert (body["task_name"], body["run_id"], body["status"]) == ("job", run.run_id, "failed")
    assert (body["exit_code"], body["summary"]) == (1, run.summary)
    assert json.loads(body["details_json"])["stdout"] == "out\n"
    assert body["message"] == f"job failed: {run.summary}"
    assert (hook["state"], hook["exit_code"], hook["stdout"]) == ("done", 200, "ok")


def test_the_label_names_the_host_and_nothing_else(home: Home, server: Loopback) -> None:
    """The older program printed the whole address, secret and all, into JSON and log."""
    url = f"{server.url}/agent/{SECRET}?key={SECRET}".replace("//", f"//ada:{SECRET}@", 1)
    hook = agent(home, url)
    assert hook["command"] == f"agent:{server.host}"
    assert SECRET not in json.dumps(hook)
    recorded = home.ask(lambda reader: reader.hooks(home.only_run().run_id))
    assert SECRET not in str(recorded)


def test_the_address_may_come_from_the_environment(home: Home, server: Loopback) -> None:
    home.plan("job", "/bin/true", hooks=[("on_success", "", "", "AGENT_URL", "hi {run_id}")])
    environ = {"AGENT_URL": f"{server.url}/{SECRET}"}
    (hook,) = home.result("job", environ=environ)["hooks"]
    assert server.only.json["message"] == f"hi {home.only_run().run_id}"
    assert hook["command"] == f"agent:{server.host}"


def test_an_address_that_is_missing_is_said(home: Home) -> None:
    home.plan("job", "/bin/true", hooks=[("on_success", "", "", "AGENT_URL", USUAL)])
    (hook,) = home.result("job")["hooks"]
    assert (hook["command"], hook["exit_code"]) == ("agent:AGENT_URL", -2)
    assert hook["stderr"] == "Missing agent webhook URL"


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_status_of_failure_is_its_exit_code(home: Home, server: Loopback, status: int) -> None:
    server.usual = reply(status, "no", retry_after="0")
    hook = agent(home, server.url)
    assert (hook["state"], hook["exit_code"], hook["stdout"]) == ("failed", status, "no")


@pytest.mark.parametrize(
    ("behaviour", "seconds"),
    [(reply(500, "no", retry_after="0"), 10.0), (hang_up, 10.0), (silence, 3.0)],
)
def test_an_agent_that_may_have_taken_the_object_is_not_posted_it_again(
    home: Home, server: Loopback, behaviour: Any, seconds: float
) -> None:
    """An agent works before it answers: a second POST would have it do the work twice."""
    server.usual = behaviour
    home.plan(
        "job", "/bin/true", hook_timeout_seconds=seconds, hooks=[("on_success", "", server.url)]
    )
    (hook,) = home.result("job")["hooks"]
    assert hook["state"] != "done"
    assert len(server.asked) == 1


def test_an_agent_has_all_the_time_that_is_left_for_its_answer(server: Loopback) -> None:
    server.usual = later
    deadline = time.monotonic() + 20
    client = Client(ChannelSettings({}, {}), deadline, first_pause=0.0, try_seconds=0.1)
    with pytest.raises(DeliveryError):
        client.post_json(server.url, {})
    assert len(server.asked) == 3
    assert client.post_json(server.url, {}, once=True).status == 200


def test_an_agent_that_surely_took_nothing_is_posted_the_same_delivery_again(
    home: Home, server: Loopback
) -> None:
    server.replies = [reply(429, "later", retry_after="0")]
    hook = agent(home, server.url)
    assert (hook["state"], len(server.asked)) == ("done", 2)
    first, second = (asked.headers["x-docket-delivery"] for asked in server.asked)
    assert first == second == f"{home.only_run().run_id}:on_failure:0"


def test_an_agent_that_nobody_listens_for_is_tried_until_it_does(home: Home) -> None:
    port = free_port()
    hooks = [("on_success", "", f"http://127.0.0.1:{port}/")]
    home.plan("job", "/bin/true", delivery_pause_seconds=3.0, hooks=hooks)
    runner = home.start("job")
    wait_until(lambda: home.state_db.exists() and _hook_began(home))
    with Loopback(port=port).serving() as late:
        assert runner.wait(30) == 0
    assert len(late.asked) == 1


def _hook_began(home: Home) -> bool:
    runs = home.ask(lambda reader: reader.runs())
    return bool(runs and home.ask(lambda reader: reader.hooks(runs[0].run_id)))


def test_two_agents_of_one_run_get_two_deliveries(home: Home, server: Loopback) -> None:
    hooks = [("on_success", "", server.url), ("on_complete", "", server.url)]
    home.plan("job", "/bin/true", hooks=hooks)
    home.result("job")
    assert len({asked.headers["x-docket-delivery"] for asked in server.asked}) == 2


@pytest.mark.parametrize("behaviour", [silence, drip])
def test_a_slow_agent_ends_at_the_deadline_of_hooks(
    home: Home, server: Loopback, behaviour: Any
) -> None:
    server.usual = behaviour
    hooks = [("on_success", "", server.url, "", USUAL), ("on_complete", "echo next")]
    home.plan("job", "/bin/true", hook_timeout_seconds=0.5, hooks=hooks)
    begun = time.monotonic()
    first, second = home.result("job")["hooks"]
    assert (first["state"], first["exit_code"]) == ("timed_out", -1)
    assert second["stdout"] == "next\n"
    assert time.monotonic() - begun < 25


def test_a_redirect_is_not_followed(home: Home, server: Loopback) -> None:
    with Loopback().serving() as other:
        server.usual = reply(307, "", location=other.url)
        hook = agent(home, server.url)
        assert other.asked == []
    assert (hook["state"], hook["exit_code"]) == ("failed", 307)


def test_a_refused_connection_is_said(home: Home) -> None:
    host = f"127.0.0.1:{free_port()}"
    hook = agent(home, f"http://{host}/{SECRET}")
    assert hook["stderr"] == f"No connection to {host}: Connection refused"


def test_a_million_bytes_of_details_arrive(home: Home, server: Loopback) -> None:
    """Of the older program, every hook failed if the output was beyond 128 KiB."""
    text = "x" * 1_000_000
    script = f'printf \'{{"big": "%s"}}\' "$(head -c {len(text)} /dev/zero | tr "\\0" x)" '
    script += '> "$DOCKET_RESULT_FILE"; exit 1'
    hooks = [
        ("on_failure", "", server.url, "", "{details_json}"),
        ("on_failure", 'wc -c < "$DOCKET_DETAILS_FILE"'),
    ]
    home.plan("job", "/bin/sh", "-c", script, hooks=hooks)
    first, second = home.result("job")["hooks"]
    assert first["state"] == "done"
    assert json.loads(server.only.json["details_json"])["result"]["big"] == text
    assert int(second["stdout"]) > len(text)


BAIT = '"; touch PWNED; " $(touch PWNED) `touch PWNED` {summary} {0.__class__} %s \\ \' \n'


def test_a_tasks_output_is_code_nowhere(home: Home, server: Loopback) -> None:
    """W8: output was pasted into the command line of hooks, and ran."""
    file = home.path / "remote.txt"
    file.write_text(BAIT)
    hooks = [
        ("on_complete", 'printf "%s" "$DOCKET_DETAILS_JSON"'),
        ("on_complete", 'echo "details: $DOCKET_DETAILS_JSON" $DOCKET_SUMMARY'),
        ("on_complete", "", server.url, "", "{details_json}"),
    ]
    home.plan("job", "/bin/cat", str(file), hooks=hooks, cwd=str(home.path))
    shown, _, posted = home.result("job")["hooks"]
    assert not list(home.path.rglob("PWNED"))
    assert json.loads(shown["stdout"])["stdout"] == BAIT
    assert posted["state"] == "done"
    assert json.loads(server.only.json["message"])["stdout"] == BAIT
