"""What the commands say of a task that waits for a path, and of a path unit that does not work."""

from __future__ import annotations

from typing import Any

import pytest

from docket.app.catalog.lookup import load_config
from docket.app.doctor.doctor import examine, examine_for_agents
from docket.app.fires.installedfires import forecast_tasks
from docket.app.install import install
from docket.app.status.describe import describe
from docket.app.status.health import health
from docket.app.status.list import list_tasks
from docket.app.status.status import status
from docket.app.why.why import why
from docket.cli.render.layout.screen import Screen
from docket.cli.render.status import status_text
from tests.unit.app.conftest import NOW_US, Home
from tests.unit.app.documents import require_valid

PATH = "docket-take.path"
CONFIG = """
tasks:
  take: {type: command, command: "true", schedule: {path: {not_empty: /srv/inbox}}}
  plain: {type: command, command: "true"}
"""
SCREEN = Screen(width=None, colour=False, unicode=True, now_us=NOW_US)
LIMIT = {"active_state": "failed", "result": "trigger-limit-hit"}
MASKED = {"load_state": "masked", "active_state": "inactive", "unit_file_state": "masked"}
OFF = {"active_state": "inactive", "unit_file_state": "disabled"}
GONE = {"load_state": "not-found", "active_state": "inactive", "unit_file_state": ""}
BROKEN = {"load_state": "bad-setting", "active_state": "inactive"}


@pytest.fixture
def watched(home: Home) -> Home:
    """A home whose task is installed and watched."""
    home.config(CONFIG)
    plan = install.preview(home.session)
    for change in plan.every:
        home.file(change.path, change.after or "")
    for file in plan.plans:
        home.file(file.path, file.after or "")
    home.units.put(PATH)
    home.units.put("docket-take.service", active_state="inactive")
    return home


def _text(home: Home, task: str | None = None) -> str:
    return status_text(status(home.session, task), SCREEN)


def test_a_watched_path_is_shown_wherever_a_timer_would_be(watched: Home) -> None:
    session = watched.session
    document = require_valid("status", status(session, "take").document())
    assert document["timer"] is None
    assert document["path"] == {
        "unit": PATH,
        "state": "active",
        "enabled": True,
        "result": None,
        "triggers": ["while /srv/inbox is not empty"],
    }
    assert document["drift"] == []
    assert require_valid("status", status(session, "plain").document())["path"] is None
    assert "while /srv/inbox is not empty" in _text(watched)
    assert f"active, enabled ({PATH})" in _text(watched, "take")
    shown = require_valid("describe", describe(session, "take").document())
    assert shown["units"] == {"service": "docket-take.service", "timer": None, "path": PATH}
    assert shown["schedule"] == ["while /srv/inbox is not empty"]
    installed = {one.name: one.installed for one in list_tasks(session).tasks}
    assert (installed["take"], installed["plain"]) == (True, None)
    assert why(session, "take").finding.sentence == (
        "It has not run yet. It starts while /srv/inbox is not empty."
    )
    config = load_config(session)
    (forecast,) = forecast_tasks(session, config, [config.tasks["take"]], 1)
    assert forecast.fires == ()
    assert forecast.notes == ("it starts while /srv/inbox is not empty",)


@pytest.mark.parametrize(
    ("facts", "cause", "words", "odd"),
    [
        (LIMIT, "path_limit_hit", "started the task too often", True),
        ({"active_state": "failed", "result": "resources"}, "path_failed", "(resources)", True),
        (MASKED, "path_masked", "is masked", True),
        (BROKEN, "path_broken", "is bad-setting", True),
        (OFF, "path_off", "is off", False),
        (GONE, "path_gone", "is not installed", False),
    ],
)
def test_a_path_unit_that_does_not_work_is_named_by_every_command(
    watched: Home, facts: dict[str, Any], cause: str, words: str, odd: bool
) -> None:
    watched.units.put(PATH, **facts)
    session = watched.session
    found = why(session, "take")
    require_valid("why", found.document())
    assert found.finding.cause == cause
    assert PATH in found.finding.sentence or cause == "path_broken"
    watch = status(session, "take").tasks[0].watch
    assert watch is not None
    assert words in watch.trouble
    assert "while /srv/inbox is not empty, off" in _text(watched)
    assert (words in _text(watched)) is odd
    (task,) = health(session, ["take"]).tasks
    assert [one.code for one in task.anomalies] == (["paths_unwatched"] if odd else [])
    assert any(words in note for note in task.notes) is not odd
    checks = {check.name: check for check in examine(session).checks}
    assert words in checks["watched_paths"].sentence
    assert checks["timers"].sentence == ""
    agents = {check.name: check for check in examine_for_agents(session).checks}
    assert not agents["take:paths_watched"].ok


def test_without_a_manager_nothing_is_said_of_the_path_unit(watched: Home) -> None:
    watched.units.refusal = "nobody answers."
    watch = status(watched.session, "take").tasks[0].watch
    assert watch is not None
    assert (watch.state, watch.trouble) == ("unknown", "")


def test_a_run_for_a_path_says_which(watched: Home) -> None:
    watched.record("take", trigger="path", details={"trigger_path": "/srv/inbox"})
    assert "Started for the path /srv/inbox." in why(watched.session, "take").finding.evidence
