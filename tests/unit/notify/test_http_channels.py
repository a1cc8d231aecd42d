"""Each channel that speaks HTTP, against a server that speaks its wire format."""

from __future__ import annotations

import email.utils
import hashlib
import hmac
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from docket.model.records import HookRecord
from docket.notify.channelsecrets import ChannelSettings
from docket.notify.delivery import DeliveryError
from docket.notify.http import Client
from tests.unit.notify.loopback import (
    Loopback,
    certificate,
    drip,
    free_port,
    hang_up,
    reply,
    reply_json,
    silence,
)
from tests.unit.notify.telling import SECRET, channel, outcome, tell
from tests.unit.runner.runner_home import Home

HOST = os.uname().nodename
# Each channel with what sends it to a server, and the answer with which that server accepts.
KINDS: dict[str, tuple[dict[str, Any], Any]] = {
    "discord": ({"webhook_url": "{url}/api/webhooks/1/{secret}"}, reply(204, "")),
    "telegram": (
        {"api_url": "{url}", "bot_token": "{secret}", "chat": "-100"},
        reply_json({"ok": True, "result": {"message_id": 1}}),
    ),
    "slack": ({"webhook_url": "{url}/services/T0/B0/{secret}"}, reply(200, "ok")),
    "ntfy": ({"server": "{url}", "topic": "{secret}"}, reply_json({"id": "x", "event": "message"})),
    "webhook": ({"url": "{url}/in/{secret}"}, reply(202, "")),
    "ping": ({"url": "{url}/{secret}", "start": False}, reply(200, "OK")),
}


def options(kind: str, url: str) -> dict[str, Any]:
    return {
        name: value.format(url=url, secret=SECRET) if isinstance(value, str) else value
        for name, value in KINDS[kind][0].items()
    }


def told(home: Home, kind: str, url: str, **more: Any) -> dict[str, Any]:
    """Return the outcome of a message, and see that no secret is in it."""
    found = outcome(home, kind, **options(kind, url), **more)
    assert SECRET not in json.dumps(found)
    return found


def ended(hook: HookRecord) -> int:
    """Return when a message was given up or taken."""
    assert hook.duration_us is not None
    return hook.started_at + hook.duration_us


every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
def test_a_message_that_is_taken_is_delivered(home: Home, server: Loopback, kind: str) -> None:
    server.usual = KINDS[kind][1]
    found = told(home, kind, server.url)
    assert (found["state"], found["stderr"]) == ("delivered", "")
    assert found["exit_code"] in (200, 202, 204)
    assert server.only.method == "POST"
    assert b"exit 3" in server.only.body


@every_kind
def test_a_client_error_is_a_failure_and_not_tried_again(
    home: Home, server: Loopback, kind: str
) -> None:
    server.usual = reply_json({"message": "no such thing", "ok": False}, 404)
    found = told(home, kind, server.url)
    assert (found["state"], found["exit_code"]) == ("failed", 404)
    assert found["stderr"] == f"{server.host} answers with 404: no such thing"
    assert len(server.asked) == 1


@every_kind
def test_a_server_error_is_tried_three_times(home: Home, server: Loopback, kind: str) -> None:
    server.usual = reply(503, "busy", retry_after="0")
    found = told(home, kind, server.url)
    assert (found["state"], found["exit_code"], found["stdout"]) == ("failed", 503, "busy")
    assert len(server.asked) == 3


@every_kind
def test_what_passes_at_the_second_try_is_delivered(
    home: Home, server: Loopback, kind: str
) -> None:
    server.replies = [reply(500, "oops", retry_after="0"), KINDS[kind][1]]
    assert told(home, kind, server.url)["state"] == "delivered"
    assert server.asked[0].body == server.asked[1].body
    first, second = (asked.headers["x-docket-delivery"] for asked in server.asked)
    assert first == second == f"{home.only_run().run_id}:failure"


