"""A timer's run knows which fire it is for, and a late one that it was caught up."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from docket.model.states import RunStatus
from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.schedule.translate import compile_timing
from tests.unit.runner.manager import PrivateManager
from tests.unit.runner.runner_home import Home

NINE = 1_777_280_400_000_000  # 2026-04-27T09:00:00Z, a Monday
SECOND = 1_000_000
HOUR = 3600 * SECOND
TIMER = "docket-job.timer"
BOOT_TIMER = "docket-job@_boot.timer"
PATH = "docket-job.path"


@pytest.fixture
def manager(home: Home) -> Iterator[PrivateManager]:
    with PrivateManager(home.path / "xdg") as manager:
        yield manager


def plan(home: Home, cron: str = "0 9 * * *", zone: str = "UTC", **values: Any) -> None:
    spec = ScheduleSpec(ScheduleKind.CRON, cron)
    timing = compile_timing([spec], zone=zone, machine_zone="UTC", system=False)
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        'echo "$DOCKET_SCHEDULED_FOR"',
        calendars=[calendar.to_json() for calendar in timing.calendars],
        **values,
    )


def fire(home: Home, manager: PrivateManager, at_us: int, timer: str = TIMER) -> Any:
    manager.started_by(timer, at_us)
    home.run("job", environ={**manager.environ, "TRIGGER_UNIT": TIMER})
    return home.ask(lambda reader: reader.last_any("job"))


def test_a_timers_run_names_its_fire(home: Home, manager: PrivateManager) -> None:
    plan(home)
    run = fire(home, manager, NINE + 400_000)
    assert (run.trigger, run.scheduled_for_us) == ("timer", NINE)
    assert run.details["stdout"] == "2026-04-27T09:00:00.000000+00:00\n"


def test_the_second_fire_is_the_second_whatever_the_environment_still_says(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, "* * * * *")
    seen = []
    for minute in range(3):
        manager.started_by(TIMER, NINE + minute * 60 * SECOND + 400_000)
        stale = {"TRIGGER_UNIT": TIMER, "TRIGGER_TIMER_REALTIME_USEC": str(NINE + 400_000)}
        home.run("job", environ={**manager.environ, **stale})
        seen.append(home.ask(lambda reader: reader.last_any("job")).scheduled_for_us)
    assert seen == [NINE, NINE + 60 * SECOND, NINE + 120 * SECOND]


@pytest.mark.parametrize("spans", [False, True])
@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_was_set_after_an_elapse_changes_no_fire(
    home: Home, manager: PrivateManager, hours: int, spans: bool
) -> None:
    """The manager keeps the instant of the elapse as its clock was then; three fires are right."""
    plan(home, "* * * * *", spans=spans)
    minute = 60 * SECOND
    first = time.time_ns() // 1000 // minute * minute + hours * HOUR
    manager.properties[TIMER, "ActiveEnterTimestamp"] = first - HOUR
    for due in range(first, first + 3 * minute, minute):
        run = fire(home, manager, due + 400_000)
        assert (run.trigger, run.scheduled_for_us) == ("timer", due)
    # Set back to before them: the calendar's instants come once more, each a fire of its own.
    run = fire(home, manager, first - minute + 400_000)
    assert (run.trigger, run.scheduled_for_us) == ("timer", first - minute)


def test_a_start_by_hand_is_manual_though_the_environment_names_the_timer(
    home: Home, manager: PrivateManager
) -> None:
    plan(home)
    fire(home, manager, NINE)
    manager.elapsed(TIMER, NINE, monotonic_us=1)
    manager.by_hand()
    stale = {"TRIGGER_UNIT": TIMER, "TRIGGER_TIMER_REALTIME_USEC": str(NINE)}
    home.run("job", environ={**manager.environ, **stale})
    run = home.ask(lambda reader: reader.last_any("job"))
    assert (run.trigger, run.scheduled_for_us) == ("manual", None)


@pytest.mark.parametrize("state", ["dead", "waiting", "elapsed"])
def test_a_timer_that_was_stopped_just_after_its_elapse_still_started_the_run(
    home: Home, manager: PrivateManager, state: str
) -> None:
    plan(home)
    manager.started_by(TIMER, NINE)
    manager.properties[TIMER, "SubState"] = state
    home.run("job", environ=manager.environ)
    assert home.only_run().scheduled_for_us == NINE


def test_a_start_by_hand_just_after_a_run_of_the_timer_is_manual(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, "* * * * *")
    now = time.time_ns() // 1000
    run = fire(home, manager, now - now % (60 * SECOND))
    assert run.trigger == "timer"
    manager.by_hand()
    home.run("job", environ=manager.environ)
    assert home.ask(lambda reader: reader.last_any("job")).trigger == "manual"


def test_a_timer_that_elapsed_long_before_the_start_did_not_start_it(
    home: Home, manager: PrivateManager
) -> None:
    plan(home)
    manager.started_by(TIMER, NINE)
    manager.elapsed(TIMER, NINE, monotonic_us=6_999_999)
    manager.by_hand()
    home.run("job", environ=manager.environ)
    assert home.only_run().trigger == "manual"


def test_a_timer_that_elapses_after_the_start_did_not_start_it(
    home: Home, manager: PrivateManager
) -> None:
    plan(home)
    manager.started_by(TIMER, NINE)
    manager.elapsed(TIMER, NINE, monotonic_us=9_000_001)
    home.run("job", environ={**manager.environ, "TRIGGER_UNIT": TIMER})
    assert home.only_run().trigger == "manual"


def test_a_process_of_another_invocation_was_not_started_by_the_timer(
    home: Home, manager: PrivateManager
) -> None:
    plan(home)
    manager.started_by(TIMER, NINE)
    environ = {**manager.environ, "INVOCATION_ID": "d" * 32, "TRIGGER_UNIT": TIMER}
    home.run("job", environ=environ)
    assert home.only_run().trigger == "manual"


def test_the_boot_timer_serves_no_calendar(home: Home, manager: PrivateManager) -> None:
    plan(home, unit_hashes={TIMER: "", BOOT_TIMER: ""})
    run = fire(home, manager, NINE + HOUR, BOOT_TIMER)
    assert (run.trigger, run.scheduled_for_us) == ("timer", None)


def test_of_two_timers_that_run_the_one_that_elapsed_last_before_the_start_counts(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, unit_hashes={TIMER: "", BOOT_TIMER: ""})
    manager.started_by(TIMER, NINE)
    manager.started_by(BOOT_TIMER, NINE - HOUR)
    manager.elapsed(BOOT_TIMER, NINE - HOUR, monotonic_us=3_000_000)
    manager.properties[TIMER, "SubState"] = "running"
    home.run("job", environ=manager.environ)
    assert home.only_run().scheduled_for_us == NINE


def test_a_fire_of_a_span_is_not_taken_for_a_calendars_that_had_its_run(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, spans=True)
    assert fire(home, manager, NINE + SECOND).scheduled_for_us == NINE
    later = fire(home, manager, NINE + 10 * SECOND)
    assert (later.trigger, later.scheduled_for_us) == ("timer", None)
    much_later = fire(home, manager, NINE + HOUR)
    assert (much_later.trigger, much_later.scheduled_for_us) == ("timer", None)


@pytest.mark.parametrize(
    ("activated", "fired", "scheduled_for"),
    [
        (NINE + HOUR, NINE + HOUR + 7 * SECOND, None),  # a span's: the instant was before it
        (NINE + 10 * SECOND, NINE + 17 * SECOND, None),
        (NINE + HOUR, NINE + HOUR + SECOND, NINE),  # caught up at once
        (NINE - HOUR, NINE + HOUR, NINE),  # late: the machine slept
        (NINE - HOUR, NINE + SECOND, NINE),
    ],
)
def test_the_first_fire_of_a_span_is_not_for_an_instant_before_its_timer(
    home: Home, manager: PrivateManager, activated: int, fired: int, scheduled_for: int | None
) -> None:
    plan(home, spans=True)
    manager.properties[TIMER, "ActiveEnterTimestamp"] = activated
    assert fire(home, manager, fired).scheduled_for_us == scheduled_for


def test_with_a_jitter_over_several_fires_the_first_since_the_last_start_is_meant(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, "0 * * * *", slack_seconds=10_801.0)
    first = fire(home, manager, NINE)
    # The next elapse is worked out from the last start: the hour after it, and the jitter.
    hours = (first.started_us // HOUR + 1) * HOUR
    second = fire(home, manager, hours + 2 * HOUR + 60 * SECOND)
    assert second.scheduled_for_us == hours
    assert second.trigger == "timer"


def test_a_fire_in_a_zone_is_found_in_that_zone(home: Home, manager: PrivateManager) -> None:
    plan(home, zone="Europe/Berlin")
    run = fire(home, manager, NINE - 2 * HOUR + 400_000)
    assert (run.trigger, run.scheduled_for_us) == ("timer", NINE - 2 * HOUR)


def test_a_late_fire_is_a_catch_up(home: Home, manager: PrivateManager) -> None:
    plan(home)
    run = fire(home, manager, NINE + HOUR)
    assert (run.trigger, run.scheduled_for_us) == ("catch-up", NINE)
    assert run.status is RunStatus.SUCCEEDED


def test_a_fire_within_the_jitter_is_not_a_catch_up(home: Home, manager: PrivateManager) -> None:
    plan(home, slack_seconds=900.0)
    assert fire(home, manager, NINE + 600 * SECOND).trigger == "timer"


@pytest.mark.parametrize(
    ("catch_up", "status"),
    [(True, "succeeded"), (False, "skipped"), (7200, "succeeded"), (60, "skipped")],
)
def test_catch_up_decides_how_late_a_fire_still_runs(
    home: Home, manager: PrivateManager, catch_up: bool | int, status: str
) -> None:
    plan(home, catch_up=catch_up)
    run = fire(home, manager, NINE + HOUR)
    assert run.status == status
    if status == "skipped":
        assert run.error_code == "too_late"
        assert "3600 s ago" in run.summary


def test_a_window_shorter_than_what_counts_as_late_is_kept_too(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, catch_up=10)
    assert fire(home, manager, NINE + 5 * SECOND).status == "succeeded"
    refused = fire(home, manager, NINE + 15 * SECOND)
    assert (refused.status, refused.error_code) == ("skipped", "too_late")


def test_the_jitter_of_the_timer_lengthens_the_window(home: Home, manager: PrivateManager) -> None:
    plan(home, catch_up=60, slack_seconds=900.0)
    assert fire(home, manager, NINE + 950 * SECOND).status == "succeeded"
    assert fire(home, manager, NINE + 970 * SECOND).error_code == "too_late"


def test_a_fire_on_time_runs_after_one_that_was_too_late(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, "*/2 * * * *", catch_up=20)
    assert fire(home, manager, NINE + 57 * SECOND).error_code == "too_late"
    assert fire(home, manager, NINE + 120 * SECOND + 1).status == "succeeded"


def test_a_one_shot_that_has_succeeded_is_not_run_again(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, one_shot=True)
    assert fire(home, manager, NINE).status is RunStatus.SUCCEEDED
    again = fire(home, manager, NINE + 23 * HOUR)
    assert (again.status, again.error_code) == (RunStatus.SKIPPED, "already_done")
    assert fire(home, manager, NINE + 24 * HOUR).status is RunStatus.SUCCEEDED


def test_once_per_lets_the_first_fire_of_the_next_period_run(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, "*/20 * * * *", once_per="hour", zone="UTC")
    at = [NINE, NINE + 1200 * SECOND, NINE + HOUR, NINE + HOUR + 1200 * SECOND]
    seen = [fire(home, manager, instant + 1) for instant in at]
    assert [run.status for run in seen] == ["succeeded", "skipped", "succeeded", "skipped"]
    assert [run.scheduled_for_us for run in seen] == at


def test_a_destructive_task_does_not_run_by_timer_unless_allowed(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, denied_to={"unattended": "is destructive"})
    refused = fire(home, manager, NINE)
    assert (refused.status, refused.error_code) == (RunStatus.SKIPPED, "unattended")
    plan(home)
    assert fire(home, manager, NINE).status == "succeeded"


def watch(
    manager: PrivateManager,
    state: str,
    changed_us: int = 8_990_000,
    since_us: int = 1_000_000,
    *,
    reloaded_us: int = 500_000,
) -> None:
    """Play a path unit in a state that it has had since `changed_us`; the service began at 9 s.

    The manager was last reloaded at `reloaded_us`.
    """
    manager.properties["systemd1", "UnitsLoadTimestampMonotonic"] = reloaded_us
    for name, value in (
        ("SubState", state),
        ("StateChangeTimestamp", NINE),
        ("StateChangeTimestampMonotonic", changed_us),
        ("ActiveEnterTimestampMonotonic", since_us),
    ):
        manager.properties[PATH, name] = value


def start(home: Home, manager: PrivateManager, named: str = PATH) -> Any:
    home.run("job", environ={**manager.environ, "TRIGGER_UNIT": named, "TRIGGER_PATH": "/old"})
    return home.ask(lambda reader: reader.last_any("job"))


def watching(home: Home, *paths: list[str]) -> None:
    words = ("/bin/sh", "-c", 'echo "$DOCKET_TRIGGER ${DOCKET_TRIGGER_PATH-none}"')
    hashes = {TIMER: "", PATH: ""}
    home.plan("job", *words, paths=list(paths), unit_hashes=hashes)


def test_a_start_for_a_path_names_the_only_path_that_is_watched(
    home: Home, manager: PrivateManager
) -> None:
    watching(home, ["/srv/in", "changed"])
    manager.by_hand()
    watch(manager, "running")
    run = start(home, manager)
    assert (run.trigger, run.scheduled_for_us) == ("path", None)
    assert run.details["trigger_path"] == "/srv/in"
    assert run.details["stdout"] == "path /srv/in\n"


def test_a_reload_right_after_the_start_for_a_path_makes_it_no_start_by_hand(
    home: Home, manager: PrivateManager
) -> None:
    """systemd 252 has the path unit wait again, with the instant of the change before."""
    watching(home, ["/srv/in", "changed"])
    manager.by_hand()
    watch(manager, "waiting", 8_985_000, reloaded_us=9_000_500)
    assert start(home, manager, named="").trigger == "path"


def test_a_start_by_hand_after_a_reload_is_manual(home: Home, manager: PrivateManager) -> None:
    watching(home, ["/srv/in", "changed"])
    manager.by_hand()
    watch(manager, "waiting", 6_000_000, reloaded_us=8_900_000)
    assert start(home, manager).trigger == "manual"


def test_of_several_paths_none_is_named(home: Home, manager: PrivateManager) -> None:
    watching(home, ["/srv/in", "changed"], ["/run/flag", "exists"])
    manager.by_hand()
    watch(manager, "running")
    run = start(home, manager)
    assert (run.trigger, run.details["stdout"]) == ("path", "path none\n")
    assert "trigger_path" not in run.details


@pytest.mark.parametrize(
    ("state", "changed_us"),
    [
        ("waiting", 8_500_000),  # the run before, for the path, has just ended
        ("running", 9_000_100),  # the path unit has learned of a start by others
        ("waiting", 9_000_100),
    ],
)
def test_a_start_by_hand_is_manual_though_the_environment_names_the_path(
    home: Home, manager: PrivateManager, state: str, changed_us: int
) -> None:
    watching(home, ["/srv/in", "changed"])
    manager.by_hand()
    watch(manager, state, changed_us)
    run = start(home, manager)
    assert (run.trigger, run.details["stdout"]) == ("manual", "manual none\n")


@pytest.mark.parametrize(("state", "since_us"), [("dead", 1_000_000), ("running", 9_000_100)])
def test_a_path_unit_that_was_stopped_right_after_the_start_passes_no_guard(
    home: Home, manager: PrivateManager, state: str, since_us: int
) -> None:
    watching(home, ["/srv/in", "changed"])
    manager.by_hand()
    watch(manager, state, 9_000_100, since_us)
    assert start(home, manager).trigger == "path"
    assert start(home, manager, TIMER).trigger == "manual"


def test_a_start_by_timer_and_path_at_once_is_the_timers(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, paths=[["/srv/in", "changed"]], unit_hashes={TIMER: "", PATH: ""})
    manager.started_by(TIMER, NINE + 400_000)
    watch(manager, "running", 8_995_000)
    assert start(home, manager).scheduled_for_us == NINE


def test_a_start_for_a_path_is_not_that_of_a_timer_that_elapsed_just_before(
    home: Home, manager: PrivateManager
) -> None:
    plan(home, paths=[["/srv/in", "changed"]], unit_hashes={TIMER: "", PATH: ""})
    manager.by_hand()
    manager.elapsed(TIMER, NINE + 400_000, monotonic_us=8_000_000)
    manager.properties[TIMER, "SubState"] = "waiting"
    watch(manager, "running")
    assert start(home, manager).trigger == "path"


def test_a_task_without_paths_asks_about_none(home: Home, manager: PrivateManager) -> None:
    plan(home)
    fire(home, manager, NINE)
    assert {unit for unit, _ in manager.asked} == {TIMER, "docket-job.service"}


def test_without_an_answer_a_start_that_the_environment_gives_to_a_path_passes_no_guard(
    home: Home,
) -> None:
    watching(home, ["/srv/in", "changed"])
    home.run("job", environ={"TRIGGER_UNIT": PATH, "INVOCATION_ID": "c" * 32})
    run = home.ask(lambda reader: reader.last_any("job"))
    assert run is not None
    assert run.trigger == "path"


def test_outside_a_unit_nobody_is_asked(home: Home, manager: PrivateManager) -> None:
    plan(home)
    manager.started_by(TIMER, NINE)
    environ = {**manager.environ, "INVOCATION_ID": "", "TRIGGER_UNIT": TIMER}
    home.run("job", environ=environ)
    assert home.only_run().trigger == "manual"
    assert manager.asked == []


class TestWithoutAManager:
    """If the manager cannot be asked, the environment counts if something confirms it."""

    def run(self, home: Home, fired: str, **environ: str) -> Any:
        values = {"INVOCATION_ID": "c" * 32, "TRIGGER_UNIT": TIMER, **environ}
        home.run("job", environ={**values, "TRIGGER_TIMER_REALTIME_USEC": fired})
        return home.only_run()

    def next_minute_us(self, now_us: int) -> int:
        return now_us - now_us % (60 * SECOND) + 60 * SECOND

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def test_a_recent_instant_is_believed(self, home: Home) -> None:
        plan(home, "* * * * *")
        now = self.now_us()
        assert self.run(home, str(now)).scheduled_for_us == now - now % (60 * SECOND)

    def test_an_old_instant_is_not(self, home: Home) -> None:
        plan(home, "* * * * *")
        now = self.now_us()
        run = self.run(home, str(NINE))
        assert run.trigger == "timer"
        # In the second half of a minute nothing says which fire it is for.
        assert run.scheduled_for_us in (None, now - now % (60 * SECOND), self.next_minute_us(now))

    def test_the_stamp_of_the_timer_counts_before_an_old_instant(self, home: Home) -> None:
        plan(home, "* * * * *")
        stamps = home.path / ".local/share/systemd/timers"
        stamps.mkdir(parents=True)
        (stamps / f"stamp-{TIMER}").touch()
        now = self.now_us()
        fired = now - 50 * SECOND
        os.utime(stamps / f"stamp-{TIMER}", ns=(fired * 1000, fired * 1000))
        assert self.run(home, str(NINE)).scheduled_for_us == fired - fired % (60 * SECOND)

    @pytest.mark.parametrize("fired", ["", "x", "-1", "9" * 40])
    def test_a_hostile_instant_is_not_trusted(self, home: Home, fired: str) -> None:
        home.plan("job", "/bin/true")
        assert self.run(home, fired).trigger == "timer"

    def test_a_trigger_of_another_unit_is_not_a_fire_of_ours(self, home: Home) -> None:
        home.plan("job", "/bin/true")
        assert self.run(home, "", TRIGGER_UNIT="other.timer").trigger == "manual"
