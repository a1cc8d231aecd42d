"""The hint for another program's cron is accepted, and fires when that program would fire."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from docket.errors import ScheduleError
from docket.model.task.schedule import ScheduleKind, ScheduleSpec, Timing
from docket.model.time.calendar import next_after, utc_offset
from docket.schedule.cron import parse_cron
from docket.schedule.translate import compile_cron, compile_timing

FIRST = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=number) for number in range(4 * 365 + 1)]
Fits = Callable[[datetime], bool]


def hint_of(expression: str) -> str:
    with pytest.raises(ScheduleError) as told:
        compile_cron(expression, zone="UTC", machine_zone="UTC", system=False)
    assert told.value.hint is not None
    return told.value.hint


def specs_in(hint: str) -> list[ScheduleSpec]:
    """Return the schedules in a hint after `write`, as a reader would copy them."""
    written = re.search(r"write `([^`]*)`", hint)
    assert written is not None, hint
    if not written[1].startswith("schedule:"):
        return [ScheduleSpec(ScheduleKind.CRON, written[1])]
    value = yaml.safe_load(written[1])["schedule"]
    return [
        ScheduleSpec(ScheduleKind(kind), str(text))
        for one in (value if isinstance(value, list) else [value])
        for kind, text in one.items()
    ]


def compiled(specs: Sequence[ScheduleSpec]) -> Timing:
    return compile_timing(specs, zone="UTC", machine_zone="UTC", system=False)


def fires(timing: Timing, until: datetime) -> set[datetime]:
    found = set()
    for calendar in timing.calendars:
        at_us: int | None = int((FIRST.timestamp() - 1) * 1_000_000)
        while at_us is not None:
            at_us = next_after(calendar, at_us, utc_offset)
            moment = datetime.fromtimestamp((at_us or 0) // 1_000_000, UTC)
            if at_us is None or moment >= until:
                break
            found.add(moment)
    return found


def last_day(day: datetime) -> int:
    return ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day


def workday_nearest(number: int) -> Fits:
    def fits(day: datetime) -> bool:
        wanted = day.replace(day=number)
        shift = {5: -1 if number > 1 else 2, 6: 1}.get(wanted.weekday(), 0)
        return day == wanted + timedelta(days=shift)

    return fits


def last_workday(day: datetime) -> bool:
    later = [day + timedelta(days=n) for n in range(1, last_day(day) - day.day + 1)]
    return day.weekday() < 5 and all(one.weekday() > 4 for one in later)


@pytest.mark.parametrize(
    ("expression", "fits", "clock"),
    [
        ("0 9 * * MON#4", lambda d: d.weekday() == 0 and 22 <= d.day <= 28, (9, 0, 0)),
        ("0 9 * * 5#5", lambda d: d.weekday() == 4 and d.day >= 29, (9, 0, 0)),
        ("0 9 * 3 friday#1", lambda d: (d.month, d.weekday()) == (3, 4) and d.day < 8, (9, 0, 0)),
        ("30 18 * * 0L", lambda d: d.weekday() == 6 and d.day > last_day(d) - 7, (18, 30, 0)),
        ("0 0 * * SUN#L", lambda d: d.weekday() == 6 and d.day > last_day(d) - 7, (0, 0, 0)),
        ("0 0 * * mon#last", lambda d: d.weekday() == 0 and d.day > last_day(d) - 7, (0, 0, 0)),
        ("0 0 * * L5", lambda d: d.weekday() == 4 and d.day > last_day(d) - 7, (0, 0, 0)),
        (
            "5 4 * * mon#-2",
            lambda d: d.weekday() == 0 and 7 <= last_day(d) - d.day < 14,
            (4, 5, 0),
        ),
        ("1 1 L * *", lambda d: d.day == last_day(d), (1, 1, 0)),
        ("1 1 L-3 * *", lambda d: d.day == last_day(d) - 3, (1, 1, 0)),
        ("1 1 -2 * *", lambda d: d.day == last_day(d) - 1, (1, 1, 0)),
        ("1 1 1,L 2 *", lambda d: d.month == 2 and d.day in (1, last_day(d)), (1, 1, 0)),
        ("1 1 LW * *", last_workday, (1, 1, 0)),
        ("1 1 LW 2 *", lambda d: d.month == 2 and last_workday(d), (1, 1, 0)),
        ("0 8 14W * *", workday_nearest(14), (8, 0, 0)),
        ("0 8 1W * *", workday_nearest(1), (8, 0, 0)),
        ("0 8 W27 * *", workday_nearest(27), (8, 0, 0)),
        ("0 0 20-L * *", lambda d: d.day >= 20, (0, 0, 0)),
        ("0 12 1 * +MON", lambda d: d.weekday() == 0 and d.day == 1, (12, 0, 0)),
        ("0 12 1-7 * 1&", lambda d: d.weekday() == 0 and d.day <= 7, (12, 0, 0)),
        ("0 0 L * 1", lambda d: d.day == last_day(d) or d.weekday() == 0, (0, 0, 0)),
        ("0 0 */2 * 1#1", lambda d: d.weekday() == 0 and d.day in (1, 3, 5, 7), (0, 0, 0)),
        ("0 0 * * 7-4", lambda d: d.weekday() in (6, 0, 1, 2, 3), (0, 0, 0)),
        ("0 0 * * 7-3/2", lambda d: d.weekday() in (6, 1), (0, 0, 0)),
        ("0 0 * * thu-tue/2", lambda d: d.weekday() in (3, 5, 0), (0, 0, 0)),
        ("0 0 * * fri-mon", lambda d: d.weekday() in (4, 5, 6, 0), (0, 0, 0)),
        ("0 0 1 nov-feb/2 *", lambda d: d.day == 1 and d.month in (11, 1), (0, 0, 0)),
        ("0 0 * * friday", lambda d: d.weekday() == 4, (0, 0, 0)),
        ("0 0 ? * 1", lambda d: d.weekday() == 0, (0, 0, 0)),
        ("0 30 2 * * *", lambda _: True, (2, 30, 0)),
        ("10 30 2 * * *", lambda _: True, (2, 30, 10)),
        ("0 30 2 ? * MON#2", lambda d: d.weekday() == 0 and 8 <= d.day <= 14, (2, 30, 0)),
        ("0 0 12 1 1 ? 2028", lambda d: (d.year, d.month, d.day) == (2028, 1, 1), (12, 0, 0)),
        ("0 12 1 * * 2028", lambda d: d.year == 2028 and d.day == 1, (12, 0, 0)),
        ("0 0 12 1 * ? *", lambda d: d.day == 1, (12, 0, 0)),
    ],
)
def test_what_the_hint_says_fires_as_the_expression_was_meant(
    expression: str, fits: Fits, clock: tuple[int, int, int]
) -> None:
    hour, minute, second = clock
    expected = {d.replace(hour=hour, minute=minute, second=second) for d in DAYS if fits(d)}
    until = DAYS[-1] + timedelta(days=1)
    assert fires(compiled(specs_in(hint_of(expression))), until) == expected


@pytest.mark.parametrize(
    ("expression", "minutes"),
    [
        ("5/15 * * * *", {5, 20, 35, 50}),
        ("50-10/5 * * * *", {50, 55, 0, 5, 10}),
        ("5-0 * * * *", {*range(5, 60), 0}),
        ("0 0/20 * * * ?", {0, 20, 40}),
    ],
)
def test_a_range_past_the_end_of_the_hour_keeps_its_step(
    expression: str, minutes: set[int]
) -> None:
    timing = compiled(specs_in(hint_of(expression)))
    found = fires(timing, FIRST + timedelta(hours=2))
    assert {moment.minute for moment in found} == minutes
    assert len(found) == 2 * len(minutes)


@pytest.mark.parametrize(
    ("expression", "kind", "text"),
    [
        ("@every 5m", ScheduleKind.EVERY, "5m"),
        ("@every 1h30m", ScheduleKind.EVERY, "1h30m"),
        ("*/15 * * * * *", ScheduleKind.EVERY, "15s"),
        ("minutely", ScheduleKind.CALENDAR, "minutely"),
        ("quarterly", ScheduleKind.CALENDAR, "quarterly"),
        ("semiannually", ScheduleKind.CALENDAR, "semiannually"),
        ("weekly", ScheduleKind.CRON, "@weekly"),
    ],
)
def test_an_interval_or_a_word_is_given_back_in_its_own_terms(
    expression: str, kind: ScheduleKind, text: str
) -> None:
    (spec,) = specs_in(hint_of(expression))
    assert (spec.kind, spec.text) == (kind, text)
    assert compiled([spec]).directives


@pytest.mark.parametrize("expression", ["every 5 minutes", "5 minutes", "every 5min"])
def test_the_hint_for_an_interval_in_words_says_where_it_goes(expression: str) -> None:
    assert "`schedule: {every: 5" in hint_of(expression)


@pytest.mark.parametrize(
    ("expression", "remark"),
    [
        ("0 30 2 * * *", "if the first field is the seconds"),
        ("0 12 1 * * 2028", "if the last field is the year"),
        ("0 0 12 ? * 2#1", "in Quartz, weekday 1 is Sunday"),
    ],
)
def test_what_was_supposed_of_the_fields_is_said(expression: str, remark: str) -> None:
    assert remark in hint_of(expression)


@pytest.mark.parametrize(
    "expression",
    [
        *("15/0 * * * *", "50-10/0 * * * *", "2# * * * *", "0 0 31W * *", "0 0 * * sat%2"),
        *("0 0 L/2 * *", "0 0 * * mon#6", "@every 1ms", "@every soon", "H 0 * * *", "0 24 L * *"),
        *("0 0 12 1 1 * root", "0 0 5W-20 * *", "* * * * * * * *", "0 0 0 * * 8"),
    ],
)
def test_a_hint_never_says_to_write_what_is_refused_again(expression: str) -> None:
    hint = hint_of(expression)
    for written in re.findall(r"write `([^`]*)`(?! instead)", hint):
        compiled(specs_in(f"write `{written}`"))


def test_either_day_field_being_enough_is_said_with_what_to_write_for_both() -> None:
    (warning,) = parse_cron("0 9 1-7 * mon").warnings
    assert "day of month or the day of week is enough" in warning
    both = fires(compiled(specs_in(warning)), FIRST + timedelta(days=400))
    assert all(moment.weekday() == 0 and moment.day <= 7 for moment in both)
    assert len(both) == 13


@pytest.mark.parametrize("expression", ["0 9 * * mon", "0 9 1-7 * *", "0 9 1-7 * */7", "@weekly"])
def test_one_restricted_day_field_is_nothing_to_warn_of(expression: str) -> None:
    assert not parse_cron(expression).warnings
