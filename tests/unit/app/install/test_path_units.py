"""A path unit is installed, switched, changed and removed as a timer is."""

from __future__ import annotations

import os

from docket.app.fires.switches import Switches
from docket.app.install.eject import preview as eject_preview
from docket.app.install.fireforecast import fire_changes
from docket.app.install.install import preview
from docket.app.install.removal import disable, enable, uninstall
from tests.unit.app.install.conftest import NOW_US, Home

WATCHES = "{path: {changed: /srv/inbox}}"
BOTH = '["0 3 * * *", {path: {changed: /srv/inbox}}]'
PATH = "docket-a.path"


def test_a_task_with_a_path_has_a_path_unit_that_now_enables_and_starts(home: Home) -> None:
    home.tasks(a=WATCHES, b="")
    report = home.install()
    assert home.unit_files() == [PATH, "docket-a.service", "docket-b.service"]
    assert home.unit("docket-maintenance.timer").exists()
    assert report.next_command == f"systemctl --user enable --now {PATH}"
    report = home.install(now=True)
    assert (report.enabled, report.started) == ((PATH,), (PATH,))
    assert os.path.islink(home.unit(f"paths.target.wants/{PATH}"))
    assert home.install(now=True).enabled == ()


def test_a_path_beside_times_has_both_units_and_both_are_switched(home: Home) -> None:
    home.tasks(a=BOTH)
    home.install(now=True)
    units = {PATH, "docket-a.timer"}
    assert home.units.active(sorted(units)) == units
    assert set(disable(home.session, ["a"]).timers) == units
    assert home.units.active(sorted(units)) == frozenset()
    home.install(now=True)
    assert home.units.active(sorted(units)) == frozenset(), "a disabled path unit stays off"
    assert set(enable(home.session, ["a"]).timers) == units
    assert all(Switches(home.paths).is_on(unit) for unit in units)


def test_only_a_path_unit_that_changed_is_started_again(home: Home) -> None:
    home.tasks(a=BOTH)
    home.install(now=True)
    home.units.calls.clear()
    home.tasks(a=BOTH.replace("inbox", "other"))
    (change,) = fire_changes(preview(home.session), NOW_US)
    assert change.unit == PATH
    assert change.after is not None
    assert change.after.lines == ("PathChanged=/srv/other",)
    report = home.install()
    assert report.restarted == (PATH,)
    assert ("stop", (PATH,)) in home.units.calls


def test_a_path_that_is_taken_out_of_the_config_leaves_nothing_behind(home: Home) -> None:
    home.tasks(a=BOTH)
    home.install(now=True)
    home.tasks(a='"0 3 * * *"')
    report = home.install()
    assert [os.path.basename(path) for path in report.removed] == [PATH]
    assert not os.path.lexists(home.unit(f"paths.target.wants/{PATH}"))
    assert home.units.active([PATH, "docket-a.timer"]) == {"docket-a.timer"}
    assert ("clean_state", (PATH,)) not in home.units.calls


def test_an_install_of_one_task_and_an_uninstall_know_the_path_unit(home: Home) -> None:
    home.tasks(a=WATCHES, b=WATCHES)
    home.install(now=True)
    home.tasks(a='"0 3 * * *"', b=WATCHES)
    home.install("a")
    assert PATH not in home.unit_files()
    uninstall(home.session, ["b"])
    assert home.unit_files() == ["docket-a.service", "docket-a.timer"]


def test_a_path_is_started_although_the_only_instant_is_past(home: Home) -> None:
    home.tasks(a='[{at: "2020-01-01 00:00 UTC"}, {path: {changed: /srv/inbox}}]')
    report = home.install(now=True)
    assert (report.started, report.not_started) == ((PATH,), ("docket-a.timer",))
    (ejected,) = eject_preview(home.session, ["a"]).ejected
    assert ejected.timers == ("a.path",)


def test_a_path_is_started_although_the_only_time_is_the_boot(home: Home) -> None:
    home.tasks(a="[{boot: 5min}, {path: {changed: /srv/inbox}}]")
    report = home.install(now=True)
    assert set(report.enabled) == {PATH, "docket-a.timer"}
    assert report.started == (PATH,)
    (ejected,) = eject_preview(home.session, ["a"]).ejected
    assert (ejected.timers, ejected.at_boot) == (("a.path",), ("a.timer",))
