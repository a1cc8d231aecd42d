"""A timer's run knows which fire it is for, and a late one that it was caught up."""

from __future__ import annotations

from typing import Any

import pytest

from docket.model.schedule import ScheduleKind, ScheduleSpec
from docket.model.states import RunStatus
from docket.schedule.translate import compile_timing
from tests.unit.runner.runner_home import Home

NINE = 1_777_280_400_000_000  # 2026-04-27T09:00:00Z, a Monday


def timer_run(home: Home, fired_us: int, zone: str = "UTC", **values: Any) -> Any:
    spec = ScheduleSpec(ScheduleKind.CRON, "0 9 * * *")
    timing = compile_timing([spec], zone=zone, machine_zone="UTC", system=False)
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        'echo "$DOCKET_SCHEDULED_FOR"',
        calendars=[calendar.to_json() for calendar in timing.calendars],
        **values,
    )
    environ = {
        "TRIGGER_UNIT": "docket-job.timer",
        "TRIGGER_TIMER_REALTIME_USEC": str(fired_us),
    }
    home.run("job", environ=environ)
    return home.ask(lambda reader: reader.last_any("job"))


def test_a_timers_run_names_its_fire(home: Home) -> None:
    run = timer_run(home, NINE + 400_000)
    assert (run.trigger, run.scheduled_for_us) == ("timer", NINE)
    assert run.details["stdout"] == "2026-04-27T09:00:00.000000+00:00\n"


def test_a_fire_in_a_zone_is_found_in_that_zone(home: Home) -> None:
    run = timer_run(home, NINE - 7_200_000_000 + 400_000, zone="Europe/Berlin")
    assert (run.trigger, run.scheduled_for_us) == ("timer", NINE - 7_200_000_000)


def test_a_late_fire_is_a_catch_up(home: Home) -> None:
    run = timer_run(home, NINE + 3_600_000_000)
    assert (run.trigger, run.scheduled_for_us) == ("catch-up", NINE)
    assert run.status is RunStatus.SUCCEEDED


def test_a_fire_within_the_jitter_is_no_catch_up(home: Home) -> None:
    assert timer_run(home, NINE + 600_000_000, slack_seconds=900.0).trigger == "timer"


@pytest.mark.parametrize(
    ("catch_up", "status"),
    [(True, "succeeded"), (False, "skipped"), (7200, "succeeded"), (60, "skipped")],
)
def test_catch_up_decides_how_late_a_fire_still_runs(
    home: Home, catch_up: bool | int, status: str
) -> None:
    run = timer_run(home, NINE + 3_600_000_000, catch_up=catch_up)
    assert run.status == status
    if status == "skipped":
        assert run.error_code == "too_late"
        assert "3600 s ago" in run.summary


def test_a_window_shorter_than_what_counts_as_late_is_kept_too(home: Home) -> None:
    assert timer_run(home, NINE + 5_000_000, catch_up=10).status == "succeeded"
    refused = timer_run(home, NINE + 15_000_000, catch_up=10)
    assert (refused.status, refused.error_code) == ("skipped", "too_late")


def test_a_one_shot_that_has_succeeded_is_not_run_again(home: Home) -> None:
    assert timer_run(home, NINE, one_shot=True).status is RunStatus.SUCCEEDED
    again = timer_run(home, NINE + 86_000_000_000, one_shot=True)
    assert (again.status, again.error_code) == (RunStatus.SKIPPED, "already_done")


def test_a_destructive_task_does_not_run_by_timer_unless_allowed(home: Home) -> None:
    refused = timer_run(home, NINE, destructive=True)
    assert (refused.status, refused.error_code) == (RunStatus.SKIPPED, "unattended")
    assert timer_run(home, NINE, destructive=True, unattended="allow").status == "succeeded"


def test_a_trigger_of_another_unit_is_no_fire_of_ours(home: Home) -> None:
    home.plan("job", "/bin/true")
    home.run("job", environ={"TRIGGER_UNIT": "other.timer"})
    assert home.only_run().trigger == "manual"


@pytest.mark.parametrize("stamp", ["", "x", "-1", "9" * 40])
def test_a_hostile_instant_is_not_trusted(home: Home, stamp: str) -> None:
    home.plan("job", "/bin/true")
    environ = {"TRIGGER_UNIT": "docket-job.timer", "TRIGGER_TIMER_REALTIME_USEC": stamp}
    assert home.run("job", environ=environ).returncode == 0
    assert home.only_run().trigger == "timer"
