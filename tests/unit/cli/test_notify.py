"""`docket notify test`, and where the outcomes of messages are seen, as a user calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.app.documents import require_valid
from tests.unit.cli.conftest import Docket
from tests.unit.notify.loopback import Loopback, reply
from tests.unit.notify.telling import SECRET


@pytest.fixture
def server() -> Iterator[Loopback]:
    with Loopback().serving() as loopback:
        yield loopback


@pytest.fixture
def home(tmp_path: Path, server: Loopback) -> Path:
    """A home whose task reports its end through a webhook and through Discord."""
    directory = tmp_path / ".docket"
    directory.mkdir(mode=0o700)
    (directory / "alarms.env").write_text(
        f"OPS={server.url}/ops/{SECRET}\nDISCORD_WEBHOOK_URL={server.url}/discord/{SECRET}\n"
    )
    write(
        directory,
        {
            "job": {
                "type": "command",
                "command": "false",
                "env_file": "alarms.env",
                "notify": {"webhook": {"url_env": "OPS"}, "discord": {}},
            },
            "mute": {"type": "command", "command": "false"},
        },
    )
    return directory


def write(directory: Path, tasks: dict[str, Any]) -> None:
    path = directory / "config.yaml"
    path.write_text(json.dumps({"tasks": tasks}))
    path.chmod(0o600)


@pytest.mark.usefixtures("home")
def test_every_channel_is_tried_and_nothing_is_recorded(docket: Docket, server: Loopback) -> None:
    told = docket("notify", "test", "job", "--json")
    document = require_valid("notify", told.document)
    assert (told.code, document["ok"]) == (0, True)
    assert [one["channel"] for one in document["channels"]] == ["discord", "webhook"]
    assert sorted(asked.path for asked in server.asked) == [
        f"/discord/{SECRET}",
        f"/ops/{SECRET}",
    ]
    assert "This is a test" in server.asked[0].body.decode()
    assert docket("runs", "--json").document == []
    assert SECRET not in told.out


@pytest.mark.usefixtures("home")
def test_one_that_fails_makes_the_exit_code_1(docket: Docket, server: Loopback) -> None:
    server.usual = reply(404, "no")
    told = docket("notify", "test", "job", "--channel", "discord")
    assert told.code == 1
    assert f"discord: failed: {server.host} answers with 404" in told.out
    assert len(server.asked) == 1
    document = require_valid("notify", docket("notify", "test", "job", "--json").document)
    assert [one["ok"] for one in document["channels"]] == [False, False]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("mute",), "has no channel to send it through"),
        (("job", "--channel", "slack"), "has no channel 'slack'"),
    ],
)
def test_if_there_is_nothing_to_test_the_answer_says_so(
    docket: Docket, words: tuple[str, ...], sentence: str
) -> None:
    told = docket("notify", "test", *words, "--json")
    assert told.code == 1
    assert sentence in told.document["error"]
    assert told.document["error_code"] == "notify.no_channel"


def test_credentials_that_are_not_there_are_warned_of(
    docket: Docket, home: Path, server: Loopback
) -> None:
    task = {
        "type": "command",
        "command": "true",
        "credentials": ["hook"],
        "notify": {"webhook": {"url_env": "hook"}},
    }
    write(home, {"job": task})
    told = docket("notify", "test", "job")
    assert (told.code, server.asked) == (1, [])
    assert "credentials exist only in its unit" in told.err


@pytest.mark.usefixtures("home")
def test_a_message_that_did_not_arrive_is_seen_wherever_the_run_is(
    docket: Docket, server: Loopback
) -> None:
    server.usual = reply(403, "no")
    run = require_valid("run", docket("run", "job", "--json").document)
    assert [hook["command"] for hook in run["hooks"]] == ["notify:discord", "notify:webhook"]
    run_id = run["run_id"]
    listed = require_valid("runs", docket("runs", "--json").document)
    assert listed[0]["notified"] == "failed"
    assert "a message about it did not arrive" in docket("runs").out
    detail = require_valid("status", docket("status", "--run-id", run_id, "--json").document)
    assert [hook["state"] for hook in detail["hooks"]] == ["failed", "failed"]
    assert "discord: failed" in docket("status", "--run-id", run_id).out
    why = require_valid("why", docket("why", "job", "--json").document)
    assert any("'notify:discord' did not arrive" in line for line in why["evidence"])
    assert any("nobody has been notified" in line for line in why["notes"])
    standing = require_valid("status", docket("status", "job", "--json").document)
    assert (standing["incident"]["open"], standing["incident"]["told_at"]) == (True, None)
    assert "nobody has been notified" in docket("status", "job").out


@pytest.mark.usefixtures("home")
def test_an_incident_and_its_silence_are_seen(docket: Docket) -> None:
    for _ in range(2):
        run = docket("run", "job", "--json").document
    standing = require_valid("status", docket("status", "job", "--json").document)
    assert (standing["incident"]["failures"], standing["incident"]["open"]) == (2, True)
    listed = require_valid("runs", docket("runs", "--json").document)
    assert [one["notified"] for one in listed] == ["suppressed", "delivered"]
    evidence = docket("why", "job", run["run_id"], "--json").document["evidence"]
    assert any(line.startswith("Kept silent: it has failed 2 times") for line in evidence)
    assert require_valid("describe", docket("describe", "job", "--json").document)["contract"][
        "notify"
    ]["channels"] == ["discord", "webhook"]


def test_no_secret_address_is_in_anything_that_is_shown(
    docket: Docket, home: Path, server: Loopback
) -> None:
    url = f"{server.url}/x/{SECRET}"
    notify = {
        "discord": {"webhook_url": url},
        "webhook": {"url": url, "headers": {"X-Key": SECRET}},
        "ping": {"url": url},
        "telegram": {"bot_token": SECRET, "chat": 1, "api_url": server.url},
    }
    hooks = [{"type": "agent", "url": url}, {"type": "agent", "webhook_url": url}]
    task = {"type": "command", "command": "false", "notify": notify, "on_complete": hooks}
    write(home, {"job": task})
    server.usual = reply(500, f"error at {url}", retry_after="0")
    for words in (
        ("run", "job"),
        ("describe", "job"),
        ("capabilities",),
        ("status", "job"),
        ("runs",),
        ("why", "job"),
        ("check",),
        ("notify", "test", "job"),
    ):
        for form in ((), ("--json",)):
            told = docket(*words, *form)
            assert SECRET not in told.out + told.err, words
