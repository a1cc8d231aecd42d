"""Homes side by side, and installs at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from docket.app.install.lock import install_lock
from docket.app.install.removal import uninstall
from docket.errors import InstallError
from tests.unit.app.install.conftest import Home

DAILY = '"0 3 * * *"'
REPOSITORY = os.path.abspath(__file__).rsplit("/", 5)[0]
INSTALL = """
import sys
from docket.app.install.install import apply, preview
from docket.app.session.session import open_session
session = open_session({"HOME": sys.argv[1], "PATH": "/usr/bin:/bin",
                        "XDG_RUNTIME_DIR": sys.argv[1] + "/run"})
apply(session, preview(session))
"""


def test_two_homes_of_one_user_do_not_touch_each_others_units(tmp_path: Path) -> None:
    first, second = Home(tmp_path), Home(tmp_path, "second")
    first.tasks(a=DAILY)
    second.tasks(a=DAILY, b=DAILY)
    first.install()
    second.install()
    assert len(first.unit_files()) == 6
    second.tasks(b=DAILY)
    second.install()
    assert len(first.unit_files()) == 4
    uninstall(second.session, everything=True)
    assert first.unit_files() == ["docket-a.service", "docket-a.timer"]


def test_two_homes_with_the_same_instance_name_do_not_take_each_others_units(
    tmp_path: Path,
) -> None:
    first, second = Home(tmp_path), Home(tmp_path, "second")
    text = "instance: work\ntasks:\n  a: {type: command, command: /bin/true, schedule: '@daily'}\n"
    first.configure(text)
    second.configure(text)
    assert first.install().ok
    before = first.unit("docket-work@a.timer").read_text(encoding="utf-8")
    report = second.install()
    assert {problem.code for problem in report.problems} == {"install.foreign_file"}
    second.configure("instance: work\ntasks: {}\n")
    second.install()
    assert first.unit("docket-work@a.timer").read_text(encoding="utf-8") == before


def test_twenty_installs_at_once_end_like_one(home: Home) -> None:
    home.tasks(**{f"t{number}": DAILY for number in range(10)})
    command = [sys.executable, "-c", INSTALL, str(home.folder)]
    children = [subprocess.Popen(command, cwd=REPOSITORY) for _ in range(20)]
    assert [child.wait(timeout=120) for child in children] == [0] * 20
    assert len(home.unit_files()) == 20
    assert home.install().unchanged == 20


def test_an_install_waits_for_the_one_before_it_and_gives_up_in_the_end(home: Home) -> None:
    with (
        install_lock(home.paths),
        pytest.raises(InstallError, match="Another install"),
        install_lock(home.paths, wait_seconds=0.1),
    ):
        raise AssertionError("two installs at once")


def test_an_install_goes_on_when_the_one_before_it_is_done(home: Home) -> None:
    order: list[str] = []

    def second() -> None:
        with install_lock(home.paths):
            order.append("second")

    thread = threading.Thread(target=second)
    with install_lock(home.paths):
        thread.start()
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]


def test_a_link_planted_at_the_lock_is_not_followed(home: Home, tmp_path: Path) -> None:
    os.makedirs(home.paths.lock_dir)
    os.symlink(tmp_path / "elsewhere", os.path.join(home.paths.lock_dir, "install.lock"))
    with pytest.raises(InstallError, match="lock"), install_lock(home.paths):
        raise AssertionError("the link was followed")
    assert not (tmp_path / "elsewhere").exists()
