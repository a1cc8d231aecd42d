"""A planted secret is searched for in every answer of every tool."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from docket.mcp.tools import TOOLS
from docket.model.text.secretnames import REDACTED
from tests.mcp.client import Session, begin, environment
from tests.unit.runner.runner_home import wait_until
from tests.unit.tour import planted
from tests.unit.tour.loopback import receiving


class Tour:
    """A session that calls every tool, and its answers."""

    def __init__(self, home: Path, session: Session) -> None:
        self.home = home
        self.session = session
        self.called: dict[str, list[str]] = {}

    def call(self, tool: str, **arguments: object) -> dict[str, object]:
        answer = self.session.call(tool, **arguments)
        self.called.setdefault(tool, []).extend(answer.texts)
        found: dict[str, object] = answer.document
        return found

    def status_of(self, run_id: object) -> object:
        return self.call("docket_task_status", run_id=run_id)["status"]

    def go(self) -> None:
        """Run a task that prints its secrets, and read its output in every way."""
        for task in ("text", "fail", "lines", "json", "telling", "raising"):
            run_id = self.call("docket_run_task", task_name=task).get("run_id")
            for name in ("docket_run_logs", "docket_run_events", "docket_wait_run"):
                self.call(name, run_id=run_id)
            self.call("docket_task_status", run_id=run_id)
            for name in ("docket_describe_task", "docket_task_status", "docket_why"):
                self.call(name, task_name=task)
            self.call("docket_run_task", task_name=task, dry_run=True)
        self.call("docket_describe_task", task_name="broken")
        given = {"token": planted.PARAMETER}
        self.call("docket_run_task", task_name="text", params=given)
        self.call("docket_run_task", task_name="text", params={"nope": planted.PARAMETER})
        slow = self.call("docket_run_task_async", task_name="slow", params=given)
        # Before its runner has the lock, the next one might be the first.
        wait_until(lambda: self.status_of(slow["run_id"]) == "running")
        self.call("docket_run_task", task_name="slow")
        self.call("docket_cancel_run", run_id=slow["run_id"])
        made = {"task_name": "made", "description": planted.PARAMETER}
        self.call("docket_add_task", **made, command=["true", planted.PARAMETER])
        self.call("docket_edit_task", **made)
        self.call("docket_remove_task", task_name="made")
        place = {"namespace": "made", "key": "k"}
        self.call("docket_state_set", **place, value={"n": 1})
        self.call("docket_state_get", **place)
        self.call("docket_state_list", namespace="made")
        self.call("docket_queue_push", queue="mail", payload="words")
        self.call("docket_queue_claim", queue="mail")
        self.call("docket_queue_settle", queue="mail", token="1.1.none")
        self.call("docket_queue_stats", queue="mail")
        for name, tool in TOOLS.items():
            if not any(parameter.required for parameter in tool.parameters):
                self.call(name)


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    home = tmp_path_factory.mktemp("tour")
    with receiving() as server:
        planted.plant(home, server.url)
        found = Tour(
            home,
            begin(
                environment(
                    home,
                    **planted.variables(server.url),
                    DOCKET_MCP_ALLOW_CHANGES="1",
                    DOCKET_MCP_ALLOW_DATA="*",
                )
            ),
        )
        found.go()
        yield found
        found.session.die()


def test_every_tool_is_on_the_tour(tour: Tour) -> None:
    assert set(TOOLS) - set(tour.called) == set()


@pytest.mark.parametrize("tool", TOOLS)
def test_no_answer_holds_a_planted_secret(tour: Tour, tool: str) -> None:
    """Defect: docket_capabilities leaked every secret, and list, status and runs the output."""
    for text in tour.called[tool]:
        assert planted.leaks(text.encode()) == []


def test_the_secrets_were_really_printed(tour: Tour) -> None:
    for tool in ("docket_run_task", "docket_run_logs", "docket_run_events", "docket_capabilities"):
        assert any(REDACTED in text for text in tour.called[tool]), tool


def test_nothing_is_said_on_standard_error(tour: Tour) -> None:
    assert tour.session.errors == []


def test_nobody_met_what_nobody_foresaw(tour: Tour) -> None:
    assert not list(tour.home.rglob("last-error.txt"))