@every_kind
def test_a_rate_limit_is_waited_for(home: Home, server: Loopback, kind: str) -> None:
    server.replies = [reply(429, "slow down", retry_after="1"), KINDS[kind][1]]
    begun = time.monotonic()
    assert told(home, kind, server.url)["state"] == "delivered"
    assert time.monotonic() - begun >= 1
    assert len(server.asked) == 2


@every_kind
def test_a_rate_limit_beyond_the_deadline_is_reported_and_not_waited_for(
    home: Home, server: Loopback, kind: str
) -> None:
    server.usual = reply(429, "slow down", retry_after="3600")
    begun = time.monotonic()
    found = told(home, kind, server.url, settings={"timeout_seconds": 60.0})
    assert (found["state"], found["exit_code"]) == ("failed", 429)
    assert found["stderr"] == f"{server.host} accepts no more requests for now (429)"
    assert (len(server.asked), time.monotonic() - begun < 30) == (1, True)


def test_the_tries_of_a_channel_are_one_and_two_seconds_apart(server: Loopback) -> None:
    pauses: list[float] = []
    server.usual = reply(503, "busy")
    client = Client(ChannelSettings({}, {}), time.monotonic() + 30, pause=pauses.append)
    with pytest.raises(DeliveryError):
        client.send(server.url, b"")
    assert pauses == [1.0, 2.0]


def test_a_refused_connection_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    pauses: list[float] = []
    client = Client(ChannelSettings({}, {}), time.monotonic() + 30, pause=pauses.append)
    with pytest.raises(DeliveryError, match="No connection to"):
        client.send(f"http://127.0.0.1:{port}", b"")
    assert pauses == [1.0, 2.0]


def test_each_part_of_a_long_message_is_a_delivery_of_its_own(home: Home, server: Loopback) -> None:
    found = options("discord", server.url)
    tell(home, channel("discord", **found), message="x" * 3000)
    run_id = home.only_run().run_id
    ids = [asked.headers["x-docket-delivery"] for asked in server.asked]
    assert ids == [f"{run_id}:failure", f"{run_id}:failure:2"]


@every_kind
@pytest.mark.parametrize("behaviour", [silence, drip])
def test_a_server_that_is_slow_ends_at_the_deadline(
    home: Home, server: Loopback, kind: str, behaviour: Any
) -> None:
    server.usual = behaviour
    begun = time.monotonic()
    found = told(home, kind, server.url, settings={"timeout_seconds": 0.7})
    assert (found["state"], found["exit_code"]) == ("timed_out", -1)
    assert "in time" in found["stderr"]
    assert time.monotonic() - begun < 25
    run = home.only_run()
    (hook,) = home.ask(lambda reader: reader.hooks(run.run_id))
    assert run.finished_us <= hook.started_at  # the run was over before


@every_kind
@pytest.mark.parametrize("status", [302, 307])
def test_no_redirect_is_followed(home: Home, server: Loopback, kind: str, status: int) -> None:
    with Loopback().serving() as other:
        server.usual = reply(status, "", location=f"{other.url}/stolen")
        found = told(home, kind, server.url)
        assert other.asked == []
    assert (found["state"], found["exit_code"]) == ("failed", status)
    expected = f"{server.host} answers with a redirect ({status}), which is not followed"
    assert found["stderr"] == expected


@every_kind
def test_a_refused_connection_is_said(home: Home, kind: str) -> None:
    host = f"127.0.0.1:{free_port()}"
    found = told(home, kind, f"http://{host}")
    assert (found["state"], found["exit_code"]) == ("failed_to_start", -2)
    assert found["stderr"] == f"No connection to {host}: Connection refused"


@every_kind
def test_a_certificate_that_nobody_signed_is_refused(home: Home, tmp_path: Path, kind: str) -> None:
    with Loopback(tls=certificate(tmp_path)).serving() as server:
        found = told(home, kind, server.url)
        assert server.asked == []
    assert found["state"] == "failed_to_start"
    assert (
        found["stderr"]
        == f"The certificate of {server.host} is not trusted: self-signed certificate"
    )


