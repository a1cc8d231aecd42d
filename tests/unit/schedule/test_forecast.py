"""`next` and `translate`: the fires, the notes, and the batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from docket.app.fires.forecast import (
    MOST_FIRES,
    forecast_expression,
    forecast_target,
    forecast_task,
    translate,
    translate_batch,
)
from docket.errors import ScheduleError, UnknownTaskError, UsageError
from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.model.task.task import Task

NOW_US = int(datetime(2026, 11, 20, 9, 23, 45, tzinfo=UTC).timestamp()) * 1_000_000


def task(name: str, *schedules: tuple[str, str], **values: Any) -> Task:
    specs = tuple(ScheduleSpec(ScheduleKind(kind), text) for kind, text in schedules)
    return Task(name=name, description="", raw={}, schedules=specs, **values)


def batch(*requests: Mapping[str, Any] | bytes) -> list[dict[str, Any]]:
    lines = [
        request if isinstance(request, bytes) else json.dumps(request).encode()
        for request in requests
    ]
    found = list(translate_batch(lines, system=False, machine_zone="UTC"))
    assert all("\n" not in line and line.isascii() for line in found)
    return [json.loads(line) for line in found]


def test_fires_are_shown_in_the_schedules_zone() -> None:
    found = forecast_expression(
        "0 9 * * *", zone="Europe/Berlin", system=False, now_us=NOW_US, n=2, machine_zone="UTC"
    )
    assert found.document() == {
        "task": None,
        "expression": "0 9 * * *",
        "timezone": "Europe/Berlin",
        "lines": ["OnCalendar=*-*-* 09:00:00 Europe/Berlin"],
        "fires": [
            {"at": "2026-11-21T09:00:00+01:00", "at_us": 1_795_248_000_000_000},
            {"at": "2026-11-22T09:00:00+01:00", "at_us": 1_795_334_400_000_000},
        ],
        "source": "expression",
        "notes": [],
        "warnings": [],
    }


def test_fires_in_utc_are_still_shown_in_the_schedules_zone() -> None:
    found = forecast_expression(
        "0 * * * *", zone="Asia/Kolkata", system=False, now_us=NOW_US, n=1, machine_zone="UTC"
    )
    assert found.fires[0].local().isoformat() == "2026-11-20T15:00:00+05:30"


def test_two_lines_that_coincide_fire_once() -> None:
    found = forecast_expression(
        "0 0 1 * fri", zone="UTC", system=False, now_us=NOW_US, n=400, machine_zone="UTC"
    )
    instants = [fire.at_us for fire in found.fires]
    assert len(instants) == 400
    assert instants == sorted(set(instants))
    firsts_on_friday = [f for f in found.fires if f.local().day == 1 and f.local().weekday() == 4]
    assert firsts_on_friday


def test_warnings_name_the_day_without_a_run() -> None:
    found = forecast_expression(
        "30 2 * * *", zone="Europe/Berlin", system=False, now_us=NOW_US, n=1, machine_zone="UTC"
    )
    assert found.warnings[0].endswith("no run that day")


@pytest.mark.parametrize("n", [0, -1, MOST_FIRES + 1])
def test_the_number_of_fires_is_bounded(n: int) -> None:
    with pytest.raises(UsageError):
        forecast_expression("* * * * *", zone=None, system=False, now_us=NOW_US, n=n)


def test_a_tasks_notes_say_what_instants_cannot() -> None:
    boot = task("boot", ("boot", "5min"), ("cron", "0 9 * * *"), enabled=False, jitter_seconds=90)
    found = forecast_task(boot, system=True, now_us=NOW_US, n=1, machine_zone="UTC")
    assert len(found.fires) == 1
    assert found.notes == (
        "the task is not enabled: no timer is installed for it",
        "each run is delayed by up to 1min 30s (jitter)",
        "also 5min after the machine starts (OnBootSec=5min)",
    )
    idle = forecast_task(task("idle"), system=True, now_us=NOW_US, n=1, machine_zone="UTC")
    assert idle.notes == ("the task has no schedule",)
    assert idle.fires == ()


def test_an_interval_of_its_own_is_described_by_notes() -> None:
    found = forecast_task(
        task("odd", ("every", "7min")), system=False, now_us=NOW_US, n=3, machine_zone="UTC"
    )
    assert found.fires == ()
    assert found.notes == (
        "first 7min after the timer starts (OnActiveSec=7min)",
        "then 7min after each start of the task (OnUnitActiveSec=7min)",
    )


def test_a_target_is_a_task_first_and_an_expression_else() -> None:
    tasks = {"backup": task("backup", ("cron", "0 2 * * *")), "daily": task("daily")}

    def target(text: str) -> str | None:
        return forecast_target(
            text, tasks, zone=None, system=False, now_us=NOW_US, n=1, machine_zone="UTC"
        ).task

    assert target("backup") == "backup"
    assert target("daily") == "daily"
    assert target("weekly") is None
    assert target("Mon..Fri 09:00") is None
    assert target("0 9 * * *") is None
    with pytest.raises(UnknownTaskError) as caught:
        target("bakcup")
    assert caught.value.hint == "did you mean backup?"
    with pytest.raises(ScheduleError):
        target("0 9 * *")


def test_a_translation_shows_bare_calendars_and_whole_other_lines() -> None:
    union = translate("0 0 13 * 5", zone="UTC", system=False, machine_zone="UTC")
    assert union.printed() == ("*-*-13 00:00:00 UTC", "Fri *-*-* 00:00:00 UTC")
    boot = translate("@reboot", zone=None, system=True, machine_zone="UTC")
    assert boot.printed() == ("OnBootSec=0",)
    assert dict(boot.document()) == {
        "lines": [],
        "directives": [["OnBootSec", "0"]],
        "warnings": [],
    }


def test_a_batch_is_answered_line_by_line_in_order() -> None:
    found = batch(
        {"id": 1, "expr": "0 9 * * 1-5", "tz": "Europe/London"},
        {"id": "two", "expr": "0 0 13 * 5-7"},
        {"id": None, "expr": "@daily", "tz": None},
        {"id": 4, "expr": "@reboot"},
    )
    (warning,) = found[1].pop("warnings")
    assert "the day of month or the day of week is enough" in warning
    assert found == [
        {"id": 1, "lines": ["Mon..Fri *-*-* 09:00:00 Europe/London"]},
        {"id": "two", "lines": ["*-*-13 00:00:00", "Fri..Sun *-*-* 00:00:00"]},
        {"id": None, "lines": ["*-*-* 00:00:00"]},
        {"id": 4, "lines": [], "directives": [["OnStartupSec", "0"]]},
    ]


@pytest.mark.parametrize("blank", [b"", b"  ", b"\t\r"])
def test_a_blank_line_of_a_batch_has_an_answer_too(blank: bytes) -> None:
    """One line out for each line in: who counts the lines would else read another's answer."""
    first, refused, last = batch({"id": 1, "expr": "@daily"}, blank, {"id": 2, "expr": "@daily"})
    assert (first["id"], last["id"]) == (1, 2)
    assert (refused["id"], refused["error_code"]) == (None, "usage")


