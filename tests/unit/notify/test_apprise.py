"""Apprise, the real library, with an address of its own kind that leads to a loopback server."""

from __future__ import annotations

import json
import os

from tests.unit.notify.loopback import Loopback, free_port, reply, silence
from tests.unit.notify.telling import SECRET, outcome
from tests.unit.runner.runner_home import Home


def test_every_address_gets_the_message(home: Home, server: Loopback) -> None:
    urls = f"json://{server.host}/a {server.url.replace('http', 'json')}/b"
    found = outcome(home, "apprise", environ={"APPRISE_URLS": urls})
    assert (found["state"], found["exit_code"]) == ("delivered", 0), found
    assert [asked.path for asked in server.asked] == ["/a", "/b"]
    body = server.asked[0].json
    assert (body["title"], body["type"]) == (f"job: failed on {os.uname().nodename}", "failure")
    assert body["message"].startswith("Docket job failed")


def test_one_address_that_fails_is_counted(home: Home, server: Loopback) -> None:
    urls = f"json://{server.host}/a, json://127.0.0.1:{free_port()}/{SECRET}"
    found = outcome(home, "apprise", environ={"APPRISE_URLS": urls})
    assert found["state"] == "failed"
    assert found["stderr"] == "Apprise could not deliver to 1 of 2 addresses"
    assert SECRET not in json.dumps(found)


def test_a_server_that_refuses_is_a_failure(home: Home, server: Loopback) -> None:
    server.usual = reply(500, "no")
    found = outcome(home, "apprise", environ={"APPRISE_URLS": f"json://{server.host}/"})
    assert found["state"] == "failed"


def test_an_address_that_means_nothing_is_not_repeated(home: Home) -> None:
    found = outcome(home, "apprise", environ={"APPRISE_URLS": f"nonsense://{SECRET}"})
    assert found["stderr"] == "Apprise cannot read one of the addresses"
    assert SECRET not in json.dumps(found)


def test_a_server_that_hangs_ends_at_the_deadline(home: Home, server: Loopback) -> None:
    server.usual = silence
    urls = f"json://{server.host}/"
    settings = {"timeout_seconds": 2.0}
    found = outcome(home, "apprise", environ={"APPRISE_URLS": urls}, settings=settings)
    assert (found["state"], found["exit_code"]) == ("timed_out", -1)
