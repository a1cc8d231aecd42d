"""Which zone names are taken, and what the machine's own zone is."""

from __future__ import annotations

import pytest

from docket.errors import ScheduleError
from docket.schedule.zones import (
    all_offsets,
    is_utc,
    is_zone,
    machine_zone,
    misread_zones,
    offsets_of,
    require_zone,
)


@pytest.mark.parametrize(
    "name",
    [
        *("UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "GMT-0"),
        *("EST5EDT", "Asia/Kathmandu", "America/Port-au-Prince", "Zulu"),
    ],
)
def test_a_name_with_a_zone_file_is_a_zone(name: str) -> None:
    assert require_zone(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", "Z", "utc", "europe/berlin", "EUROPE/BERLIN", "Berlin", "Europe", "Mars/Base"),
        *("UTC+3", "+02:00", "+02", "Europe/Berlin ", " Europe/Berlin", "Europe//Berlin"),
        *("/Europe/Berlin", "Europe/Berlin/", "../zoneinfo/UTC", "./UTC", "Europe/../UTC"),
        *("Europe/Berlin\n", "Europe/Berlin\x00", "Europe/Berlin\nOnBootSec=1", "Europe/B\u00e9"),
        *("zone.tab", "zone1970.tab", "tzdata.zi", "leapseconds", "iso3166.tab", "%i", "right/UTC"),
        *("/etc/localtime", "A" * 300, "a/" * 200 + "a", "Europe\\Berlin", "Europe/Berlin%n"),
    ],
)
def test_anything_else_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        require_zone(name)
    assert caught.value.code == "schedule.unknown_zone"
    assert caught.value.hint
    assert "\n" not in caught.value.sentence


def test_the_machine_has_a_zone_that_can_be_used() -> None:
    name = machine_zone()
    assert name == "" or is_zone(name)
    assert isinstance(offsets_of(name)(1_800_000_000), int)


def test_offsets_are_those_of_the_instant() -> None:
    berlin = offsets_of("Europe/Berlin")
    assert berlin(1_800_000_000) == 3600
    assert berlin(1_784_000_000) == 7200
    assert offsets_of("America/New_York")(1_800_000_000) == -18_000
    assert offsets_of("Etc/UTC")(1_800_000_000) == 0


def test_all_offsets_of_a_zone_are_known() -> None:
    assert all_offsets("Australia/Lord_Howe") == {37_800, 39_600}
    assert all_offsets("Asia/Kolkata") == {19_800}
    assert all_offsets("UTC") == {0}


def test_utc_has_several_names() -> None:
    assert is_utc("UTC")
    assert is_utc("Etc/UTC")
    assert not is_utc("Europe/London")


def test_abbreviations_of_the_local_zone_are_known_as_misread() -> None:
    assert misread_zones("America/New_York") == {"est", "edt"}
    assert misread_zones("Europe/London") == {"gmt", "bst"}
    assert misread_zones("UTC") == frozenset()