@pytest.mark.parametrize(
    ("expression", "zone", "code"),
    [
        ("60 * * * *", "UTC", "schedule.out_of_range"),
        ("0 0 30 2 *", None, "schedule.never_fires"),
        ("0 9 * * *", "Mars/Base", "schedule.unknown_zone"),
        ("0 9 * * *", "", "schedule.unknown_zone"),
        ("@reboot", "Mars/Base", "schedule.unknown_zone"),
        ("0 0 L * *", "UTC", "schedule.unsupported"),
        ("\ud800 * * * *", "\ud800", "schedule.unknown_zone"),
        ("0 0 * * *\n", None, "schedule.syntax"),
    ],
)
def test_a_refused_expression_is_answered_with_its_reason(
    expression: str, zone: str | None, code: str
) -> None:
    (answer,) = batch({"id": 7, "expr": expression, "tz": zone})
    assert set(answer) == {"id", "error", "error_code", "hint"}
    assert answer["id"] == 7
    assert answer["error_code"] == code
    assert answer["error"]
    assert answer["hint"]


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b"5",
        b'"0 9 * * *"',
        b'{"id": 1, "expr": 5}',
        b'{"id": 1}',
        b'{"id": 1, "expr": "0 9 * * *", "tz": 5}',
        b'{"id": [1], "expr": "0 9 * * *"}',
        b'{"id": NaN, "expr": "0 9 * * *"}',
        b'\xff\xfe{"id": 1}',
        b"[" * 60_000,
        b'{"id":' + b"[" * 30_000,
        b'{"id": ' + b"9" * 10_000 + b', "expr": "0 9 * * *"}',
        b'{"expr": "' + b"x" * 70_000 + b'"}',
        b"{}\x00",
    ],
)
def test_a_bad_line_is_a_usage_error_and_the_next_is_answered(line: bytes) -> None:
    bad, good = batch(line, {"id": 2, "expr": "@daily"})
    assert bad["error_code"] == "usage"
    assert bad["error"]
    assert good == {"id": 2, "lines": ["*-*-* 00:00:00"]}


def test_a_batch_carries_warnings_only_if_there_are_some() -> None:
    (answer,) = batch({"id": 1, "expr": "*/90 * * * *", "tz": "UTC"})
    assert answer["lines"] == ["*-*-* *:00:00 UTC"]
    assert len(answer["warnings"]) == 1
