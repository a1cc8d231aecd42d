"""State and queues over MCP: only for the names that the person who starts the server lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcp.client import Refused, Session
from tests.mcp.conftest import Connect

CONFIG = "tasks: {fetch: {type: command, command: [/bin/true]}}\n"


@pytest.fixture
def session(connect: Connect) -> Session:
    return connect(CONFIG, DOCKET_MCP_ALLOW_DATA="fetch, mail")


def answered(session: Session, tool: str, **given: Any) -> Any:
    answer = session.call(tool, **given)
    assert not answer.failed, answer.document
    return answer.document


def test_without_names_there_are_no_such_tools(connect: Connect) -> None:
    session = connect(CONFIG)
    names = {tool["name"] for tool in session.tools()}
    assert not [name for name in names if "state_" in name or "queue_" in name]
    refused = session.answer(session.start("docket_state_list", namespace="fetch"))
    assert isinstance(refused, Refused)


def test_a_value_is_kept_and_set_only_over_its_version(session: Session) -> None:
    place = {"namespace": "fetch", "key": "cursor"}
    kept = answered(session, "docket_state_set", **place, value={"page": 7}, ttl_seconds=60)
    assert answered(session, "docket_state_get", **place)["value"] == {"page": 7}
    answered(session, "docket_state_set", **place, value=None, if_version=kept["version"])
    lost = session.call("docket_state_set", **place, value=1, if_version=kept["version"])
    assert (lost.failed, lost.document["error_code"]) == (True, "data.conflict")
    listed = answered(session, "docket_state_list", namespace="fetch")["result"]
    assert [(one["key"], one["value"]) for one in listed] == [("cursor", None)]
    seen = {"namespace": "fetch", "collection": "seen", "key": "1"}
    answered(session, "docket_state_set", **seen, value=True)
    assert answered(session, "docket_state_get", **seen)["collection"] == "seen"


def test_work_is_pushed_claimed_and_settled(session: Session) -> None:
    answered(session, "docket_queue_push", queue="mail", payload={"to": "ada"}, key="ada")
    again = answered(session, "docket_queue_push", queue="mail", payload={}, key="ada")
    assert again["duplicates"] == 1
    [item] = answered(session, "docket_queue_claim", queue="mail", lease_seconds=60)["result"]
    assert item["payload"] == {"to": "ada"}
    token = {"queue": "mail", "token": item["token"]}
    assert answered(session, "docket_queue_settle", **token)["state"] == "done"
    stale = session.call("docket_queue_settle", **token, action="fail", error="late")
    assert (stale.failed, stale.document["error_code"]) == (True, "queue.stale_claim")
    assert answered(session, "docket_queue_claim", queue="mail")["result"] == []
    [figures] = answered(session, "docket_queue_stats", queue="mail")["result"]
    assert (figures["done"], figures["waiting"]) == (1, 0)


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("docket_state_get", {"namespace": "other", "key": "k"}),
        ("docket_state_set", {"namespace": "*", "key": "k", "value": 1}),
        ("docket_state_list", {"namespace": "fetch, mail"}),
        ("docket_queue_push", {"queue": "other", "payload": 1}),
        ("docket_queue_claim", {"queue": ""}),
    ],
)
def test_any_other_name_is_refused(session: Session, tool: str, given: dict[str, Any]) -> None:
    answer = session.call(tool, **given)
    assert (answer.failed, answer.document["error_code"]) == (True, "data.refused")
