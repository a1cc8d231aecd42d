"""Fires without a run get their rows, with the likely cause, from any command that looks."""

from __future__ import annotations

import os
import sqlite3

import pytest

from docket.app.fires.causes import Machine
from docket.app.fires.missed import MOST_SINGLE, SETTLED_US, MissedCounts, look
from docket.app.install.install import apply, preview
from docket.app.session.session import Session
from docket.model.records import RunRecord
from docket.store.fires import FireLedger, open_ledger
from docket.store.reader import open_reader
from docket.systemd.boots import BootTime
from tests.contract.fake_units import FakeUnits
from tests.unit.app.conftest import NOW_US, Home

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TIMER = "docket-tick.timer"


class House:
    """A home with one task whose timer was enabled long ago, and a machine that was always on."""

    def __init__(self, home: Home, schedule: str, more: str = "") -> None:
        self.home = home
        home.config(
            "tasks:\n  tick:\n    type: command\n    command: [/bin/true]\n"
            f'    schedule: "{schedule}"\n{more}'
        )
        nobody = FakeUnits(home.paths.unit_dir, home.paths.home)
        nobody.absent = True
        alone = home.session.replace(units=lambda: nobody)
        apply(alone, preview(alone))
        self.now_us = NOW_US
        self.machine = Machine(NOW_US - 400 * DAY)
        self.session = home.session.replace(now_us=lambda: self.now_us)
        self.timer(active_since_us=NOW_US - 300 * DAY)
        self.enabled_at(NOW_US - 300 * DAY)

    def timer(self, **facts: object) -> None:
        """Let the manager say this of the timer."""
        self.home.units.put(TIMER, **facts)

    def enabled_at(self, at_us: int | None, written_us: int = NOW_US - 300 * DAY) -> None:
        """Make the timer's file, and its link, of these ages."""
        directory = os.path.join(self.home.paths.unit_dir, "timers.target.wants")
        os.makedirs(directory, exist_ok=True)
        path, link = os.path.join(self.home.paths.unit_dir, TIMER), os.path.join(directory, TIMER)
        os.utime(path, ns=(written_us * 1000, written_us * 1000))
        if os.path.islink(link):
            os.unlink(link)
        if at_us is not None:
            os.symlink(path, link)
            os.utime(link, ns=(at_us * 1000, at_us * 1000), follow_symlinks=False)

    def judged_until(self, at_us: int) -> None:
        """Let a look have been taken at an instant."""
        with open_ledger(self.home.paths.state_db, 1.0) as ledger:
            ledger.mark("tick", at_us)

    def look(self, *, thorough: bool = True) -> MissedCounts:
        """Look at all tasks."""
        return look(self.session, thorough=thorough, machines=self._machine)

    def rows(self) -> list[RunRecord]:
        """Return the rows, oldest first."""
        with open_reader(self.home.paths.state_db) as reader:
            return reader.runs("tick", 10_000)[::-1]

    def _machine(self, _session: Session, _ledger: FireLedger, _since_us: int) -> Machine:
        return self.machine


