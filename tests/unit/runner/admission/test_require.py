"""`require`: a run that cannot do its work does not begin, and says what was missing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from docket.model.states import RunStatus
from tests.unit.runner.runner_home import Home, wait_until

HOST = os.uname().nodename


@pytest.mark.parametrize(
    ("required", "reason"),
    [
        (["mounted", ["/nonexistent"], 0], "nothing is mounted at /nonexistent"),
        (["mounted", ["/etc"], 0], "nothing is mounted at /etc"),
        (["exists", ["/nonexistent"], 0], "/nonexistent does not exist"),
        (["free", ["/"], 1 << 60], "/ has "),
        (["free", ["/nonexistent"], 1], "the free space at /nonexistent cannot be read"),
        (["host", ["attic", "cellar"], 0], f"this host is {HOST}, and the task runs on attic or"),
    ],
)
def test_a_run_is_skipped_with_what_it_lacks(home: Home, required: list[Any], reason: str) -> None:
    marker = home.path / "ran"
    home.plan("job", "/bin/touch", str(marker), require=[required])
    result = home.result("job")
    assert result["returncode"] == 75
    assert (result["status"], result["error_code"]) == ("skipped", "require")
    assert result["summary"].startswith(f"Skipped: {reason}")
    assert not marker.exists()
    run = home.only_run()
    assert run.status is RunStatus.SKIPPED
    assert reason in run.details["reason"]


@pytest.mark.parametrize(
    "required",
    [
        ["mounted", ["/proc"], 0],
        ["exists", ["/etc"], 0],
        ["free", ["/"], 1],
        ["host", ["attic", HOST.upper()], 0],
    ],
)
def test_a_run_begins_where_what_it_needs_is_there(home: Home, required: list[Any]) -> None:
    home.plan("job", "/bin/true", require=[required])
    assert home.result("job")["status"] == "succeeded"


def test_the_machine_is_known_by_its_id_too(home: Home) -> None:
    try:
        machine = Path("/etc/machine-id").read_text().strip()
    except OSError:
        pytest.skip("this machine has no id")
    home.plan("job", "/bin/true", require=[["host", [machine], 0]])
    assert home.result("job")["status"] == "succeeded"


def test_power_is_mains_or_battery_and_never_both(home: Home) -> None:
    found = {}
    for wanted in (1, 0):
        home.plan("job", "/bin/true", require=[["ac_power", [], wanted]])
        found[wanted] = home.result("job")["status"]
    assert sorted(found.values()) == ["skipped", "succeeded"]


def test_force_passes_what_is_required(home: Home) -> None:
    home.plan("job", "/bin/true", require=[["exists", ["/nonexistent"], 0]])
    assert home.result("job", "--force")["status"] == "succeeded"


def test_a_dependency_that_lacks_something_fails_the_run_it_serves(home: Home) -> None:
    home.plan("base", "/bin/true", require=[["exists", ["/nonexistent"], 0]])
    home.plan("top", "/bin/true", depends_on=["base"])
    result = home.result("top")
    assert (result["status"], result["error_code"]) == ("failed", "dependency")
    assert "/nonexistent does not exist" in result["summary"]


def test_a_dependency_does_not_run_for_a_task_that_lacks_something(home: Home) -> None:
    home.plan("base", "/bin/true")
    home.plan("top", "/bin/true", depends_on=["base"], require=[["exists", ["/nonexistent"], 0]])
    assert home.result("top")["status"] == "skipped"
    assert home.counts("base") == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a network of its own")
def test_a_run_waits_for_a_network_and_begins_when_it_is_there(home: Home) -> None:
    home.plan("job", "/bin/true", require=[["online", [], 0]])
    words = ["unshare", "--net", *home.words("job")]
    with subprocess.Popen(words, env=home.environ, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: _is_pending(home), 60)
        inside = ["nsenter", "-t", str(process.pid), "-n"]
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        subprocess.run([*inside, "ip", "route", "add", "default", "dev", "lo"], check=True)
        assert process.wait(timeout=60) == 0
    run = home.only_run()
    assert run.status is RunStatus.SUCCEEDED
    assert "no default route" in run.details["waited_for"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a network of its own")
def test_a_run_without_a_network_ends_with_its_time(home: Home) -> None:
    home.plan("job", "/bin/true", require=[["online", [], 0]], timeout_seconds=0.5)
    subprocess.run(
        ["unshare", "--net", *home.words("job")], env=home.environ, check=False, timeout=60
    )
    run = home.only_run()
    assert run.status is RunStatus.TIMED_OUT
    assert "no default route" in run.summary


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a network of its own")
def test_the_window_of_catch_up_ends_the_wait_for_a_network(home: Home) -> None:
    home.plan("job", "/bin/true", require=[["online", [], 0]], catch_up=0.2)
    subprocess.run(
        ["unshare", "--net", *home.words("job")], env=home.environ, check=False, timeout=60
    )
    run = home.only_run()
    assert (run.status, run.error_code) == (RunStatus.SKIPPED, "require")
    assert "no default route for 0.2 s" in run.summary


def _is_pending(home: Home) -> bool:
    try:
        return home.counts("job") == {"pending": 1}
    except Exception:  # noqa: BLE001  (the database is not there yet)
        return False
