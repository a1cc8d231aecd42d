"""A timer that somebody switched off stays off, whatever is installed after."""

from __future__ import annotations

import os

import pytest

from docket.app.install.removal import disable, enable, uninstall
from tests.unit.app.install.conftest import Home

DAILY = '"0 3 * * *"'


def codes(report: object) -> list[str]:
    return [warning.code for warning in report.warnings]  # type: ignore[attr-defined]


@pytest.mark.parametrize("how", ["docket", "systemctl"])
def test_an_install_leaves_a_timer_off_that_was_disabled_and_says_so(home: Home, how: str) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install(now=True)
    if how == "docket":
        disable(home.session, ["a"])
    else:
        home.units.stop(["docket-a.timer"])
        home.units.disable(["docket-a.timer"])
    for text in (DAILY, '"0 4 * * *"'):  # unchanged, and with a new schedule
        home.tasks(a=text, b=DAILY, c=DAILY)
        report = home.install(now=True)
        assert home.units.active(["docket-a.timer"]) == frozenset()
        assert not os.path.islink(f"{home.paths.unit_dir}/timers.target.wants/docket-a.timer")
        (note,) = [warning for warning in report.warnings if warning.code == "install.off"]
        assert note.sentence == "The timer of 'a' stays off: it was disabled."
        assert note.hint == "`docket enable a` turns it on."
        assert report.next_command is None
    assert home.units.active(["docket-b.timer", "docket-c.timer"])


def test_enable_ends_it(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    disable(home.session, ["a"])
    enable(home.session, ["a"])
    assert codes(home.install(now=True)) == []
    assert home.units.active(["docket-a.timer"])


def test_a_timer_that_was_never_on_is_switched_on(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    report = home.install(now=True)
    assert report.enabled == ("docket-a.timer",)
    assert "install.off" not in codes(report)


def test_a_task_that_was_taken_out_and_comes_back_begins_again(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    disable(home.session, ["a"])
    uninstall(home.session, ["a"])
    assert home.install(now=True).enabled == ("docket-a.timer",)


def test_a_spent_instant_is_mentioned_only_when_its_timer_is_written(home: Home) -> None:
    home.tasks(a="{at: '2020-01-01T00:00:00+00:00'}")
    assert "install.past" in codes(home.install(now=True))
    again = home.install(now=True)
    assert "install.past" not in codes(again)
    assert again.next_command is None