@every_kind
def test_a_certificate_that_the_environment_trusts_is_taken(
    home: Home, tmp_path: Path, kind: str
) -> None:
    pem = certificate(tmp_path)
    with Loopback(tls=pem).serving() as server:
        server.usual = KINDS[kind][1]
        found = told(home, kind, server.url, environ={"SSL_CERT_FILE": str(pem)})
    assert found["state"] == "delivered"


@every_kind
def test_a_connection_that_is_closed_without_an_answer_is_tried_again(
    home: Home, server: Loopback, kind: str
) -> None:
    server.replies = [hang_up, KINDS[kind][1]]
    assert told(home, kind, server.url)["state"] == "delivered"
    assert len(server.asked) == 2


@every_kind
def test_of_an_endless_answer_only_the_beginning_is_read(
    home: Home, server: Loopback, kind: str
) -> None:
    server.usual = reply(400, b"y" * 5_000_000)
    found = told(home, kind, server.url)
    assert found["state"] == "failed"
    assert len(found["stdout"]) <= 2000


@every_kind
def test_an_answer_that_repeats_the_address_gives_nothing_away(
    home: Home, server: Loopback, kind: str
) -> None:
    server.usual = lambda handler: reply_json(
        {"message": f"cannot POST {handler.path} {handler.headers.items()}", "ok": False}, 400
    )(handler)
    found = told(home, kind, server.url)
    assert "[redacted]" in found["stdout"] or kind == "ntfy"


@every_kind
def test_nothing_of_an_address_is_in_the_files_of_the_run(
    home: Home, server: Loopback, kind: str
) -> None:
    server.usual = reply(500, "no", retry_after="0")
    told(home, kind, server.url)
    for path in home.path.rglob("*"):
        if path.is_file() and path.parent.name != "plans":
            assert SECRET.encode() not in path.read_bytes(), path


def test_discord_gets_content_and_the_name(home: Home, server: Loopback) -> None:
    server.usual = reply(204, "")
    url = f"{server.url}/api/webhooks/1/x"
    outcome(home, "discord", environ={"DISCORD_WEBHOOK_URL": url}, username="ops")
    run = home.only_run()
    assert server.only.path == "/api/webhooks/1/x"
    assert server.only.headers["content-type"] == "application/json"
    body = server.only.json
    expected = f"Docket job failed on {HOST}: {run.summary} ({run.run_id}) in"
    assert body["content"].startswith(expected)
    assert body["username"] == "ops"
    assert body["allowed_mentions"] == {"parse": []}


def test_discord_says_how_long_to_wait_in_its_body(home: Home, server: Loopback) -> None:
    server.replies = [reply_json({"retry_after": 0.05, "global": False}, 429), reply(204, "")]
    found = outcome(home, "discord", webhook_url=f"{server.url}/x")
    assert (found["state"], len(server.asked)) == ("delivered", 2)


def test_telegram_gets_the_chat_and_the_text(home: Home, server: Loopback) -> None:
    server.usual = reply_json({"ok": True})
    found = outcome(
        home,
        "telegram",
        api_url=server.url,
        chat="-1001234",
        environ={"TELEGRAM_BOT_TOKEN": "12:ab"},
    )
    assert found["state"] == "delivered"
    assert server.only.path == "/bot12:ab/sendMessage"
    assert server.only.json["chat_id"] == "-1001234"
    assert server.only.json["text"].startswith(f"Docket job failed on {HOST}: ")
    assert "parse_mode" not in server.only.json


def test_telegram_that_says_ok_false_is_a_failure(home: Home, server: Loopback) -> None:
    server.usual = reply_json({"ok": False, "description": "chat not found"})
    found = outcome(home, "telegram", api_url=server.url, chat="1", bot_token="t" * 9)
    assert (found["state"], found["exit_code"]) == ("failed", 200)
    assert found["stderr"] == f"{server.host} refuses: chat not found"


