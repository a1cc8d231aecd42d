"""Whole sessions of the SDK's own client over stdio: what an agent does in a day's work."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.mcp.client import Answered, Refused, Session
from tests.mcp.conftest import Connect

CONFIG = """
tasks:
  hello: {type: command, command: [echo, hi], description: Says hi., schedule: "@daily"}
  fails: {type: command, command: [sh, -c, "echo out; echo oops >&2; exit 3"]}
  after: {type: command, command: [echo, published], depends_on: [fails]}
  crashes: {type: command, command: [sh, -c, "kill -SEGV $$"]}
  slow: {type: command, command: [sleep, "5"]}
  endless: {type: command, command: [sleep, "600"], grace: 1s}
  counts:
    type: command
    command: [sh, -c, 'echo "{\\"event\\": \\"a\\"}"; echo "{\\"event\\": \\"b\\"}"']
    output_format: jsonl
  told: {type: command, command: [sh, -c, 'echo "$DOCKET_PARAM_TO"'], inputs: {to: Where to.}}
  wipe: {type: command, command: [touch, wiped], destructive: true, unattended: allow}
  between: {type: command, command: [touch, between], depends_on: [wipe]}
  front: {type: command, command: [touch, front], depends_on: [between]}
"""
OPENED = """
tasks:
  wipe: {type: command, command: [sh, -c, "touch ~/wiped"], destructive: true, unattended: allow}
  front: {type: command, command: ["true"], depends_on: [wipe]}
