"""What agents are told over MCP holds no planted secret, whatever the tasks print."""

from __future__ import annotations

import json
from pathlib import Path

from docket.model.secretnames import REDACTED
from tests.mcp.client import Session, begin, environment
from tests.unit.tour import planted
from tests.unit.tour.loopback import receiving


def tour(session: Session) -> dict[str, str]:
    """Call every tool, and return all that each said."""
    said: dict[str, str] = {}

    def call(tool: str, **arguments: object) -> dict[str, object]:
        found = session.call(tool, **arguments)
        said[tool] = said.get(tool, "") + json.dumps(found.document) + "".join(found.texts)
        return found.document if isinstance(found.document, dict) else {}

    call("docket_capabilities")
    call("docket_list_tasks")
    for task in ("text", "telling", "raising", "broken"):
        call("docket_describe_task", task_name=task)
    failed = call("docket_run_task", task_name="fail")
    call("docket_run_task", task_name="raising")
    call("docket_run_task", task_name="telling", dry_run=True)
    started = call("docket_run_task_async", task_name="lines")
    call("docket_wait_run", run_id=started["run_id"])
    call("docket_run_events", run_id=started["run_id"])
    call("docket_cancel_run", run_id=started["run_id"])
    call("docket_task_status", task_name="fail")
    call("docket_task_runs")
    run_id = failed.get("run_id") or started["run_id"]
    call("docket_task_status", run_id=run_id)
    call("docket_run_logs", run_id=run_id)
    call("docket_health")
    call("docket_next", task_name="text")
    call("docket_why", task_name="fail")
    call("docket_doctor")
    return said


def test_no_tool_tells_a_secret(tmp_path: Path) -> None:
    """Contract section 2, Secrets: docket_capabilities leaks all, others the stored output."""
    with receiving() as server:
        planted.plant(tmp_path, server.url)
        session = begin(environment(tmp_path, **planted.variables(server.url)))
        try:
            said = tour(session)
            assert {tool["name"] for tool in session.tools()} == set(said)
        finally:
            session.leave()
    leaks = {tool: held for tool, text in said.items() if (held := planted.leaks(text.encode()))}
    assert leaks == {}
    told = json.dumps(session.progress) + "".join(session.errors)
    assert planted.leaks(told.encode()) == []
    for tool in ("docket_capabilities", "docket_describe_task", "docket_run_task"):
        assert REDACTED in said[tool]
    assert REDACTED in said["docket_run_logs"] + said["docket_run_events"]