def test_telegram_falls_back_to_plain_text_if_the_marks_cannot_be_read(
    home: Home, server: Loopback
) -> None:
    server.replies = [
        reply_json({"ok": False, "description": "can't parse entities"}, 400),
        reply_json({"ok": True}),
    ]
    found = outcome(
        home,
        "telegram",
        api_url=server.url,
        chat="1",
        bot_token="t" * 9,
        parse_mode="HTML",
        settings={"message": "<b>{task}</b> {summary} <unclosed"},
    )
    first, second = (asked.json for asked in server.asked)
    assert found["state"] == "delivered"
    assert (first["parse_mode"], "parse_mode" in second) == ("HTML", False)
    assert first["text"].startswith("<b>job</b> ")


def test_telegram_honours_retry_after_in_its_parameters(home: Home, server: Loopback) -> None:
    limited = {"ok": False, "error_code": 429, "parameters": {"retry_after": 1}}
    server.replies = [reply_json(limited, 429), reply_json({"ok": True})]
    begun = time.monotonic()
    found = outcome(home, "telegram", api_url=server.url, chat="1", bot_token="t" * 9)
    assert (found["state"], time.monotonic() - begun >= 1) == ("delivered", True)


@pytest.mark.parametrize(
    ("mode", "escaped"),
    [
        ("HTML", "a &lt;b&gt; &amp; _c_"),
        ("MarkdownV2", "a <b\\> & \\_c\\_"),
        ("Markdown", "a <b> & \\_c\\_"),
    ],
)
def test_telegram_marks_in_what_a_task_said_are_escaped(
    home: Home, server: Loopback, mode: str, escaped: str
) -> None:
    server.usual = reply_json({"ok": True})
    plan = {"output_format": "json"}
    script = 'echo \'{"summary": "x"}\'; exit 3'
    tell(
        home,
        channel("telegram", api_url=server.url, chat="1", bot_token="t" * 9, parse_mode=mode),
        argv=("/bin/sh", "-c", script, "a <b> & _c_"),
        plan=plan,
        message="*{summary}*",
    )
    assert escaped in server.only.json["text"]
    assert server.only.json["text"].startswith("*")


def test_slack_that_says_ok_false_is_a_failure(home: Home, server: Loopback) -> None:
    """Slack answers 200 for what it refuses."""
    server.usual = reply_json({"ok": False, "error": "channel_not_found"})
    found = outcome(
        home,
        "slack",
        api_url=server.url,
        channel="C1",
        environ={"SLACK_BOT_TOKEN": "xoxb-1-abcdef"},
    )
    assert (found["state"], found["exit_code"]) == ("failed", 200)
    assert found["stderr"] == f"{server.host} refuses: channel_not_found"


def test_a_slack_bot_posts_to_its_channel(home: Home, server: Loopback) -> None:
    server.usual = reply_json({"ok": True, "ts": "1"})
    found = outcome(
        home,
        "slack",
        api_url=server.url,
        channel="C1",
        environ={"SLACK_BOT_TOKEN": "xoxb-1-abcdef"},
    )
    assert found["state"] == "delivered"
    assert server.only.path == "/chat.postMessage"
    assert server.only.headers["authorization"] == "Bearer xoxb-1-abcdef"
    assert server.only.json["channel"] == "C1"


def test_a_slack_webhook_that_answers_with_ok_false_is_a_failure(
    home: Home, server: Loopback
) -> None:
    server.usual = reply_json({"ok": False, "error": "invalid_token"})
    found = outcome(home, "slack", webhook_url=f"{server.url}/x")
    assert found["stderr"] == f"{server.host} refuses: invalid_token"


def test_slack_reads_no_marks_of_its_own_in_the_text(home: Home, server: Loopback) -> None:
    tell(
        home,
        channel("slack", webhook_url=f"{server.url}/x"),
        argv=("/bin/sh", "-c", "exit 1", "<!channel> & co"),
    )
    assert "&lt;!channel&gt; &amp; co" in server.only.json["text"]


