"""Triggers become timer directives: zones, UTC if it means the same, lists, and warnings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from docket.errors import ScheduleError
from docket.model.task.schedule import ScheduleKind, ScheduleSpec, Timing
from docket.schedule.translate import compile_timing
from tests.unit.schedule.timerlines import translate_expression

NOW_US = int(datetime(2026, 9, 20, 12, tzinfo=UTC).timestamp()) * 1_000_000


def timing(
    *specs: tuple[str, str],
    zone: str | None = None,
    machine: str = "UTC",
    system: bool = False,
    now_us: int | None = NOW_US,
) -> Timing:
    return compile_timing(
        [ScheduleSpec(ScheduleKind(kind), text) for kind, text in specs],
        zone=zone,
        machine_zone=machine,
        system=system,
        now_us=now_us,
    )


def refusal(kind: str, text: str, zone: str | None = "Europe/Berlin") -> ScheduleError:
    with pytest.raises(ScheduleError) as caught:
        timing((kind, text), zone=zone)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("0 9 * * *", "Europe/Berlin", "*-*-* 09:00:00 Europe/Berlin"),
        ("0 9 * * *", "UTC", "*-*-* 09:00:00 UTC"),
        ("0 9 * * *", None, "*-*-* 09:00:00"),
        ("*/5 * * * *", "Europe/Berlin", "*-*-* *:00..55/5:00 UTC"),
        ("* * * * *", "Europe/Berlin", "*-*-* *:*:00 UTC"),
        ("@hourly", "America/New_York", "*-*-* *:00:00 UTC"),
        ("0 */1 1-31 * 0-6", "America/New_York", "*-*-* *:00:00 UTC"),
        ("0 * * * *", "Asia/Kolkata", "*-*-* *:30:00 UTC"),
        ("10 * * * *", "Asia/Kathmandu", "*-*-* *:25:00 UTC"),
        ("0,30 * * * *", "Australia/Lord_Howe", "*-*-* *:00,30:00 UTC"),
        ("0 * * * *", "Australia/Lord_Howe", "*-*-* *:00:00 Australia/Lord_Howe"),
        ("0 * * * 1", "Europe/Berlin", "Mon *-*-* *:00:00 Europe/Berlin"),
        ("0 * * 1 *", "Europe/Berlin", "*-01-* *:00:00 Europe/Berlin"),
    ],
)
def test_a_zone_is_written_unless_utc_says_the_same(
    expression: str, zone: str | None, expected: str
) -> None:
    found = translate_expression(expression, zone, machine_zone="UTC")
    assert found == [f"OnCalendar={expected}"]


def test_the_machines_own_zone_is_left_unsaid_if_its_clock_never_changes() -> None:
    for machine in ("UTC", "Asia/Kolkata"):
        found = translate_expression("15 * * * *", None, machine_zone=machine)
        assert found == ["OnCalendar=*-*-* *:15:00"]


def test_the_machines_own_summer_time_is_avoided_if_it_can_be() -> None:
    found = translate_expression("15 * * * *", None, machine_zone="Europe/Berlin")
    assert found == ["OnCalendar=*-*-* *:15:00 UTC"]


def test_an_hour_that_systemd_trips_over_gets_a_line_of_its_own() -> None:
    assert translate_expression("0 1,9 * * *", "Europe/Dublin", machine_zone="UTC") == [
        "OnCalendar=*-*-* 09:00:00 Europe/Dublin",
        "OnCalendar=*-*-* 01:00:00 Europe/Dublin",
    ]
    alone = translate_expression("0 1 * * *", "Europe/Dublin", machine_zone="UTC")
    assert alone == ["OnCalendar=*-*-* 01:00:00 Europe/Dublin"]


@pytest.mark.parametrize(("system", "name"), [(True, "OnBootSec"), (False, "OnStartupSec")])
def test_reboot_and_boot_follow_the_scope(name: str, *, system: bool) -> None:
    assert timing(("cron", "@reboot"), system=system).directives == ((name, "0"),)
    assert timing(("boot", "90"), system=system).directives == ((name, "1min 30s"),)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("15min", ["*-*-* *:00..45/15:00 UTC"]),
        ("1d", ["*-*-* 00:00:00 UTC"]),
        ("6h", ["*-*-* 00..18/6:00:00 UTC"]),
        ("90min", ["*-*-* 00..21/3:00:00 UTC", "*-*-* 01..22/3:30:00 UTC"]),
        ("30s", ["*-*-* *:*:00,30 UTC"]),
        ("1s", ["*-*-* *:*:* UTC"]),
    ],
)
def test_an_interval_that_divides_the_day_is_a_calendar_in_utc(
    span: str, expected: list[str]
) -> None:
    found = timing(("every", span), zone="Europe/Berlin")
    assert found.directives == tuple(("OnCalendar", line) for line in expected)
    assert found.warnings == ()


@pytest.mark.parametrize(("span", "shown"), [("7min", "7min"), ("36h", "1d 12h"), ("27", "27s")])
def test_another_interval_is_monotonic_and_says_so(span: str, shown: str) -> None:
    found = timing(("every", span))
    assert found.directives == (("OnActiveSec", shown), ("OnUnitActiveSec", shown))
    assert found.calendars == ()
    assert "counted again" in found.warnings[0]


@pytest.mark.parametrize("span", ["0", "0.5s", "-5min", "soon", "", "800d", "infinity"])
def test_an_impossible_interval_is_refused(span: str) -> None:
    assert refusal("every", span).code in ("schedule.bad_span", "schedule.out_of_range")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-24 18:00", "2026-12-24 17:00:00 UTC"),
        ("2026-12-24T18:00:30", "2026-12-24 17:00:30 UTC"),
        ("2026-12-24T18:00:00Z", "2026-12-24 18:00:00 UTC"),
        ("2026-12-24 18:00:00 UTC", "2026-12-24 18:00:00 UTC"),
        ("2026-12-24T18:00:00-0530", "2026-12-24 23:30:00 UTC"),
        ("@1800000000", "2027-01-15 08:00:00 UTC"),
        ("2026-10-25 02:30", "2026-10-25 00:30:00 UTC"),
        ("2026-10-25T02:30:00+01:00", "2026-10-25 01:30:00 UTC"),
    ],
)
def test_an_instant_is_one_fixed_date(text: str, expected: str) -> None:
    found = timing(("at", text), zone="Europe/Berlin")
    assert found.directives == (("OnCalendar", expected),)
    assert found.one_shot
    assert len(found.last_instants_us) == 1
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2027-03-28 02:30", "schedule.nonexistent_time"),
        ("2026-02-30 10:00", "schedule.bad_instant"),
        ("2026-12-24", "schedule.bad_instant"),
        ("2026-12-24 25:00", "schedule.bad_instant"),
        ("2026-12-24 18:00 Europe/Berlin", "schedule.bad_instant"),
        ("tomorrow", "schedule.bad_instant"),
        ("2026-12-24 18:00:00+99:00", "schedule.bad_instant"),
        ("2026-12-24 18:00\n", "schedule.bad_instant"),
        ("\u0662026-12-24 18:00", "schedule.bad_instant"),
        ("1969-12-31 10:00", "schedule.out_of_range"),
        ("2200-06-01 10:00", "schedule.out_of_range"),
        ("@99999999999", "schedule.out_of_range"),
    ],
)
def test_what_is_not_an_instant_is_refused(text: str, code: str) -> None:
    assert refusal("at", text).code == code


def test_an_instant_gone_by_is_warned_of() -> None:
    assert "past" in timing(("at", "2026-01-01 00:00")).warnings[0]


def test_a_calendar_is_kept_as_written_with_the_tasks_zone() -> None:
    found = timing(("calendar", "Mon..Fri 09:00"), zone="Europe/Berlin")
    assert found.directives == (("OnCalendar", "Mon..Fri 09:00 Europe/Berlin"),)
    own = timing(("calendar", "09:00 America/New_York"), zone="Europe/Berlin")
    assert own.directives == (("OnCalendar", "09:00 America/New_York"),)
    assert own.calendars[0].zone == "America/New_York"
    assert timing(("calendar", "weekly")).directives == (("OnCalendar", "weekly"),)


def test_a_calendar_that_systemd_computes_wrong_is_written_again_with_a_warning() -> None:
    found = timing(("calendar", "*:0/8"))
    assert found.directives == (("OnCalendar", "*-*-* *:00..56/8:00"),)
    assert "`*:0/8`" in found.warnings[0]
    assert timing(("calendar", "*:0/15")).directives == (("OnCalendar", "*:0/15"),)


def test_a_calendar_in_the_past_is_warned_of() -> None:
    assert "past" in timing(("calendar", "2020-01-01")).warnings[0]


def test_a_list_is_the_union_without_repetitions() -> None:
    found = timing(("cron", "0 9 * * *"), ("cron", "0 9 * * *"), ("at", "2027-01-01 00:00"))
    assert [value for _, value in found.directives] == [
        "*-*-* 09:00:00",
        "2027-01-01 00:00:00 UTC",
    ]
    assert len(found.calendars) == 2
    assert not found.one_shot


def test_no_trigger_gives_no_directive() -> None:
    assert timing() == Timing((), ())


def test_an_abbreviation_of_the_machines_zone_is_refused() -> None:
    for specs, zone in ((("cron", "0 9 * * *"), "EST"), (("calendar", "09:00 EST"), None)):
        with pytest.raises(ScheduleError) as caught:
            timing(specs, zone=zone, machine="America/New_York")
        assert caught.value.code == "schedule.ambiguous_zone"
    for machine in ("UTC", "America/Panama"):  # if it is not an abbreviation, or means the same
        assert timing(("cron", "0 9 * * *"), zone="EST", machine=machine).calendars[0].zone == "EST"


@pytest.mark.parametrize("zone", ["Mars/Base", "", "Europe/Berlin\nOnBootSec=1"])
def test_an_unknown_zone_is_refused_for_every_kind(zone: str) -> None:
    for kind, text in (("cron", "0 9 * * *"), ("calendar", "09:00"), ("at", "2027-01-01 00:00")):
        assert refusal(kind, text, zone).code == "schedule.unknown_zone"


def test_days_from_the_end_are_parted_if_a_list_would_be_refused() -> None:
    found = timing(("calendar", "*-*~1,14 *:0/7"))
    assert [value for _, value in found.directives] == [
        "*-*~01 *:00..56/7:00",
        "*-*~14 *:00..56/7:00",
    ]
