"""Expected fires against runs: what was missed, what fell into a run, and what forms one row."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from docket.model.time.calendar import Calendar, utc_offset
from docket.model.time.fires import (
    Absent,
    RunSpan,
    absent_fires,
    expected_fires,
    stretches,
)
from docket.schedule.zones import offsets_of

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_790_000_040_000_000 // DAY * DAY
MINUTELY = Calendar()
HOURLY = Calendar(minutes=(0,))
NOON = Calendar(hours=(12,), minutes=(0,))


def utc(_zone: str) -> Callable[[int], int]:
    return utc_offset


def run(
    start: int,
    *,
    due: int | None = None,
    end: int | None = None,
    ran: bool = True,
    by_timer: bool = True,
    name: str = "run",
) -> RunSpan:
    return RunSpan(name, due, start, start + 1 if end is None else end, ran, by_timer)


def test_fires_are_after_the_first_instant_and_up_to_the_last_one() -> None:
    found = expected_fires([HOURLY], START, START + 3 * HOUR, utc, 100)
    assert found.instants == (START + HOUR, START + 2 * HOUR, START + 3 * HOUR)
    assert found.complete


def test_an_instant_of_two_calendars_is_one_fire() -> None:
    found = expected_fires([HOURLY, NOON], START, START + DAY, utc, 100)
    assert len(found.instants) == 24


def test_too_many_fires_are_cut_off_and_said_to_be() -> None:
    found = expected_fires([MINUTELY], START, START + DAY, utc, 10)
    assert found.instants == tuple(START + n * MINUTE for n in range(1, 11))
    assert not found.complete


def test_a_limit_that_is_just_met_is_complete() -> None:
    found = expected_fires([MINUTELY], START, START + 10 * MINUTE, utc, 10)
    assert len(found.instants) == 10
    assert found.complete


def test_a_time_that_daylight_saving_skips_is_not_expected() -> None:
    # 2026-03-29: Berlin has no 02:30; the day before and the day after have one.
    calendar = Calendar(hours=(2,), minutes=(30,), zone="Europe/Berlin")
    first = 1_774_656_000_000_000  # 2026-03-28T00:00:00Z
    found = expected_fires([calendar], first, first + 3 * DAY, offsets_of, 10)
    assert found.instants == (
        first + 1 * HOUR + 30 * MINUTE,
        first + 2 * DAY + 30 * MINUTE,
    )


def test_a_time_that_daylight_saving_repeats_is_expected_once() -> None:
    calendar = Calendar(hours=(2,), minutes=(30,), zone="Europe/Berlin")
    first = 1_792_800_000_000_000 // DAY * DAY  # 2026-10-24T00:00:00Z
    found = expected_fires([calendar], first, first + 3 * DAY, offsets_of, 10)
    assert len(found.instants) == 3


def test_no_calendar_expects_nothing() -> None:
    assert expected_fires([], START, START + DAY, utc, 10) == ((), True)


def test_a_fire_that_a_run_names_is_not_absent() -> None:
    fires = [START, START + HOUR]
    late = run(START + 2 * HOUR, due=START)
    assert [fire.at_us for fire in absent_fires(fires, [late], tolerance_us=MINUTE)] == [fires[1]]


def test_a_skipped_row_is_for_its_fire_too() -> None:
    skipped = run(START, due=START, ran=False)
    assert absent_fires([START], [skipped], tolerance_us=MINUTE) == []


def test_a_run_that_the_timer_started_soon_after_counts_whatever_it_names() -> None:
    jittered = run(START + 50 * MINUTE, due=START + 30 * MINUTE)
    assert absent_fires([START], [jittered], tolerance_us=HOUR) == []
    assert len(absent_fires([START], [jittered], tolerance_us=MINUTE)) == 1


def test_a_run_by_hand_does_not_count_for_a_fire() -> None:
    by_hand = run(START + 1, by_timer=False)
    assert len(absent_fires([START], [by_hand], tolerance_us=MINUTE)) == 1


def test_a_run_before_the_fire_does_not_count_for_it() -> None:
    early = run(START - 10, end=START - 5)
    assert absent_fires([START], [early], tolerance_us=MINUTE) == [Absent(0, START, None)]


def test_a_fire_during_a_run_names_the_run_in_the_way() -> None:
    long = run(START, due=START, end=START + 2 * HOUR, name="long")
    fires = [START, START + HOUR, START + 2 * HOUR, START + 3 * HOUR]
    found = absent_fires(fires, [long], tolerance_us=MINUTE)
    assert found == [
        Absent(1, fires[1], "long"),
        Absent(2, fires[2], "long"),
        Absent(3, fires[3], None),
    ]


def test_a_run_that_goes_on_is_in_the_way_of_all_that_follow() -> None:
    still = RunSpan("still", START, START, None, True, True)
    found = absent_fires([START + DAY], [still], tolerance_us=MINUTE)
    assert found == [Absent(0, START + DAY, "still")]


def test_a_skipped_row_is_in_nobodys_way() -> None:
    skipped = run(START, due=START, end=START + 2 * HOUR, ran=False)
    assert absent_fires([START + HOUR], [skipped], tolerance_us=1)[0].blocker is None


def _row(count: int, cause: str = "off", begin: int = 0) -> list[tuple[Absent, str]]:
    return [(Absent(n, START + n * MINUTE, None), cause) for n in range(begin, begin + count)]


def test_few_fires_stay_fires_of_their_own() -> None:
    assert [s.count for s in stretches(_row(3), most_single=3)] == [1, 1, 1]


def test_many_fires_in_a_row_become_one_stretch() -> None:
    (one,) = stretches(_row(43_200), most_single=10)
    assert (one.count, one.first_us, one.last_us) == (43_200, START, START + 43_199 * MINUTE)
    assert not one.joins


def test_another_cause_or_a_run_in_between_begins_a_new_stretch() -> None:
    mixed = [*_row(20), *_row(20, "disabled", 20), *_row(20, "disabled", 50)]
    assert [(s.cause, s.count) for s in stretches(mixed, most_single=10)] == [
        ("off", 20),
        ("disabled", 20),
        ("disabled", 20),
    ]


def test_a_missed_row_takes_in_the_next_fires_missed_for_the_same_reason() -> None:
    (one,) = stretches(_row(1), most_single=10, standing=("off", None, 10))
    assert one.joins
    assert one.count == 1
    (other,) = stretches(_row(1), most_single=10, standing=("off", None, 9))
    assert not other.joins


def test_a_missed_row_of_another_reason_or_further_back_is_not_joined() -> None:
    assert not stretches(_row(1), most_single=10, standing=("disabled", None, 50))[0].joins
    assert not stretches(_row(1), most_single=10, standing=("off", "run", 50))[0].joins
    assert not stretches(_row(1, begin=1), most_single=10, standing=("off", None, 50))[0].joins


@given(st.sets(st.integers(0, 200)), st.sets(st.integers(0, 200)), st.integers(0, 20))
def test_every_fire_is_had_or_in_exactly_one_stretch(
    due: set[int], had: set[int], most: int
) -> None:
    fires = [START + n * MINUTE for n in sorted(due)]
    runs = [run(START + n * MINUTE, due=START + n * MINUTE) for n in had]
    absent = absent_fires(fires, runs, tolerance_us=0)
    assert {fire.at_us for fire in absent} == {START + n * MINUTE for n in due - had}
    found = stretches([(fire, "off") for fire in absent], most_single=most)
    assert sum(stretch.count for stretch in found) == len(absent)
    assert all(a.last_us < b.first_us for a, b in pairwise(found))
    assert all(s.count == 1 or s.count > most for s in found)