def test_ntfy_gets_title_priority_tags_and_token(home: Home, server: Loopback) -> None:
    outcome(
        home,
        "ntfy",
        server=server.url,
        topic="ops",
        token_env="NTFY_TOKEN",
        priority="high",
        tags=["skull"],
        environ={"NTFY_TOKEN": "tk_abcdefgh"},
    )
    asked = server.only
    assert asked.path == "/"
    assert asked.headers["authorization"] == "Bearer tk_abcdefgh"
    assert asked.json["title"] == f"job: failed on {HOST}"
    assert (asked.json["topic"], asked.json["priority"], asked.json["tags"]) == (
        "ops",
        4,
        ["skull"],
    )
    assert asked.json["message"].startswith("Docket job failed")


def test_a_webhook_is_signed_over_its_very_body(home: Home, server: Loopback) -> None:
    outcome(
        home,
        "webhook",
        url=f"{server.url}/in",
        headers={"X-Source": "docket"},
        headers_env={"Authorization": "OPS_AUTH"},
        secret_env="OPS_KEY",
        environ={"OPS_KEY": "signing key", "OPS_AUTH": "Bearer abcdefgh"},
    )
    asked = server.only
    digest = hmac.new(b"signing key", asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["x-docket-signature-256"] == f"sha256={digest}"
    assert asked.headers["authorization"] == "Bearer abcdefgh"
    assert asked.headers["x-source"] == "docket"
    run = home.only_run()
    body = asked.json
    assert (body["run_id"], body["task"], body["status"]) == (run.run_id, "job", "failed")
    assert (body["event"], body["exit_code"], body["error_code"]) == ("failure", 1, "exit_code")
    assert body["message"].startswith("Docket job failed")
    assert body["output"] == ""


def test_a_webhook_without_the_key_to_sign_it_is_not_sent(home: Home, server: Loopback) -> None:
    found = outcome(home, "webhook", url=server.url, secret_env="OPS_KEY")
    assert (found["exit_code"], server.asked) == (-2, [])
    assert found["stderr"] == "Missing the key that signs the webhook"


def test_a_webhook_may_be_a_put(home: Home, server: Loopback) -> None:
    outcome(home, "webhook", url=server.url, method="PUT")
    assert server.only.method == "PUT"


def test_a_name_and_a_password_in_an_address_become_a_header(home: Home, server: Loopback) -> None:
    url = server.url.replace("//", "//ada:pass%77ord@")
    found = outcome(home, "webhook", url=url)
    assert found["state"] == "delivered"
    assert server.only.headers["authorization"].startswith("Basic ")


def test_a_ping_is_sent_for_the_start_and_for_the_failure(home: Home, server: Loopback) -> None:
    result = tell(home, channel("ping", url=f"{server.url}/uuid?create=1"))
    start, end = server.asked
    assert start.path.startswith("/uuid/start?create=1&rid=")
    assert end.path.startswith("/uuid/fail?create=1&rid=")
    assert start.path.partition("rid=")[2] == end.path.partition("rid=")[2]
    assert [hook["command"] for hook in result["hooks"]] == ["notify:ping:start", "notify:ping"]


def test_a_ping_is_sent_for_every_success_whatever_on_says(home: Home, server: Loopback) -> None:
    tell(home, channel("ping", url=f"{server.url}/uuid", start=False), argv=("/bin/true",))
    assert server.only.path.startswith("/uuid?rid=")


def test_a_start_that_nobody_answers_does_not_hold_the_job_up(home: Home, server: Loopback) -> None:
    server.usual = silence
    done = home.path / "done"
    home.plan(
        "job",
        "/bin/touch",
        str(done),
        notify={"channels": [channel("ping", url=server.url)], "timeout_seconds": 1.0},
    )
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert {hook["state"] for hook in result["hooks"]} == {"timed_out"}
    start, _ = home.ask(lambda reader: reader.hooks(result["run_id"]))
    assert done.stat().st_mtime_ns // 1000 < ended(start)


@pytest.mark.parametrize("text", ["OK (not found)", "OK (rate limited)"])
def test_a_check_that_counted_nothing_is_a_failure(home: Home, server: Loopback, text: str) -> None:
    server.usual = reply(200, text)
    found = outcome(home, "ping", url=f"{server.url}/uuid", start=False)
    assert (found["state"], found["stderr"]) == ("failed", f"{server.host} refuses: {text}")


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("discord", {}, "Missing Discord webhook URL"),
        ("telegram", {"chat": "1"}, "Missing Telegram bot token"),
        ("telegram", {"bot_token": "t" * 9}, "Missing Telegram chat_id"),
        ("slack", {}, "Missing Slack webhook URL"),
        ("slack", {"channel": "C1"}, "Missing Slack bot token"),
        ("ntfy", {"topic_env": "NOWHERE"}, "Missing ntfy topic"),
        ("webhook", {"url_env": "NOWHERE"}, "Missing webhook URL"),
        ("ping", {"url_env": "NOWHERE", "start": False}, "Missing ping URL"),
        ("apprise", {}, "Missing Apprise URLs"),
    ],
)
def test_a_setting_that_is_missing_is_named(
    home: Home, kind: str, options: dict[str, Any], sentence: str
) -> None:
    found = outcome(home, kind, **options)
    assert (found["state"], found["exit_code"]) == ("failed_to_start", -2)
    assert found["stderr"] == sentence


