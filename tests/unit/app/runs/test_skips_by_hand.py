"""What `docket run` and `docket wait` end with if a run was skipped (decision 0009)."""

from __future__ import annotations

from tests.unit.app.conftest import Home
from tests.unit.app.text.test_outputs_of_commands import docket

CONFIG = """
tasks:
  daily: {type: command, command: "true", once_per: day}
  disk: {type: command, command: "true", require: {exists: /nonexistent/disk}}
  idle: {type: command, command: [sh, -c, "exit 3"], exit_codes: {3: skip}}
"""


def test_a_run_whose_work_is_done_is_success(home: Home) -> None:
    home.config(CONFIG)
    docket(home, 0, "run", "daily")
    assert docket(home, 0, "run", "daily")["error_code"] == "once_per"
    assert docket(home, 0, "run", "idle")["error_code"] == "exit_code_skip"


def test_a_run_that_lacks_what_it_requires_is_failure_by_hand_and_no_failed_row(home: Home) -> None:
    home.config(CONFIG)
    found = docket(home, 1, "run", "disk")
    assert (found["status"], found["error_code"], found["exit_code"]) == ("skipped", "require", 1)
    assert found["ok"] is False
    assert docket(home, 0, "wait", found["run_id"])["status"] == "skipped"
    docket(home, 0, "run", "disk", "--force")


def test_a_pause_holds_no_run_by_hand_back(home: Home) -> None:
    home.config(CONFIG)
    docket(home, 0, "pause", "daily")
    assert docket(home, 0, "run", "daily")["status"] == "succeeded"
