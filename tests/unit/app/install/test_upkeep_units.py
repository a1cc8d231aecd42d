"""The maintenance units come with the first timer, go with the last, and are Docket's own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from docket.app.editing.configure import check
from docket.app.install.install import preview
from docket.app.install.removal import disable, enable, uninstall
from docket.compiler.header import split
from tests.unit.app.install.conftest import Home

DAILY = '"0 9 * * *"'
SERVICE, TIMER = "docket-maintenance.service", "docket-maintenance.timer"


def both(home: Home) -> list[bool]:
    return [home.unit(name).exists() for name in (SERVICE, TIMER)]


def test_they_come_with_the_first_timer_under_the_head_of_every_other_unit(home: Home) -> None:
    home.tasks(a=DAILY)
    report = home.install()
    assert report.upkeep == (str(home.unit(SERVICE)), str(home.unit(TIMER)))
    for name in (SERVICE, TIMER):
        header, body = split(home.unit(name).read_text())
        assert header is not None
        assert (header.edited, header.config) == (False, home.paths.config)
        assert re.search("@[A-Z]+@", body) is None
    assert f"Wants={TIMER}\n" in home.unit("docket-a.timer").read_text()
    assert home.units.changing_calls() == ["reload"]


def test_a_second_install_leaves_them(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    assert home.install().upkeep == ()
    assert home.units.changing_calls() == ["reload"]


def test_without_a_timer_there_are_none(home: Home) -> None:
    home.tasks(a="")
    home.install()
    assert both(home) == [False, False]


def test_they_go_when_no_task_has_a_schedule_any_more(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.tasks(a="")
    home.install()
    assert both(home) == [False, False]


def test_they_stay_until_the_last_timer_is_uninstalled(home: Home) -> None:
    home.tasks(a=DAILY, b=DAILY)
    home.install()
    uninstall(home.session, ["a"])
    assert both(home) == [True, True]
    report = uninstall(home.session, ["b"])
    assert both(home) == [False, False]
    assert len(report.upkeep) == 2


def test_uninstalling_all_takes_them_along(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    uninstall(home.session, everything=True)
    assert both(home) == [False, False]


def test_the_install_of_one_task_brings_them_and_never_takes_them(home: Home) -> None:
    home.tasks(a=DAILY, b="")
    home.install("b")
    assert both(home) == [False, False]
    home.install("a")
    assert both(home) == [True, True]
    home.install("b")
    assert both(home) == [True, True]


def test_a_task_that_is_broken_now_keeps_them(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    home.tasks(a='"99 9 * * *"')
    home.install()
    assert both(home) == [True, True]


def test_a_hand_edit_is_kept(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    path = home.unit(TIMER)
    path.write_text(path.read_text().replace("hourly", "daily"))
    assert any("edited" in warning.sentence for warning in home.install().warnings)
    assert "OnCalendar=daily" in path.read_text()
    home.install(force=True)
    assert "OnCalendar=hourly" in path.read_text()


def test_a_file_of_somebody_elses_is_left_alone(home: Home) -> None:
    home.tasks(a=DAILY)
    os.makedirs(home.paths.unit_dir)
    home.unit(TIMER).write_text("[Timer]\nOnCalendar=yearly\n")
    report = home.install()
    assert home.unit(TIMER).read_text() == "[Timer]\nOnCalendar=yearly\n"
    assert not home.unit(SERVICE).exists()
    assert [problem.code for problem in report.problems] == ["install.foreign_file"]


def test_they_cannot_be_enabled_disabled_or_uninstalled_as_tasks(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    assert enable(home.session).timers == ("docket-a.timer",)
    assert disable(home.session).timers == ("docket-a.timer",)
    assert "maintenance" not in preview(home.session).listing()


def test_no_task_can_have_their_name(home: Home) -> None:
    home.tasks(maintenance=DAILY, a=DAILY)
    report = check(home.session)
    assert any(problem.task == "maintenance" for problem in report.problems)


def test_another_home_has_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path, "elsewhere")
    home.tasks(a=DAILY)
    home.install()
    (timer,) = [n for n in os.listdir(home.paths.unit_dir) if "maintenance.timer" in n]
    assert timer.startswith("docket-elsewhere-")
    service = timer.replace(".timer", ".service")
    assert f"Unit={service}\n" in home.unit(timer).read_text()
    assert str(tmp_path / "elsewhere") in home.unit(service).read_text()


def test_what_the_service_calls_keeps_the_record(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    lines = home.unit(SERVICE).read_text().splitlines()
    command = next(line for line in lines if line.startswith("ExecStart="))
    words = shlex.split(command.removeprefix("ExecStart="))
    assert words[0] == sys.executable
    done = subprocess.run(
        words, env=home.environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing to do.\n", "")


@pytest.mark.skipif(not os.path.exists("/usr/bin/systemd-analyze"), reason="no systemd-analyze")
def test_systemd_has_nothing_to_say_against_them(home: Home) -> None:
    home.tasks(a=DAILY)
    home.install()
    units = [str(home.unit(name)) for name in (SERVICE, TIMER, "docket-a.timer")]
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", *units],
        env={**home.environ, "SYSTEMD_UNIT_PATH": f"{home.paths.unit_dir}:"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