@pytest.mark.parametrize(
    "address",
    [
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "127.0.0.1/x",
        "http:///",
        "http://[::1",
        "http://h:x/",
    ],
)
def test_what_is_not_an_address_of_http_is_refused_without_repeating_it(
    home: Home, address: str
) -> None:
    found = outcome(home, "webhook", url_env="OPS", environ={"OPS": f"{address}{SECRET}"})
    assert (found["state"], found["exit_code"]) == ("failed_to_start", -2)
    assert SECRET not in json.dumps(found)
    assert "address" in found["stderr"]


def test_a_value_of_several_lines_is_refused(home: Home) -> None:
    found = outcome(home, "webhook", url_env="OPS", environ={"OPS": "http://a/\r\nX-Evil: 1"})
    assert found["stderr"] == "The value of OPS is not a single line"


def test_a_credential_is_used_if_no_variable_has_the_name(
    home: Home, server: Loopback, tmp_path: Path
) -> None:
    (tmp_path / "hook-url").write_text(f"{server.url}/from-credential\n")
    found = outcome(
        home,
        "webhook",
        url_env="hook-url",
        environ={"CREDENTIALS_DIRECTORY": str(tmp_path)},
    )
    assert (found["state"], server.only.path) == ("delivered", "/from-credential")


def test_a_proxy_of_the_environment_is_used_but_for_what_it_leaves_out(
    home: Home, server: Loopback
) -> None:
    environ = {"http_proxy": server.url, "no_proxy": "127.0.0.1"}
    outcome(home, "webhook", url="http://alarms.invalid/x", environ=environ)
    assert server.only.path == "http://alarms.invalid/x"
    with Loopback().serving() as other:
        settings = {"remind_after_seconds": 0.0}
        outcome(home, "webhook", url=f"{other.url}/y", environ=environ, settings=settings)
        assert other.only.path == "/y"


def test_an_instant_to_wait_for_is_understood(home: Home, server: Loopback) -> None:
    later = email.utils.formatdate(time.time() + 2, usegmt=True)
    server.replies = [reply(503, "busy", retry_after=later), reply()]
    begun = time.monotonic()
    patient = {"timeout_seconds": 60.0}
    assert outcome(home, "webhook", url=server.url, settings=patient)["state"] == "delivered"
    assert time.monotonic() - begun > 0.5


def test_all_channels_send_at_once(home: Home, server: Loopback) -> None:
    server.usual = silence
    result = tell(
        home,
        channel("discord", webhook_url=server.url),
        channel("webhook", url=server.url),
        channel("slack", webhook_url=server.url),
        timeout_seconds=1.0,
    )
    assert [hook["state"] for hook in result["hooks"]] == ["timed_out"] * 3
    hooks = home.ask(lambda reader: reader.hooks(result["run_id"]))
    assert max(hook.started_at for hook in hooks) < min(map(ended, hooks))
