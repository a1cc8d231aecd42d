"""Instants in users' words mean what systemd.time(7) says, and the same wherever they are given."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator

import pytest

from docket.errors import UsageError
from docket.model.time.instant import read_instant

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOW = 1_795_878_000 * SECOND  # Sat 2026-11-28 15:00:00 UTC


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "today", "tomorrow", "11:12", "11:12:13", "2026-11-20", "26-11-20"),
        *("2026-11-20 09:00", "2026-11-20 09:00:01", "Fri 2026-11-20", "friday 2026-11-20 09:00"),
        *("2026-11-20 09:00 UTC", "@1395716396", "2026-7-4", "2026-11-20 9:05"),
        *("now", "+2h", "-2h", "2 days ago", "2d ago", "2 days left", "3 weeks 2h ago", "+1y"),
    ],
)
def test_an_instant_is_the_one_that_systemd_reads(text: str, zone: str) -> None:
    told = subprocess.run(
        ["systemd-analyze", "timestamp", "--", text],
        env={"TZ": zone, "PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    seconds = re.search(r"UNIX seconds: @([0-9]+)", told)
    assert seconds is not None, told
    now_us = time.time_ns() // 1000
    assert abs(read_instant("at", text, now_us) - int(seconds[1]) * SECOND) < 3 * SECOND


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tomorrow 06:00", NOW + 15 * HOUR),
        ("yesterday 12:00", NOW - 27 * HOUR),
        ("20261120", NOW - 8 * DAY - 15 * HOUR),
        ("2026-11-20T09:00", NOW - 8 * DAY - 6 * HOUR),
        ("2026-11-20T09:00:00.25Z", NOW - 8 * DAY - 6 * HOUR + 250_000),
        ("2026-11-20T09:00:00+01:00", NOW - 8 * DAY - 7 * HOUR),
        ("20261120T0900", NOW - 8 * DAY - 6 * HOUR),
        ("today Asia/Tokyo", NOW),  # there the 29th begins now
        ("  2d ago ", NOW - 2 * DAY),
        ("1960-01-01", 0),
    ],
)
def test_words_that_people_write_beside_systemds_are_understood(text: str, expected: int) -> None:
    assert read_instant("at", text, NOW) == expected


def test_a_span_without_a_direction_goes_the_way_of_its_option() -> None:
    assert read_instant("--since", "2h", NOW) == NOW - 2 * HOUR
    assert read_instant("--until", "2h", NOW, ahead=True) == NOW + 2 * HOUR
    assert read_instant("--until", "2h ago", NOW, ahead=True) == NOW - 2 * HOUR


@pytest.mark.parametrize("text", ["2026", "90", "0", "1.5"])
def test_a_bare_number_is_refused_and_the_hint_gives_it_a_unit(text: str) -> None:
    with pytest.raises(UsageError, match=rf"--since is '{text}', a number without a unit") as told:
        read_instant("--since", text, NOW)
    assert told.value.hint is not None
    written = re.findall(r"write (\S+) or (\S+) for", told.value.hint)[0]
    assert all(read_instant("--since", word, NOW) <= NOW for word in written)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30", "there is no date '2026-02-30'"),
        ("2026-11-20 25:00", "there is no time of day '2026-11-20 25:00'"),
        ("Mon 2026-11-20", "2026-11-20 is a Friday, not a Monday"),
        ("09:00 Mars/Olympus", "'Mars/Olympus' is not a time zone of this machine"),
        ("@soon", "@ must be followed by the seconds since 1970"),
    ],
)
def test_a_date_that_does_not_exist_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(
        UsageError, match=re.escape(f"is {text!r}, which is not an instant: {reason}.")
    ):
        read_instant("--at", text, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2 fortnights ago",
        "99999999",
        "9" * 5000,
        "1" * 400 + "d",
        "\ud800",
        "\u0661\u0662:\u0660\u0660",
    ],
)
def test_what_is_not_an_instant_is_refused_in_one_short_sentence(text: str) -> None:
    with pytest.raises(UsageError) as told:
        read_instant("--at", text, NOW)
    assert len(told.value.sentence) < 120
    assert told.value.hint
