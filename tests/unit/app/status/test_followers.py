"""What status, list and next say of a task that the end of another starts."""

from __future__ import annotations

from docket.app.fires.switches import Switches
from docket.app.install import install
from docket.app.status import status
from docket.app.status.list import list_tasks
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid

CONFIG = """
tasks:
  build: {type: command, command: "true"}
  deploy: {type: command, command: "true", schedule: {after: {task: build, on: end}}}
"""


def installed(home: Home) -> None:
    home.config(CONFIG)
    plan = install.preview(home.session)
    for change in plan.every:
        home.file(change.path, change.after or "")
    for file in plan.plans:
        home.file(file.path, file.after or "")


def test_a_task_without_times_has_a_service_and_no_timer(home: Home) -> None:
    installed(home)
    for task in ("build", "deploy"):
        found = status.status(home.session, task).tasks[0]
        assert found.timer is None
        assert found.drift.installed
        assert found.drift.sentences == ()


def test_what_starts_a_follower_is_shown_and_whether_somebody_switched_it_off(home: Home) -> None:
    installed(home)
    document = require_valid("status", status.status(home.session, "deploy").document())
    assert (document["after"], document["after_off"]) == (["after build (end)"], False)
    Switches(home.session.paths).switch_followers(["deploy"], on=False)
    document = require_valid("status", status.status(home.session, "deploy").document())
    assert document["after_off"] is True
    Switches(home.session.paths).switch_followers(["deploy"], on=True)
    assert Switches(home.session.paths).followers_off() == set()


def test_a_follower_is_installed_once_its_service_is(home: Home) -> None:
    home.config(CONFIG)
    assert {one.name: one.installed for one in list_tasks(home.session).tasks}["deploy"] is False
    installed(home)
    tasks = {one.name: one for one in list_tasks(home.session).tasks}
    assert tasks["deploy"].installed is True
    assert tasks["deploy"].schedule == ("after build (end)",)
    assert tasks["build"].installed is None
