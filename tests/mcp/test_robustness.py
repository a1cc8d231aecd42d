"""What the server goes through and stays up: many calls, hostile input, clients that die."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mcp.client import PATIENCE, SERVER, Answered, Session, environment
from tests.mcp.conftest import Connect, write_config

CONFIG = """
tasks:
  hello: {type: command, command: [echo, hi]}
  reads: {type: command, command: [sh, -c, "cat; echo read"]}
  slow: {type: command, command: [sleep, "3"]}
  endless: {type: command, command: [sleep, "600"], grace: 1s}
  stubborn: {type: command, command: [sh, -c, "trap '' TERM; sleep 600"], grace: 1s}
  loud:
    type: command
    command: [sh, -c, "head -c 200000000 /dev/zero | tr '\\\\0' 'x' | fold -w 99; echo last"]
  strange: {type: command, command: [printf, '\\\\377\\\\376 odd']}
  nested:
    type: command
    command: [python3, -c, "print('[' * 900 + ']' * 900)"]
    output_format: json
    parse_errors: warn
  kills: {type: command, command: [sh, -c, "kill -9 $PPID"]}
"""
NO_REQUESTS = [
    b"",
    b"this is no JSON",
    b"{",
    b"[]",
    b"null",
    b'{"jsonrpc": "2.0"}',
    b'{"jsonrpc": "1.0", "id": 7, "method": "tools/list"}',
    b'{"jsonrpc": "2.0", "method": "tools/call"}',
    b'{"jsonrpc": "2.0", "id": {}, "method": "tools/list"}',
    b'{"jsonrpc": "2.0", "id": 8, "result": {}}',
    b'{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 99}}',
    b'{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": 5}',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"jsonrpc": "2.0", "id": 9, "x": "' + b"x" * (17 << 20) + b'"}',
]


def eventually(holds: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)
    return found


def newest(session: Session, task: str) -> Any:
    runs = session.call("docket_task_runs", task_name=task, limit=1).document["result"]
    return runs[0] if runs else None


def children(pid: int) -> list[tuple[int, str]]:
    """Return the children of a process, each with its state."""
    found = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            stat = Path(f"/proc/{child}/stat").read_text()
            found.append((int(child), stat.rpartition(")")[2].split()[0]))
    return found


def test_taking_a_wait_back_ends_the_waiting_and_not_the_run(shared: Session) -> None:
    run_id = shared.call("docket_run_task_async", task_name="endless").document["run_id"]
    wait = shared.start("docket_wait_run", run_id=run_id)
    time.sleep(0.5)
    shared.take_back(wait)
    assert shared.answer(wait) is None
    standing = shared.call("docket_task_status", run_id=run_id).document
    assert (standing["status"], standing["alive"]) == ("running", True)
    assert shared.call("docket_cancel_run", run_id=run_id).document["cancelled"]


@pytest.mark.parametrize("more", [{}, {"idempotency_key": "k"}])
def test_taking_a_run_back_cancels_it(shared: Session, more: dict[str, str]) -> None:
    run = shared.start("docket_run_task", task_name="endless", progress=True, **more)
    eventually(lambda: shared.progress[run])
    run_id = shared.progress[run][0]["message"].partition("(run ")[2].rstrip(")")
    shared.take_back(run)
    assert shared.answer(run) is None

    def standing() -> Any:
        return shared.call("docket_task_status", run_id=run_id).document.get("status")

    eventually(lambda: standing() == "cancelled")


def test_a_run_that_is_taken_back_at_once_does_not_go_on(shared: Session) -> None:
    for pause in (0.0, 0.005, 0.02, 0.05, 0.1):
        run = shared.start("docket_run_task", task_name="endless")
        time.sleep(pause)
        shared.take_back(run)

    def settled() -> bool:
        runs = shared.call("docket_task_runs", task_name="endless").document["result"]
        return all(run["status"] in ("cancelled", "skipped") for run in runs)

    time.sleep(0.5)
    eventually(settled)
    assert shared.call("docket_run_task", task_name="hello").document["ok"]


def test_no_worker_is_left_as_a_zombie(shared: Session) -> None:
    """Defect: finished workers of the server stayed zombies, and their runs never ended."""
    for _ in range(3):
        receipt = shared.call("docket_run_task_async", task_name="hello").document
        assert shared.call("docket_wait_run", run_id=receipt["run_id"]).document["exit_code"] == 0
        assert shared.call("docket_run_task", task_name="hello").document["ok"]
    eventually(lambda: children(shared.server_pid()) == [])


def test_a_task_reads_nothing_of_the_protocol(shared: Session) -> None:
    """Defect: a task that reads standard input ate the JSON-RPC stream, and the server was mute."""
    read = shared.call("docket_run_task", task_name="reads").document
    assert (read["status"], read["details"]["stdout"]) == ("succeeded", "read\n")
    receipt = shared.call("docket_run_task_async", task_name="reads").document
    assert shared.call("docket_wait_run", run_id=receipt["run_id"]).document["exit_code"] == 0
    assert not shared.call("docket_list_tasks").failed


def test_two_hundred_megabytes_of_output_make_short_answers(shared: Session) -> None:
    """Defect: after a noisy task list_tasks answered with hundreds of megabytes."""
    loud = shared.call("docket_run_task", task_name="loud")
    assert (loud.failed, loud.document["status"]) == (False, "succeeded")
    assert loud.document["details"]["stdout"].endswith("last\n")
    run_id = loud.document["run_id"]
    assert len(loud.texts[0]) < 64 * 1024
    for tool, arguments in (
        ("docket_list_tasks", {}),
        ("docket_task_status", {}),
        ("docket_task_runs", {}),
        ("docket_task_status", {"run_id": run_id}),
        ("docket_why", {"task_name": "loud"}),
    ):
        found = shared.call(tool, **arguments)
        assert not found.failed
        assert len(found.texts[0]) < 64 * 1024, tool
    log = shared.call("docket_run_logs", run_id=run_id).document
    assert len(log["content"]) <= 64 * 1024
    assert log["content"].endswith("last\n")
    assert log["left_out_bytes"] > 1_000_000
    resident = Path(f"/proc/{shared.server_pid()}/statm").read_text().split()[1]
    assert int(resident) * os.sysconf("SC_PAGE_SIZE") < 250_000_000


def test_output_that_is_not_text_or_too_deep_is_answered_anyway(shared: Session) -> None:
    strange = shared.call("docket_run_task", task_name="strange").document
    assert "odd" in strange["details"]["stdout"]
    nested = shared.call("docket_run_task", task_name="nested").document
    assert nested["status"] == "succeeded"
    for _ in range(2):
        assert not shared.call("docket_task_status", run_id=nested["run_id"]).failed


def test_twenty_calls_at_a_time_are_all_answered(shared: Session) -> None:
    receipt = shared.call("docket_run_task_async", task_name="slow").document
    waits = [shared.start("docket_wait_run", run_id=receipt["run_id"]) for _ in range(20)]
    runs = [shared.start("docket_run_task", task_name="hello") for _ in range(10)]
    looks = [shared.start("docket_list_tasks") for _ in range(20)]
    for number in looks:
        found = shared.answer(number)
        assert isinstance(found, Answered)
        assert not found.failed
    outcomes = [shared.answer(number) for number in runs]
    codes = {
        found.document["status"] if isinstance(found, Answered) else found for found in outcomes
    }
    assert "succeeded" in codes
    assert codes <= {"succeeded", "skipped"}  # one at a time; the others say who was in the way
    for number in waits:
        found = shared.answer(number)
        assert isinstance(found, Answered)
        assert found.document["status"] == "succeeded"


def test_a_runner_that_is_killed_is_reported_and_the_server_goes_on(shared: Session) -> None:
    killed = shared.call("docket_run_task", task_name="kills")
    assert (killed.failed, killed.document["status"]) == (True, "killed")
    assert killed.document["run_id"]
    assert shared.call("docket_run_task", task_name="hello").document["ok"]


def test_a_broken_config_is_an_error_with_its_places(connect: Connect, tmp_path: Path) -> None:
    session = connect(CONFIG)
    write_config(tmp_path, "tasks: [")
    broken = session.call("docket_list_tasks")
    assert (broken.failed, broken.document["error_code"].partition(".")[0]) == (True, "config")
    assert broken.document["problems"][0]["line"] >= 1
    write_config(tmp_path, CONFIG)
    assert not session.call("docket_list_tasks").failed


def test_a_locked_database_stops_no_run_and_is_reported_where_it_matters(
    connect: Connect, tmp_path: Path
) -> None:
    session = connect(CONFIG)
    assert session.call("docket_run_task", task_name="hello").document["ok"]
    held = sqlite3.connect(tmp_path / ".docket" / "state.db", isolation_level=None)
    held.execute("PRAGMA locking_mode=EXCLUSIVE")
    held.execute("BEGIN EXCLUSIVE")
    number = session.start("docket_run_task", task_name="hello")
    assert session.call("docket_capabilities").seconds < 1  # it does not read the record
    run = session.answer(number)
    assert isinstance(run, Answered)
    assert (run.failed, run.document["status"]) == (False, "succeeded")
    assert run.document["warnings"]
    held.close()
    runs = session.call("docket_task_runs", task_name="hello").document["result"]
    assert [one["status"] for one in runs] == ["succeeded", "succeeded"]


def test_a_run_goes_on_when_its_client_dies(connect: Connect) -> None:
    first = connect(CONFIG)
    run = first.start("docket_run_task", task_name="endless", progress=True)
    eventually(lambda: first.progress[run])
    server = first.server_pid()
    first.die()
    eventually(lambda: not Path(f"/proc/{server}").exists())
    second = connect()
    standing = newest(second, "endless")
    assert (standing["status"], standing["alive"]) == ("running", True)
    ended = second.call("docket_cancel_run", run_id=standing["run_id"]).document
    assert (ended["status"], ended["trigger"]) == ("cancelled", "agent")


def test_the_end_of_its_requests_ends_the_server_at_once_and_no_run(
    connect: Connect, tmp_path: Path
) -> None:
    server = Raw(tmp_path)
    server.ask("docket_run_task", task_name="endless")
    other = connect()
    standing = eventually(lambda: newest(other, "endless"))
    server.ask("docket_wait_run", run_id=standing["run_id"])
    time.sleep(0.3)
    begun = time.monotonic()
    server.end()
    assert time.monotonic() - begun < 15
    assert newest(other, "endless")["alive"] is True
    assert other.call("docket_cancel_run", run_id=standing["run_id"]).document["cancelled"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_server_at_once(tmp_path: Path, number: int, code: int) -> None:
    server = Raw(tmp_path)
    server.ask("docket_run_task_async", task_name="slow")
    run_id = server.answer()["structuredContent"]["run_id"]
    server.ask("docket_wait_run", run_id=run_id)
    time.sleep(0.3)
    begun = time.monotonic()
    server.process.send_signal(number)
    assert server.process.wait(PATIENCE) == code
    assert time.monotonic() - begun < 15
    assert server.process.stderr is not None
    assert server.process.stderr.read() == b""


def test_a_line_that_is_not_a_request_stops_nothing(tmp_path: Path) -> None:
    server = Raw(tmp_path)
    for line in NO_REQUESTS:
        server.send(line)
        server.ask("docket_list_tasks")
        assert server.answer()["isError"] is False, line[:80]
    server.end()


def test_wrong_arguments_of_the_protocol_are_refused_by_it(tmp_path: Path) -> None:
    server = Raw(tmp_path)
    for params in ({}, {"name": 5}, {"name": "docket_list_tasks", "arguments": []}):
        server.number += 1
        server.send_object({"id": server.number, "method": "tools/call", "params": params})
        assert server.told()["error"]["code"] == -32602
    server.end()


def test_what_a_task_file_prints_never_reaches_the_protocol(tmp_path: Path) -> None:
    """Defect: what a drop-in task prints went into the JSON on standard output."""
    write_config(tmp_path, CONFIG)
    tasks = tmp_path / ".docket" / "tasks"
    tasks.mkdir(mode=0o700)
    source = tasks / "chatty.py"
    source.write_text(
        "import sys, warnings\n"
        "from docket.task import BaseTask, TaskResult\n"
        "print('loaded')\n"
        "print('loaded', file=sys.__stdout__, flush=True)\n"
        "warnings.warn('careful')\n"
        "class Chatty(BaseTask):\n"
        "    name = 'chatty'\n"
        "    def run(self, config):\n"
        "        print('running', flush=True)\n"
        "        return TaskResult(True, 'done')\n"
    )
    source.chmod(0o600)
    server = Raw(tmp_path)
    server.ask("docket_list_tasks")
    names = [task["name"] for task in server.answer()["structuredContent"]["result"]]
    assert "chatty" in names
    server.ask("docket_run_task", task_name="chatty")
    assert server.answer()["structuredContent"]["status"] == "succeeded"
    server.end()


def test_a_client_that_had_no_time_to_wait_does_not_end_the_run(tmp_path: Path) -> None:
    """Some clients send it by themselves after ten seconds, and others after a minute."""
    server = Raw(tmp_path)
    server.ask("docket_run_task", task_name="slow")
    run = server.number
    time.sleep(1)
    reason = "McpError: MCP error -32001: Request timed out"
    cancelled = {"requestId": run, "reason": reason}
    server.send_object({"method": "notifications/cancelled", "params": cancelled})

    def standing() -> str:
        server.ask("docket_task_status", task_name="slow")
        return str(server.answer()["structuredContent"].get("status"))

    eventually(lambda: standing() in ("succeeded", "cancelled"))
    assert standing() == "succeeded"
    server.end()


def test_a_run_that_takes_long_is_answered_before_the_client_gives_up(tmp_path: Path) -> None:
    server = Raw(tmp_path, DOCKET_MCP_ANSWER_SECONDS="1")
    for more in ({}, {"idempotency_key": "k"}):
        time.monotonic()
        server.ask("docket_run_task", task_name="slow", **more)
        answer = server.answer()
        document = answer["structuredContent"]
        assert (answer["isError"], document["status"]) == (False, "wait_timeout")
        assert document["last_seen_status"] == "running"
        server.ask("docket_wait_run", run_id=document["run_id"])
        assert server.answer()["structuredContent"]["status"] == "succeeded"
    server.end()


def test_half_a_surrogate_pair_is_refused_and_the_server_goes_on(tmp_path: Path) -> None:
    """Such a request got no answer at all, so that its client waited for ever."""
    server = Raw(tmp_path)
    for name in ("\\ud800", "a\\uDFFFb", "\\udc00\\ud800"):
        server.number += 1
        arguments = f'{{"task_name":"{name}"}}'
        params = f'{{"name":"docket_describe_task","arguments":{arguments}}}'
        line = f'{{"jsonrpc":"2.0","id":{server.number},"method":"tools/call","params":{params}}}'
        server.send(line.encode())
        told = server.told()
        assert (told["id"], told["error"]["code"]) == (server.number, -32700)
        assert "surrogate" in told["error"]["message"]
    for name in ("\U0001f600", "\\ud800"):  # a whole pair, and a backslash before letters
        server.ask("docket_describe_task", task_name=name)
        assert server.answer()["structuredContent"]["error_code"].startswith("task.")
    server.end()


def test_what_a_task_printed_is_marked_as_the_tasks(tmp_path: Path) -> None:
    server = Raw(tmp_path)
    server.ask("docket_run_task", task_name="hello")
    ran = server.answer()
    server.ask("docket_run_logs", run_id=ran["structuredContent"]["run_id"])
    logs = server.answer()
    for answer, key in ((ran, "details"), (logs, "content")):
        assert key in answer["_meta"]["docket/untrusted"]
        assert answer["content"][1]["text"].startswith("Untrusted: ")
        assert json.loads(answer["content"][0]["text"]) == answer["structuredContent"]
    server.ask("docket_list_tasks")
    server.answer()
    server.ask("docket_next")
    assert "_meta" not in server.answer()
    server.end()


@pytest.mark.parametrize("tool", ["docket_run_task", "docket_run_task_async"])
@pytest.mark.parametrize("force", [False, True])
def test_a_built_in_task_without_an_entry_is_not_a_tool_of_an_agent(
    tmp_path: Path, tool: str, force: bool
) -> None:
    """rclone sync was started with paths that nobody had chosen."""
    server = Raw(tmp_path)
    server.ask(tool, task_name="backup", force=force)
    answer = server.answer()
    assert answer["structuredContent"]["error_code"] == "task.destructive_refused"
    assert "has no entry in the configuration" in answer["structuredContent"]["error"]
    server.end()


class Raw:
    """A server at the other end of two pipes, without a client that would mend anything."""

    def __init__(self, home: Path, **environ: str) -> None:
        if not (home / ".docket").exists():
            write_config(home, CONFIG)
        self.number = 0
        self.process = subprocess.Popen(
            [SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**environment(home), **environ},
        )
        client = {"name": "raw", "version": "1"}
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
        self.send_object({"id": 0, "method": "initialize", "params": hello})
        assert self.told()["result"]["serverInfo"]["name"] == "docket"
        self.send_object({"method": "notifications/initialized"})

    def send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def send_object(self, message: dict[str, Any]) -> None:
        self.send(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def ask(self, tool: str, **arguments: Any) -> None:
        self.number += 1
        params = {"name": tool, "arguments": arguments}
        self.send_object({"id": self.number, "method": "tools/call", "params": params})

    def told(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def answer(self) -> Any:
        """Return the result of the last request; messages about wrong lines come before it."""
        while (told := self.told()).get("id") != self.number:
            assert "error" in told
        return told["result"]

    def end(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        assert self.process.wait(PATIENCE) == 0
        for line in self.process.stdout.read().splitlines():
            assert json.loads(line)["jsonrpc"] == "2.0"  # a call under way may still get its end