"""
REFERENCE: dict[str, dict[str, object]] = {
    "docket_list_tasks": {},
    "docket_describe_task": {"task_name": "*"},
    "docket_run_task": {"task_name": "*", "dry_run": False, "force": False},
    "docket_run_task_async": {"task_name": "*", "dry_run": False, "force": False},
    "docket_task_status": {"task_name": None, "run_id": None},
    "docket_task_runs": {"task_name": None, "limit": 20},
    "docket_wait_run": {"run_id": "*", "timeout": None, "poll_interval": 1.0},
    "docket_run_logs": {"run_id": "*", "tail": None},
    "docket_run_events": {"run_id": "*", "limit": 500},
    "docket_cancel_run": {"run_id": "*"},
    "docket_capabilities": {},
}


def test_a_session_that_looks_around_and_runs_tasks_in_the_foreground(connect: Connect) -> None:
    """Defects: mcp 2.x broke the server (W2), and a failed run was one sentence."""
    session = connect(CONFIG)
    assert session.hello["protocol"] == "2025-11-25"
    assert "docket_run_task_async" in session.hello["instructions"]

    listed = session.call("docket_list_tasks").document["result"]
    assert [task["name"] for task in listed] == sorted(task["name"] for task in listed)
    assert {"hello", "wipe"} <= {task["name"] for task in listed}
    described = session.call("docket_describe_task", task_name="wipe").document
    assert (described["destructive"], described["units"]["service"][:7]) == (True, "docket-")

    good = session.call("docket_run_task", task_name="hello")
    assert (good.failed, good.document["status"]) == (False, "succeeded")
    assert good.document["details"]["stdout"] == "hi\n"
    assert json.loads(good.texts[0]) == good.document

    bad = session.call("docket_run_task", task_name="fails")
    assert (bad.failed, bad.document["status"]) == (True, "failed")
    assert bad.document["details"]["stderr"] == "oops\n"
    assert bad.document["details"]["exit_code"] == 3
    log = session.call("docket_run_logs", run_id=bad.document["run_id"], tail=1)
    assert (log.document["content"], log.document["run_status"]) == ("oops\n", "failed")

    crash = session.call("docket_run_task", task_name="crashes")
    assert (crash.failed, crash.document["error_code"]) == (True, "signal")

    told = session.call("docket_run_task", task_name="told", params={"to": "the café"})
    assert told.document["details"]["stdout"] == "the café\n"
    counted = session.call("docket_run_task", task_name="counts").document["run_id"]
    events = session.call("docket_run_events", run_id=counted, after_index=1).document["result"]
    assert [event["event_type"] for event in events] == ["b"]

    runs = session.call("docket_task_runs", statuses=["failed"]).document["result"]
    assert [(run["task_name"], run["trigger"]) for run in runs] == [
        ("crashes", "agent"),
        ("fails", "agent"),
    ]
    why = session.call("docket_why", task_name="fails").document
    assert why["cause"] == "exit_code"
    older = session.call("docket_task_runs", cursor=bad.document["run_id"]).document["result"]
    assert [run["run_id"] for run in older] == [good.document["run_id"]]
    assert session.leave() < 5


def test_a_session_that_starts_waits_and_cancels(connect: Connect) -> None:
    """Defect: wait_run blocked the whole server (list was answered after 4 s)."""
    session = connect(CONFIG)
    receipt = session.call("docket_run_task_async", task_name="slow", idempotency_key="once")
    run_id = receipt.document["run_id"]
    again = session.call("docket_run_task_async", task_name="slow", idempotency_key="once")
    assert again.document == {**receipt.document, "repeated": True}

    wait = session.start("docket_wait_run", run_id=run_id, poll_interval=0.2, progress=True)
    time.sleep(0.5)
    listed = session.call("docket_list_tasks")
    assert not listed.failed  # answered while the run goes on
    standing = session.call("docket_task_status", run_id=run_id).document
    assert (standing["status"], standing["alive"]) == ("running", True)
    waited = session.answer(wait)
    assert isinstance(waited, Answered)
    assert (waited.failed, waited.document["status"]) == (False, "succeeded")
    assert waited.document["trigger"] == "agent"
    told = session.progress[wait]
    assert len(told) >= 10
    assert [each["progress"] for each in told] == sorted(each["progress"] for each in told)
    assert run_id in told[0]["message"]

    endless = session.call("docket_run_task_async", task_name="endless").document
    soon = session.call("docket_wait_run", run_id=endless["run_id"], timeout=0.3)
    assert (soon.failed, soon.document["status"]) == (False, "wait_timeout")
    assert soon.document["last_seen_status"] == "running"
    cancelled = session.call("docket_cancel_run", run_id=endless["run_id"])
    assert (cancelled.failed, cancelled.document["status"]) == (False, "cancelled")
    assert cancelled.document["cancelled"] is True
    assert session.call("docket_cancel_run", run_id=endless["run_id"]).document["cancelled"] is True
    ended = session.call("docket_wait_run", run_id=endless["run_id"])
    assert ended.document["status"] == "cancelled"


def test_a_session_of_the_newest_protocol(connect: Connect) -> None:
    session = connect(CONFIG, protocol="newest")
    assert session.hello["protocol"] >= "2026-07-28"
    assert "docket_list_tasks" in session.hello["instructions"]
    assert len(session.tools()) == len({tool["name"] for tool in session.tools()})
    wait = session.start("docket_run_task", task_name="endless", progress=True)
    assert session.call("docket_list_tasks").seconds < 60
    bad = session.call("docket_run_task", task_name="fails")
    assert (bad.failed, bad.document["status"]) == (True, "failed")
    refused = session.call("docket_run_task", task_name="front")
    assert refused.document["error_code"] == "task.destructive_refused"
    (run,) = session.call("docket_task_runs", task_name="endless").document["result"]
    session.call("docket_cancel_run", run_id=run["run_id"])
    ended = session.answer(wait)
    assert isinstance(ended, Answered)
    assert (ended.failed, ended.document["status"]) == (True, "cancelled")


@pytest.mark.parametrize(("allowance", "opened"), [("allow", True), ("0", False)])
def test_who_starts_the_server_can_open_the_gate(
    connect: Connect, tmp_path: Path, allowance: str, opened: bool
) -> None:
    session = connect(OPENED, DOCKET_MCP_ALLOW_DESTRUCTIVE=allowance)
    run = session.call("docket_run_task", task_name="front")
    assert (run.failed, (tmp_path / "wiped").exists()) == (not opened, opened)


@pytest.mark.parametrize("tool", ["docket_run_task", "docket_run_task_async"])
@pytest.mark.parametrize("task", ["wipe", "front"])
@pytest.mark.parametrize("force", [False, True])
def test_a_destructive_task_is_refused_also_as_a_dependency(
    shared: Session, tool: str, task: str, force: bool
) -> None:
    """Defect: the destructive gate was passed through depends_on."""
    for key in (None, "k", "k"):
        refused = shared.call(tool, task_name=task, force=force, idempotency_key=key)
        assert refused.failed
        assert refused.document["error_code"] == "task.destructive_refused"
        assert refused.document["task"] == task
        assert refused.document["through"] == ([] if task == "wipe" else ["between", "wipe"])
        assert "DOCKET_MCP_ALLOW_DESTRUCTIVE" in refused.document["hint"]
    assert shared.call("docket_task_runs").document == {"result": []}


def test_the_words_of_systemd_name_an_instant(connect: Connect) -> None:
    session = connect(CONFIG)
    assert not session.call("docket_run_task", task_name="hello").failed
    for word, count in (("yesterday", 1), ("2 days ago", 1), ("tomorrow", 0)):
        assert len(session.call("docket_task_runs", since=word).document["result"]) == count, word
    assert session.call("docket_task_runs", until="yesterday").document["result"] == []
    assert not session.call("docket_why", task_name="hello", at="yesterday 12:00").failed
    wrong = session.call("docket_why", task_name="hello", at="the day before")
    assert (wrong.failed, wrong.document["error_code"]) == (True, "usage")


def test_a_run_without_its_dependency_is_an_error_to_an_agent(connect: Connect) -> None:
    session = connect(CONFIG)
    run = session.call("docket_run_task", task_name="after")
    assert run.failed
    assert (run.document["status"], run.document["error_code"]) == ("failed", "dependency")
    found = session.call("docket_task_status", task_name="after").document
    assert (found["status"], found["consecutive_failures"]) == ("failed", 1)


@pytest.mark.parametrize("tool", ["docket_run_task", "docket_run_task_async"])
def test_a_dry_run_is_a_success_also_of_a_destructive_task(shared: Session, tool: str) -> None:
    """Defect: a dry run over MCP was always an error."""
    shown = shared.call(tool, task_name="wipe", dry_run=True)
    assert (shown.failed, shown.document["dry_run"], shown.document["ok"]) == (False, True, True)
    assert shown.document["summary"].startswith("Would run: ")
    assert shared.call("docket_task_runs").document == {"result": []}
    both = shared.call(tool, task_name="told", dry_run=True, params={"to": "x"})
    assert (both.failed, both.document["error_code"]) == (True, "usage")


def test_the_server_has_the_references_tools_with_their_arguments(shared: Session) -> None:
    tools = {tool["name"]: tool for tool in shared.tools()}
    for name, arguments in REFERENCE.items():
        schema = tools[name]["inputSchema"]
        found = {
            argument: "*" if argument in schema.get("required", []) else described["default"]
            for argument, described in schema["properties"].items()
        }
        assert arguments.items() <= found.items(), name
    for tool in tools.values():
        assert tool["outputSchema"]["type"] == "object"
        assert tool["annotations"]["readOnlyHint"] is (
            tool["name"] not in ("docket_run_task", "docket_run_task_async", "docket_cancel_run")
        )
        assert tool["annotations"]["destructiveHint"] is not tool["annotations"]["readOnlyHint"]


@pytest.mark.parametrize(
    ("tool", "arguments", "code", "hint"),
    [
        ("docket_run_task", {"task_name": "helo"}, "task.unknown", "Did you mean 'hello'?"),
        ("docket_run_task", {"task_name": "../x"}, "task.name_refused", "letters"),
        ("docket_run_task", {"task_nam": "x"}, "usage", "Did you mean 'task_name'?"),
        ("docket_run_task", {}, "usage", "It takes: task_name"),
        ("docket_run_task", {"task_name": None}, "usage", "The task's name"),
        ("docket_run_task", {"task_name": ["hello"]}, "usage", "The task's name"),
        ("docket_run_task", {"task_name": "hello", "dry_run": "yes"}, "usage", "what would run"),
        ("docket_run_task", {"task_name": "hello", "params": {"x": 1}}, "usage", "inputs"),
        (
            "docket_run_task",
            {"task_name": "told", "params": {"too": "x"}},
            "run.param_refused",
            "to",
        ),
        ("docket_run_task", {"task_name": "x" * 5_000_000}, "usage", "The task's name"),
        ("docket_run_task_async", {"task_name": "hello", "idempotency_key": " "}, "usage", "word"),
        ("docket_wait_run", {"run_id": "zz"}, "run.not_found", "docket runs"),
        ("docket_wait_run", {"run_id": "zz", "timeout": -1}, "usage", "seconds"),
        ("docket_wait_run", {"run_id": "zz", "timeout": True}, "usage", "seconds"),
        ("docket_task_runs", {"limit": 0}, "usage", "How many"),
        ("docket_task_runs", {"limit": 10**30}, "usage", "How many"),
        ("docket_task_runs", {"limit": 1.5}, "usage", "How many"),
        ("docket_task_runs", {"statuses": ["fine"]}, "usage", "statuses"),
        ("docket_task_runs", {"since": "someday"}, "usage", "2026-"),
        ("docket_task_runs", {"task_name": "a/b"}, "task.name_refused", "letters"),
        ("docket_run_logs", {"run_id": "20261120T092345764840Z-6803c279"}, "run.not_found", "runs"),
        ("docket_why", {"task_name": "hello", "at": "9999999999d"}, "usage", "2026-"),
    ],
)
def test_impossible_arguments_are_refused_as_an_object_with_a_hint(
    shared: Session, tool: str, arguments: dict[str, object], code: str, hint: str
) -> None:
    refused = shared.call(tool, **arguments)
    assert (refused.failed, refused.document["ok"]) == (True, False)
    assert refused.document["error_code"] == code
    assert hint in refused.document["hint"]
    assert len(refused.texts[0]) < 2000


def test_a_tool_that_does_not_exist_is_an_error_of_the_protocol(shared: Session) -> None:
    refused = shared.answer(shared.start("docket_format_disk"))
    assert refused == Refused(-32602, "There is no tool 'docket_format_disk'.")


def test_every_tool_that_looks_answers_as_its_schema_says(shared: Session) -> None:
    """The client checks each answer against the schema that the server published for it."""
    shared.tools()
    for tool in (
        "docket_list_tasks",
        "docket_task_status",
        "docket_task_runs",
        "docket_capabilities",
        "docket_doctor",
        "docket_health",
        "docket_next",
    ):
        assert not shared.call(tool).failed
    for tool in (
        "docket_health",
        "docket_describe_task",
        "docket_task_status",
        "docket_why",
        "docket_next",
    ):
        assert not shared.call(tool, task_name="hello").failed
    assert shared.call("docket_next", task_name="hello", count=3).document["fires"][2]
