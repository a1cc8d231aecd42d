"""A service that failed and has no row is seen in status, health and doctor, with what mends it."""

from __future__ import annotations

from typing import Any

import pytest

from docket.app.doctor.doctor import examine
from docket.app.install import install
from docket.app.status.health import health
from docket.app.status.status import status
from docket.cli.render.health import health_text
from docket.cli.render.layout.screen import Screen
from docket.cli.render.status import status_text
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

SERVICE = "docket-a.service"
SECOND = 1_000_000
SCREEN = Screen(width=None, colour=False, unicode=True, now_us=NOW_US)


@pytest.fixture
def installed(home: Home) -> Home:
    """Return a home with the units and the plan of one task, as an install writes them."""
    home.config('tasks: {a: {type: command, command: "true", schedule: "@yearly"}}')
    plan = install.preview(home.session)
    for change in plan.every:
        home.file(change.path, change.after or "")
    for file in plan.plans:
        home.file(file.path, file.after or "")
    home.units.put("docket-a.timer", next_elapse_us=NOW_US + SECOND)
    return home


def fail(home: Home, *, at_us: int = NOW_US - 60 * SECOND, **facts: Any) -> None:
    """Let the manager say that the service failed at an instant."""
    known = {"result": "exit-code", "invocation_id": "f" * 32, "exit_status": 203, **facts}
    home.units.put(SERVICE, active_state="failed", changed_us=at_us, **known)


def told(home: Home) -> list[Any]:
    """Return what status, health and doctor say of it, as documents."""
    stands: Any = require_valid("status", status(home.session, "a").document())
    report = require_valid("health", health(home.session).document())
    checks = require_valid("doctor", examine(home.session).document())["checks"]
    (found,) = [check for check in checks if check["check"] == "failed_units"]
    return [stands["failed_unit"], report["details"]["a"]["failed_unit"], found["failed_units"]]


@pytest.mark.parametrize(
    ("facts", "words", "command"),
    [
        ({"exit_status": 203}, "203/EXEC", "docket install"),
        ({"exit_status": 243}, "243/CREDENTIALS", "docket check"),
        ({"exit_status": 226}, "226/NAMESPACE", f"systemctl --user status {SERVICE}"),
        ({"result": "resources", "exit_status": None}, "resources", f"status {SERVICE}"),
        ({"result": "start-limit-hit", "exit_status": 1}, "too often", f"reset-failed {SERVICE}"),
    ],
)
def test_a_unit_that_failed_without_a_run_is_named_with_what_mends_it(
    installed: Home, facts: dict[str, Any], words: str, command: str
) -> None:
    installed.record("a", at=NOW_US - 3600 * SECOND, invocation_id="e" * 32)
    fail(installed, **facts)
    by_status, by_health, by_doctor = told(installed)
    assert by_status == by_health
    assert by_doctor == [SERVICE]
    assert words in by_status["sentence"]
    assert by_status["command"].endswith(command)
    for text in (
        status_text(status(installed.session), SCREEN),
        status_text(status(installed.session, "a"), SCREEN),
        health_text(health(installed.session), SCREEN),
    ):
        assert by_status["sentence"] in text
        assert command in text


def test_health_fails_for_it_though_the_last_run_was_good(installed: Home) -> None:
    installed.record("a", at=NOW_US - 3600 * SECOND)
    assert health(installed.session).ok
    fail(installed)
    report = health(installed.session)
    assert not report.ok
    assert report.report()["failed"] == ["a"]
    assert "succeeded" not in health_text(report, SCREEN)


def test_a_failed_unit_whose_run_is_recorded_is_not_shown_again(installed: Home) -> None:
    installed.record("a", "failed", at=NOW_US - 61 * SECOND, invocation_id="f" * 32)
    fail(installed, exit_status=1)
    assert told(installed) == [None, None, []]


def test_a_later_run_supersedes_it(installed: Home) -> None:
    fail(installed)
    installed.record("a", at=NOW_US - 10 * SECOND, invocation_id="e" * 32)
    assert told(installed) == [None, None, []]


def test_a_missed_fire_that_names_the_failure_is_its_row(installed: Home) -> None:
    installed.record("a", "missed", at=NOW_US - 61 * SECOND, error_code="unit_exec")
    fail(installed)
    assert told(installed) == [None, None, []]


def test_a_manager_that_does_not_answer_leaves_it_unknown(installed: Home) -> None:
    fail(installed)
    installed.units.refusal = "no bus"
    assert told(installed) == [None, None, []]
