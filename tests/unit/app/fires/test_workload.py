"""What fires over the next days: counts, pile-ups, clock changes and a spread, in bounded work."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
import yaml

from docket.app.catalog.compilation import compile_tasks, write_plan
from docket.app.catalog.lookup import load_config
from docket.app.fires.installedfires import forecast_tasks
from docket.app.fires.spread import suggested_spread
from docket.app.fires.workload import Workload, workload
from tests.unit.app.conftest import Home

DAY = 86_400_000_000
CONFIG = """
tasks:
  often: {type: command, command: "true", schedule: "* * * * *"}
  again: {type: command, command: "true", schedule: {every: 6h}}
  one: {type: command, command: "true", schedule: "0 3 * * *"}
  three: {type: command, command: "true", schedule: "0 3 * * 1"}
  two: {type: command, command: "true", schedule: "0 3 * * *", jitter: 10m}
  summer: {type: command, command: "true", schedule: "30 2 * * *", timezone: Europe/Berlin}
  alone: {type: command, command: "true", schedule: "17 4 * * *"}
  by-hand: {type: command, command: "true"}
  broken: {type: command, retry: -1, schedule: "@daily"}
"""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def filled(home: Home) -> Home:
    home.config(CONFIG.replace("{every: 6h}", "[{every: 6h}]"))
    return home


def look(home: Home, days: int = 7, at: str = "2026-11-20 12:00") -> Workload:
    now_us = int(time.mktime(time.strptime(at, "%Y-%m-%d %H:%M"))) * 1_000_000
    return workload(home.session.replace(now_us=lambda: now_us), days)


def test_the_counts_are_those_of_next(filled: Home) -> None:
    found = look(filled)
    loads = {load.task: load for load in found.tasks}
    assert loads.keys() == {"often", "again", "one", "two", "three", "summer", "alone"}
    assert (loads["one"].runs, loads["one"].runs_per_day, loads["one"].listed) == (7, 1, True)
    assert loads["three"].runs == 1
    config = load_config(filled.session)
    session = filled.session.replace(now_us=lambda: found.since_us)
    shown = forecast_tasks(session, config, [config.tasks["one"]], 7)[0]
    assert shown.fires[-1].at_us < found.until_us
    assert loads["one"].first_us == shown.fires[0].at_us


def test_tasks_that_fire_very_often_have_a_rate_and_are_in_no_pile_up(filled: Home) -> None:
    found = look(filled, days=366)
    loads = {load.task: load for load in found.tasks}
    assert not loads["often"].listed
    assert loads["often"].runs_per_day == pytest.approx(1440, rel=0.01)
    assert (loads["again"].listed, loads["again"].runs_per_day) == (False, 4)
    assert all("often" not in one.tasks for one in found.pile_ups)


def test_the_days_add_up_to_the_runs_of_the_period(filled: Home) -> None:
    found = look(filled)
    runs = sum(day.runs for day in found.by_day)
    assert runs == pytest.approx(sum(load.runs for load in found.tasks), abs=1)
    assert [day.date for day in found.by_day][:2] == ["2026-11-20", "2026-11-21"]


def test_what_starts_in_the_same_minute_is_a_pile_up(filled: Home) -> None:
    found = look(filled)
    assert {(one.clock, one.tasks, one.times) for one in found.pile_ups} == {
        ("03:00", ("one", "two"), 6),
        ("03:00", ("one", "three", "two"), 1),
    }
    assert found.pile_ups[0].tasks == ("one", "three", "two"), "the largest comes first"


def test_the_suggestion_is_a_config_that_can_be_merged(filled: Home) -> None:
    found = look(filled)
    assert found.spread is not None
    patch = yaml.safe_load(found.spread.yaml)
    whole = yaml.safe_load(CONFIG)
    for task, keys in patch["tasks"].items():
        whole["tasks"][task] |= keys
    filled.config(yaml.safe_dump(whole))
    config = load_config(filled.session)
    spread = dict(found.spread.jitters)
    assert spread == {"three": 360}, "one keeps its minute, and two has a jitter"
    assert {name: config.tasks[name].jitter_seconds for name in spread} == spread
    assert {problem.task for problem in config.problems} == {"broken"}


def test_the_first_task_keeps_its_minute_and_short_gaps_get_no_jitter() -> None:
    found = suggested_spread([("a", "b", "c")], {"a": 86400, "b": 86400, "c": 300}, {})
    assert found is not None
    assert found.jitters == (("b", 360),)
    assert suggested_spread([("a", "b")], {"a": 9, "b": 9}, {}) is None
    odd = suggested_spread([("no", "yes")], {"no": 86400, "yes": 86400}, {})
    assert odd is not None
    assert yaml.safe_load(odd.yaml) == {"tasks": {"yes": {"jitter": "4min"}}}


def test_clock_changes_say_which_task_loses_a_run(filled: Home) -> None:
    found = look(filled, at="2027-03-25 12:00")
    [change] = found.clock_changes
    assert (change.zone, change.shift_seconds) == ("Europe/Berlin", 3600)
    [(task, effect)] = change.effects
    assert task == "summer"
    assert effect.startswith("02:30 does not exist on 2027-03-28")
    [back] = look(filled, at="2026-10-22 12:00").clock_changes
    assert (back.shift_seconds, back.effects) == (-3600, ())
    assert look(filled, at="2026-11-20 12:00").clock_changes == ()


def test_a_task_that_cannot_be_used_is_named(filled: Home) -> None:
    assert ["'broken'" in sentence for sentence in look(filled).warnings] == [True]


def test_a_calendar_that_a_hand_spoiled_in_a_timer_is_passed_over(filled: Home) -> None:
    """As systemd does; a good one beside it counts."""
    bundle = compile_tasks(filled.session).bundles["alone"]
    write_plan(filled.session, bundle)
    text = bundle.units[bundle.plan.timer_unit]
    edited = text.replace("OnCalendar=", "OnCalendar=nonsense\nOnCalendar=", 1)
    filled.file(os.path.join(filled.paths.unit_dir, bundle.plan.timer_unit), edited)
    enabled = os.path.join(filled.paths.unit_dir, "timers.target.wants", bundle.plan.timer_unit)
    filled.file(enabled, "")
    filled.units.put(bundle.plan.timer_unit, active_state="active")
    loads = {load.task: load.runs for load in look(filled).tasks}
    assert loads["alone"] == 7


def test_hundreds_of_frequent_tasks_are_bounded_work(home: Home) -> None:
    line = '  t{}: {{type: command, command: "true", schedule: "* * * * *"}}\n'
    home.config("tasks:\n" + "".join(line.format(n) for n in range(300)))
    begun = time.process_time()
    found = look(home, days=366)
    assert len(found.tasks) == 300
    assert not any(load.listed for load in found.tasks)
    assert time.process_time() - begun < 20
