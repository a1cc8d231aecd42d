"""Units that a task's `unit:` names: the service manager is asked for them."""

from __future__ import annotations

import json

import pytest

from docket.app.catalog.compilation import compile_tasks
from docket.app.catalog.namedunits import missing_units
from docket.model.task.task import Task
from docket.paths import discover
from tests.unit.app.install.conftest import Home, home

__all__ = ["home"]


def warnings(home: Home, unit: dict[str, object], **more: object) -> list[str]:
    """Return what is doubted of a task with these directives of [Unit]."""
    task = {"type": "command", "command": ["/bin/true"], "schedule": "@daily"}
    tasks = {"job": {**task, "unit": {"Unit": unit}}, "other": task}
    home.configure(json.dumps({"tasks": tasks, **more}))
    return [one.sentence for one in compile_tasks(home.session).warnings]


def give(home: Home, name: str) -> None:
    """Let the service manager have the unit `name`."""
    home.unit(name).parent.mkdir(parents=True, exist_ok=True)
    home.unit(name).write_text("[Unit]\n", encoding="utf-8")
    home.units.reload()


@pytest.mark.parametrize("key", ["After", "Before", "Wants", "PartOf", "OnFailure", "Conflicts"])
def test_a_unit_that_the_manager_does_not_have_is_named_with_its_key(home: Home, key: str) -> None:
    give(home, "vpn.service")
    (told,) = warnings(home, {key: "vpn.service gone.service"})
    assert told.startswith(f"`unit.Unit.{key}` names gone.service, which a user's service manager")
    assert told.endswith("does not have here: it has no effect.")


@pytest.mark.parametrize("key", ["Requires", "Requisite", "BindsTo"])
def test_a_task_that_needs_a_missing_unit_cannot_start_and_that_is_said(
    home: Home, key: str
) -> None:
    (told,) = warnings(home, {key: "gone.service"})
    assert told.endswith("the task cannot start.")


def test_a_network_has_another_way(home: Home) -> None:
    (told,) = warnings(home, {"After": "network-online.target"})
    assert told.endswith("`require: {online: true}` waits for a network.")


def test_units_of_other_tasks_and_specifiers_are_left_to_the_install(home: Home) -> None:
    assert (
        warnings(home, {"After": ["docket-other.service docket-other.timer", "x@%i.service"]}) == []
    )


def test_without_a_manager_only_units_that_no_user_has_are_named(home: Home) -> None:
    home.units.absent = True
    (told,) = warnings(home, {"After": "network-online.target gone.service"})
    assert "names network-online.target" in told


def test_the_system_scope_is_asked_too_and_without_a_manager_nothing_is_guessed(
    home: Home,
) -> None:
    session = home.session.replace(paths=discover({}, system=True))
    unit = {"Unit": {"After": ("gone.target network-online.target",)}}
    task = Task(name="job", description="", raw={}, unit=unit)
    found = missing_units(session, [task], ["job"], "")["job"]
    assert "gone.target, which the system's service manager does not have here" in found[0]
    home.units.absent = True
    assert missing_units(session, [task], ["job"], "")["job"] == ()
