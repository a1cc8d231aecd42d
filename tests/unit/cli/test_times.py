"""Instants and durations as people read them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from docket.cli.render.layout.times import from_iso, relative, weekday_and_local
from docket.model.time.humantime import duration, local
from tests.unit.cli.conftest import Docket

SECOND = 1_000_000
AUTUMN_US = 1_792_890_000 * SECOND  # 2026-10-25 01:00 UTC, the hour that Berlin repeats


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_local_times_name_their_zone_so_that_a_repeated_hour_is_told_apart() -> None:
    assert local(AUTUMN_US - SECOND) == "2026-10-25 02:59:59 CEST"
    assert local(AUTUMN_US) == "2026-10-25 02:00:00 CET"
    assert weekday_and_local(AUTUMN_US) == "Sun 2026-10-25 02:00:00 CET"


def test_an_instant_that_no_calendar_holds_is_still_shown() -> None:
    assert local(10**24) == "@" + str(10**18)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (0.0, "0.00 s"),
        (1.254, "1.25 s"),
        (9.996, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (3599.6, "1 h"),
        (7325.0, "2 h 02 min"),
        (200000.0, "2 d 07 h"),
    ],
)
def test_durations_have_the_precision_of_their_size(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("distance", "shown"),
    [
        (0.2, "now"),
        (-0.2, "just now"),
        (-12, "12 s ago"),
        (-200, "3 min ago"),
        (7300, "in 2 h"),
        (3 * 86400, "in 3 d"),
        (-800 * 86400, "2 y 70 d ago"),
    ],
)
def test_distances_from_now_say_their_direction(distance: float, shown: str) -> None:
    now = 1_800_000_000 * SECOND
    assert relative(now + int(distance * SECOND), now) == shown


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-20T09:00:00", "9999-99-99T0"])
def test_what_is_not_a_full_instant_is_not_guessed(text: str | None) -> None:
    assert from_iso(text) is None


def test_an_iso_instant_keeps_its_microseconds() -> None:
    assert from_iso("2026-11-20T09:23:45.763256+00:00") == 1_795_166_625_763_256


def test_the_words_of_systemd_name_an_instant_wherever_one_is_taken(
    docket: Docket, config: Callable[[str], Path]
) -> None:
    config("tasks: {a: {type: command, command: 'true', schedule: '@daily'}}")
    docket("run", "a", "--launcher", "direct")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    paused = docket("--json", "pause", "a", "--until", "tomorrow 06:00")
    assert paused.document["until"] == f"{tomorrow}T06:00:00.000000+00:00", paused
    for word, count in (("yesterday", 1), ("2 days ago", 1), ("tomorrow", 0)):
        assert len(docket("--json", "runs", "--since", word).document) == count, word
    assert docket("--json", "runs", "--until", "yesterday").document == []
    for word in ("yesterday 12:00", "2h ago", "now"):
        told = docket("--json", "why", "a", "--at", word)
        assert told.code == 0, told
    assert "at" in docket("--json", "why", "a", "--at", "2h ago").document
    wrong = docket("--json", "runs", "--since", "the day before")
    assert (wrong.code, wrong.document["error_code"]) == (1, "usage")
