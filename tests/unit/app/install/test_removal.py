"""Uninstalling, enabling and disabling."""

from __future__ import annotations

import os

import pytest

from docket.app.install.removal import disable, enable, uninstall
from docket.errors import BusAbsentError, InstallError, UnknownTaskError
from tests.unit.app.install.conftest import Home

DAILY = '"0 3 * * *"'


def test_uninstalling_a_task_leaves_nothing_of_it_and_all_of_the_others(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install(now=True)
    home.units.calls.clear()
    report = uninstall(home.session, ["a"])
    assert report.ok
    assert home.unit_files() == ["docket-b.service", "docket-b.timer"]
    assert not home.stamp("docket-a.timer").exists()
    assert home.plans() == ["b.json"]
    assert home.units.changing_calls() == [
        "stop",
        "disable",
        "clean_state",
        "reset_failed",
        "reload",
    ]


def test_uninstalling_everything_needs_no_config(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install(now=True)
    os.unlink(home.paths.config)
    uninstall(home.session, everything=True)
    assert home.unit_files() == []
    assert os.listdir(home.paths.plan_dir) == []


def test_uninstalling_keeps_a_hand_edited_unit_without_force(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    path = home.unit("docket-a.timer")
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    report = uninstall(home.session, ["a"])
    assert not report.ok
    assert home.unit_files() == ["docket-a.service", "docket-a.timer"]
    assert uninstall(home.session, ["a"], force=True).ok
    assert home.unit_files() == []


def test_uninstalling_an_unknown_task_names_the_nearest(home: Home) -> None:
    home.tasks(backup=DAILY)
    home.install()
    with pytest.raises(UnknownTaskError) as caught:
        uninstall(home.session, ["backpu"])
    assert "backup" in (caught.value.hint or "")


def test_uninstalling_without_a_manager_says_what_is_left_to_do(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    home.units.absent = True
    report = uninstall(home.session, ["a"])
    assert report.pending == ("systemctl --user daemon-reload",)
    assert home.unit_files() == []
    assert os.listdir(home.unit("timers.target.wants")) == []


def test_foreign_units_survive_uninstalling_everything(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.unit("docket-mine.timer").write_text("[Timer]\n", encoding="utf-8")
    uninstall(home.session, everything=True)
    assert home.unit_files() == ["docket-mine.timer"]


def test_enabling_links_and_starts_the_timer_and_runs_nothing(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install()
    report = enable(home.session, ["a"])
    assert report.timers == ("docket-a.timer",)
    assert home.units.active(["docket-a.timer", "docket-b.timer"]) == {"docket-a.timer"}
    assert os.listdir(home.unit("timers.target.wants")) == ["docket-a.timer"]


def test_enabling_again_forgives_what_was_not_fired_while_it_was_off(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    disable(home.session, ["a"])
    old = home.age_stamp("docket-a.timer")
    enable(home.session, ["a"])
    assert home.stamp("docket-a.timer").stat().st_mtime > old + 1000


def test_enabling_a_boot_timer_does_not_run_its_task(home: Home) -> None:
    home.tasks(a='"@reboot"')
    home.install()
    report = enable(home.session, ["a"])
    assert report.at_boot == ("docket-a.timer",)
    assert home.units.active(["docket-a.timer"]) == frozenset()


def test_disabling_stops_and_unlinks_and_keeps_the_files(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install(now=True)
    report = disable(home.session, ["a"])
    assert report.timers == ("docket-a.timer",)
    assert home.units.active(["docket-a.timer"]) == frozenset()
    assert os.listdir(home.unit("timers.target.wants")) == []
    assert home.unit_files() == ["docket-a.service", "docket-a.timer"]


def test_no_names_mean_all_installed_timers(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY, c="")
    home.install()
    assert enable(home.session).timers == ("docket-a.timer", "docket-b.timer")
    assert disable(home.session).timers == ("docket-a.timer", "docket-b.timer")


def test_enabling_what_is_not_installed_says_what_to_do(home: Home) -> None:
    home.tasks(a=DAILY, b="")
    with pytest.raises(InstallError) as caught:
        enable(home.session, ["a"])
    assert caught.value.hint == "Run: docket install a"
    with pytest.raises(InstallError) as caught:
        enable(home.session, ["b"])
    assert "schedule" in (caught.value.hint or "")


def test_switching_without_a_manager_is_an_error(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.units.absent = True
    with pytest.raises(BusAbsentError):
        enable(home.session, ["a"])
    with pytest.raises(BusAbsentError):
        disable(home.session, ["a"])