def hour_before_now(hours: int) -> int:
    return (NOW_US // HOUR - hours) * HOUR


@pytest.fixture
def hourly(home: Home) -> House:
    house = House(home, "0 * * * *")
    house.judged_until(hour_before_now(4) + 1)
    return house


def test_each_missed_fire_is_a_row_at_its_instant(hourly: House) -> None:
    assert hourly.look() == MissedCounts(missed=4)
    rows = hourly.rows()
    assert [row.scheduled_for_us for row in rows] == [hour_before_now(n) for n in (3, 2, 1, 0)]
    assert {row.status for row in rows} == {"missed"}
    assert {row.trigger for row in rows} == {"timer"}
    assert rows[0].started_us == rows[0].finished_us == rows[0].scheduled_for_us
    assert rows[0].error_code == "not_started"
    assert rows[0].summary == "Missed: nothing says why it did not start"


def test_a_second_look_finds_nothing_more(hourly: House) -> None:
    hourly.look()
    assert hourly.look() == MissedCounts()
    assert len(hourly.rows()) == 4


def test_a_fire_with_a_run_is_not_missed(hourly: House) -> None:
    due = hour_before_now(2)
    hourly.home.record("tick", at=due + 5, scheduled_for=due, trigger="timer")
    late = hour_before_now(1)
    hourly.home.record("tick", at=late + HOUR // 2, scheduled_for=late, trigger="catch-up")
    assert hourly.look() == MissedCounts(missed=2)


def test_a_fire_within_a_run_is_skipped_and_names_it(hourly: House) -> None:
    due = hour_before_now(3)
    blocker = hourly.home.record(
        "tick", at=due, scheduled_for=due, trigger="timer", finished_at=due + HOUR + MINUTE
    )
    assert hourly.look() == MissedCounts(missed=2, swallowed=1)
    skipped = next(row for row in hourly.rows() if row.status == "skipped")
    assert skipped.scheduled_for_us == hour_before_now(2)
    assert skipped.error_code == "overlap"
    assert skipped.blocked_by == blocker
    assert blocker in skipped.summary


def test_a_run_that_began_before_the_last_look_is_in_the_way_too(hourly: House) -> None:
    hourly.home.record("tick", "running", at=hour_before_now(9), trigger="timer")
    assert hourly.look() == MissedCounts(swallowed=4)


def test_nothing_is_missed_from_before_the_timer_was_enabled(home: Home) -> None:
    house = House(home, "0 * * * *")
    house.enabled_at(hour_before_now(2) + 1)
    assert house.look() == MissedCounts(missed=2)


def test_nothing_is_missed_from_before_the_schedule_was_changed(hourly: House) -> None:
    hourly.enabled_at(NOW_US - 300 * DAY, written_us=hour_before_now(1) + 1)
    assert hourly.look() == MissedCounts(missed=1)


def test_a_timer_that_was_never_enabled_misses_nothing(home: Home) -> None:
    house = House(home, "0 * * * *")
    house.enabled_at(None)
    house.timer(active_state="inactive", unit_file_state="disabled")
    assert house.look() == MissedCounts()
    assert house.rows() == []


def test_a_fire_of_this_very_minute_is_not_judged_yet(hourly: House) -> None:
    hourly.now_us = hour_before_now(0) + SETTLED_US - 1
    assert hourly.look() == MissedCounts(missed=3)
    hourly.now_us += 2_000_000  # and the timer's accuracy
    assert hourly.look() == MissedCounts(missed=1)


def test_what_a_timer_that_just_came_up_may_catch_up_is_left_for_later(hourly: House) -> None:
    hourly.timer(active_since_us=NOW_US - 1_000_000)
    assert hourly.look() == MissedCounts(missed=3)
    hourly.now_us += 5 * MINUTE
    assert hourly.look() == MissedCounts(missed=1)


def test_without_catch_up_nothing_is_waited_for(home: Home) -> None:
    house = House(home, "0 * * * *", "    catch_up: false\n")
    house.judged_until(hour_before_now(4) + 1)
    house.timer(active_since_us=NOW_US - 1_000_000)
    assert house.look() == MissedCounts(missed=4)
    assert house.rows()[-1].error_code == "timer_stopped"


def causes(house: House) -> set[str | None]:
    house.look()
    assert house.rows()
    return {row.error_code for row in house.rows()}


def test_the_machine_was_off_if_no_boot_covers_the_fire(hourly: House) -> None:
    before = BootTime(NOW_US - 10 * DAY, hour_before_now(3) + MINUTE)
    hourly.machine = Machine(hour_before_now(0) + MINUTE, (before,))
    hourly.look()
    assert [row.error_code for row in hourly.rows()] == [
        "not_started",
        "machine_off",
        "machine_off",
        "machine_off",
    ]
    assert hourly.rows()[-1].summary == "Missed: the machine was off"


def test_the_machine_slept(hourly: House) -> None:
    hourly.machine = Machine(0, sleeps=(BootTime(0, NOW_US),))
    assert causes(hourly) == {"suspended"}


def test_the_timer_was_masked(hourly: House) -> None:
    hourly.timer(load_state="masked", active_state="inactive")
    assert causes(hourly) == {"timer_masked"}


def test_the_timer_was_disabled(hourly: House) -> None:
    hourly.enabled_at(None)
    hourly.timer(active_state="inactive", unit_file_state="disabled")
    assert causes(hourly) == {"timer_disabled"}
    assert len(hourly.rows()) == 4


def test_the_timer_was_stopped_and_its_last_fire_may_still_be_caught_up(hourly: House) -> None:
    hourly.timer(active_state="inactive")
    assert causes(hourly) == {"timer_stopped"}
    assert len(hourly.rows()) == 3


def test_linger_was_off(hourly: House) -> None:
    hourly.home.units.lingers = False
    hourly.home.units.manager_started_us = NOW_US - MINUTE
    assert causes(hourly) == {"linger_off"}


def test_the_users_manager_was_not_running(hourly: House) -> None:
    hourly.home.units.refusal = "there is no bus"
    assert causes(hourly) == {"manager_off"}


def test_the_task_was_paused(hourly: House) -> None:
    connection = sqlite3.connect(hourly.home.paths.state_db)
    connection.execute(
        "INSERT INTO overrides VALUES ('tick', 'pause', ?, NULL, '', ?)",
        (hour_before_now(1), hour_before_now(3)),
    )
    connection.commit()
    connection.close()
    hourly.look()
    assert [row.error_code for row in hourly.rows()][:3] == ["paused", "paused", "not_started"]


def test_a_minutely_task_off_for_a_month_leaves_one_row(home: Home) -> None:
    house = House(home, "* * * * *")
    house.judged_until(NOW_US - 30 * DAY)
    house.enabled_at(None)
    house.timer(active_state="inactive", unit_file_state="disabled")
    assert house.look().missed == 30 * 24 * 60 - 1
    (row,) = house.rows()
    assert row.details["count"] == 30 * 24 * 60 - 1
    assert row.details["first"] < row.details["last"]
    assert row.summary.startswith("Missed 43199 fires from 2026-08-22T")


def test_looks_in_between_do_not_take_a_long_absence_apart(home: Home) -> None:
    house = House(home, "* * * * *")
    house.judged_until(NOW_US - 10 * MINUTE)
    house.timer(load_state="masked", active_state="inactive")
    for _ in range(60):
        house.look()
        house.now_us += MINUTE
    (row,) = house.rows()
    assert row.details["count"] > 60
    assert row.error_code == "timer_masked"


def test_up_to_ten_fires_in_a_row_keep_their_own_rows(home: Home) -> None:
    house = House(home, "0 * * * *")
    house.judged_until(hour_before_now(MOST_SINGLE) + 1)
    house.look()
    assert len(house.rows()) == MOST_SINGLE


def test_a_quick_look_at_all_tasks_comes_once_a_minute(hourly: House) -> None:
    hourly.judged_until(NOW_US)
    assert hourly.look(thorough=False) == MissedCounts()
    hourly.judged_until(hour_before_now(4) + 1)
    assert hourly.look(thorough=False) == MissedCounts()
    hourly.now_us += MINUTE
    assert hourly.look(thorough=False) == MissedCounts(missed=4)


def test_a_record_that_is_locked_makes_a_look_find_nothing(hourly: House) -> None:
    connection = sqlite3.connect(hourly.home.paths.state_db, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    assert hourly.look(thorough=False) == MissedCounts()
    connection.execute("ROLLBACK")
    connection.close()
    assert hourly.rows() == []


def test_a_timer_without_a_calendar_expects_nothing(home: Home) -> None:
    house = House(home, "@reboot")
    house.judged_until(NOW_US - DAY)
    assert house.look() == MissedCounts()


def test_the_timer_that_systemd_has_counts_not_an_edit_of_the_config(hourly: House) -> None:
    path = hourly.home.paths.config
    with open(path, encoding="utf-8") as file:
        text = file.read()
    hourly.home.config(text.replace("0 * * * *", "* * * * *"))
    assert hourly.look() == MissedCounts(missed=4)


def test_since_when_a_timer_was_on_is_known_after_it_is_disabled(home: Home) -> None:
    house = House(home, "0 * * * *")
    house.enabled_at(NOW_US - 10_000_000)
    assert house.look() == MissedCounts()
    house.enabled_at(None)
    house.timer(active_state="inactive", unit_file_state="disabled")
    house.now_us += 2 * HOUR
    assert house.look() == MissedCounts(missed=2)
