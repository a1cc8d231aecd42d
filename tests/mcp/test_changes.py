"""Tools that change tasks: only where they are allowed, behind the gate, and with a row each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.mcp.client import Refused, Session
from tests.mcp.conftest import Connect
from tests.warm.client import called

CONFIG = """
    policy: {agent: {sandbox: strict}}
    tasks:
      plain: {type: command, command: [/bin/true]}
    """
TOOLS = ("docket_add_task", "docket_edit_task", "docket_remove_task")


def allowed(connect: Connect, config: str = CONFIG, **environ: str) -> Session:
    return connect(config, DOCKET_MCP_ALLOW_CHANGES="1", **environ)


def part(home: Path, name: str, text: str) -> Path:
    """Write a file of `conf.d` as a person does."""
    path = home / ".docket" / "conf.d" / f"{name}.yaml"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def made(session: Session, **more: Any) -> dict[str, Any]:
    answer = session.call("docket_add_task", task_name="made", command=["/bin/echo", "hi"], **more)
    assert not answer.failed, answer.document
    document: dict[str, Any] = answer.document
    return document


def test_without_the_switch_there_are_no_such_tools(connect: Connect) -> None:
    session = connect(CONFIG)
    assert {tool["name"] for tool in session.tools()}.isdisjoint(TOOLS)
    for tool in TOOLS:
        refused = session.answer(session.start(tool, task_name="plain", command=["true"]))
        assert isinstance(refused, Refused)


def test_a_task_is_added_edited_run_and_removed_with_a_row_each(
    connect: Connect, tmp_path: Path
) -> None:
    session = allowed(connect, "tasks: {}\n")
    assert set(TOOLS) <= {tool["name"] for tool in session.tools()}
    added = made(session, schedule="@daily", retry=2)
    assert (added["task"], added["scheduled"]) == ("made", True)
    edited = session.call("docket_edit_task", task_name="made", schedule="", timeout="5min")
    assert (edited.failed, edited.document["scheduled"]) == (False, False)
    task = session.call("docket_describe_task", task_name="made").document
    assert task["contract"]["retry"] == 2
    assert task["contract"]["command"] == ["/bin/echo", "hi"]
    assert not session.call("docket_run_task", task_name="made").failed
    removed = session.call("docket_remove_task", task_name="made").document
    assert not Path(removed["path"]).exists()
    found = called(["audit", "--json"], {"HOME": str(tmp_path)}, str(tmp_path)).stdout
    rows = [(row["verb"], row["task"], row["tool"]) for row in json.loads(found)]
    assert [row for row in reversed(rows) if row[1] == "made"] == [
        (verb, "made", "mcp") for verb in ("add", "edit", "remove")
    ]


def test_what_an_agent_writes_has_the_sandbox_of_an_agents_run(
    connect: Connect, tmp_path: Path
) -> None:
    """A timer starts it, and asks less of it than `policy` asks of agents."""
    session = allowed(connect)
    path = Path(made(session)["path"])
    assert "sandbox: strict" in path.read_text()
    own = part(tmp_path, "own", "tasks: {own: {type: command, command: [/bin/true]}}\n")
    assert not session.call("docket_edit_task", task_name="own", command=["/bin/echo"]).failed
    assert "sandbox: strict" in own.read_text()


@pytest.mark.parametrize("tool", ["docket_edit_task", "docket_remove_task"])
def test_a_task_that_an_agent_may_not_run_is_none_it_may_change(
    connect: Connect, tmp_path: Path, tool: str
) -> None:
    text = "tasks: {wipe: {type: command, command: [/bin/true], destructive: true}}\n"
    path = part(tmp_path, "wipe", text)
    session = allowed(connect)
    refused = session.call(tool, task_name="wipe")
    assert (refused.failed, refused.document["error_code"]) == (True, "task.destructive_refused")
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain", ""),  # it is in the config itself
        ("noted", "# mine\ntasks: {noted: {type: command, command: [/bin/true]}}\n"),
        ("two", "tasks: {two: {type: command, command: x}, three: {type: command, command: x}}\n"),
        ("check", "tasks: {check: {type: health-check}}\n"),
    ],
)
def test_what_a_person_wrote_is_never_lost(
    connect: Connect, tmp_path: Path, name: str, text: str
) -> None:
    path = part(tmp_path, name, text) if text else tmp_path / ".docket" / "config.yaml"
    session = allowed(connect)
    before = path.read_text()
    refused = session.call("docket_edit_task", task_name=name, command=["/bin/echo"])
    assert (refused.failed, refused.document["error_code"]) == (True, "config.part_refused")
    assert path.read_text() == before


@pytest.mark.parametrize("wrong", [{"schedule": "61 * * * *"}, {"timeout": "soon"}])
def test_a_mistake_changes_nothing(connect: Connect, wrong: dict[str, str]) -> None:
    session = allowed(connect)
    path = Path(made(session)["path"])
    before = path.read_text()
    assert session.call("docket_edit_task", task_name="made", **wrong).failed
    other = session.call("docket_add_task", task_name="other", command=["x"], **wrong)
    assert other.failed
    assert path.read_text() == before
    assert [one.name for one in path.parent.iterdir()] == ["made.yaml"]


def test_a_task_after_which_a_destructive_one_starts_is_none_that_an_agent_may_change(
    connect: Connect, tmp_path: Path
) -> None:
    """Its timer's run is not an agent's, so what follows that would not be refused."""
    session = allowed(
        connect,
        """
        tasks:
          middle: {type: command, command: [/bin/true], schedule: {after: first}}
          wipe: {type: command, command: [/bin/true], destructive: true, schedule: {after: middle}}
        """,
    )
    path = part(tmp_path, "first", "tasks: {first: {type: command, command: [/bin/true]}}\n")
    before = path.read_text()
    for tool, more in (("docket_edit_task", {"schedule": "@hourly"}), ("docket_remove_task", {})):
        answer = session.call(tool, task_name="first", **more)
        assert (answer.failed, answer.document["error_code"]) == (
            True,
            "task.destructive_refused",
        )
    assert path.read_text() == before
