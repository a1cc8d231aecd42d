"""The bus if there is none, and what systemd-analyze says."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from docket.app.session.session import open_session
from docket.errors import BusAbsentError, BusError
from docket.systemd import stamps
from docket.systemd.analyze import verify_texts
from docket.systemd.units import SystemdUnits

CALLS: list[Callable[[SystemdUnits], object]] = [
    lambda units: units.reload(),
    lambda units: units.states(["x.timer"]),
    lambda units: units.active(["x.timer"]),
    lambda units: units.start(["x.timer"]),
    lambda units: units.stop(["x.timer"]),
    lambda units: units.enable(["x.timer"]),
    lambda units: units.disable(["x.timer"]),
    lambda units: units.reset_failed(["x.timer"]),
    lambda units: units.clean_state(["x.timer"]),
    lambda units: units.version(),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_manager_gives_one_sentence_with_a_hint(
    call: Callable[[SystemdUnits], object], tmp_path: Path
) -> None:
    with pytest.raises(BusAbsentError) as caught:
        call(SystemdUnits({"XDG_RUNTIME_DIR": str(tmp_path)}, system=False))
    assert caught.value.hint
    assert caught.value.code == "systemd.no_bus"
    assert "\n" not in caught.value.sentence


def test_without_a_socket_no_library_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from docket.errors import BusAbsentError\n"
        "from docket.systemd.units import SystemdUnits\n"
        "try:\n"
        f"    SystemdUnits({{'XDG_RUNTIME_DIR': {str(tmp_path)!r}}}, system=False).version()\n"
        "except BusAbsentError:\n"
        "    print(*(name for name in sys.modules if name.startswith(('pystemd', 'jeepney'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_a_socket_that_nobody_serves_is_not_a_manager(tmp_path: Path) -> None:
    folder = tmp_path / "systemd"
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(folder / "private"))
    with pytest.raises(BusError):
        SystemdUnits({"XDG_RUNTIME_DIR": str(tmp_path)}, system=False).reload()


def test_a_runtime_directory_with_an_awkward_name_works(tmp_path: Path) -> None:
    folder = tmp_path / "a b;c=%d,é"
    (folder / "systemd").mkdir(parents=True)
    (folder / "systemd" / "private").touch()
    with pytest.raises(BusAbsentError):
        SystemdUnits({"XDG_RUNTIME_DIR": str(folder)}, system=False).reload()


def test_making_the_gateway_of_a_session_asks_nobody(tmp_path: Path) -> None:
    session = open_session({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)})
    with pytest.raises(BusAbsentError):
        session.units().reload()
    assert session.now_us() > 1_700_000_000_000_000


def test_a_stamp_is_where_the_manager_of_the_scope_keeps_it() -> None:
    def path(environ: dict[str, str], *, system: bool) -> str:
        return stamps.stamp_path("docket-x.timer", environ, system=system, user_home="/home/ada")

    assert path({}, system=False) == "/home/ada/.local/share/systemd/timers/stamp-docket-x.timer"
    assert path({"XDG_DATA_HOME": "/d"}, system=False) == "/d/systemd/timers/stamp-docket-x.timer"
    assert path({"XDG_DATA_HOME": "/d"}, system=True) == (
        "/var/lib/systemd/timers/stamp-docket-x.timer"
    )


def test_only_a_stamp_that_is_there_is_touched_and_no_link_is_followed(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "stamp"
    victim.touch()
    os.utime(victim, (1, 1))
    link.symlink_to(victim)
    stamps.touch(str(link))
    assert victim.stat().st_mtime == 1
    assert not stamps.touch(str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()
    assert stamps.remove(str(link))
    assert not stamps.remove(str(link))


@pytest.mark.parametrize("user", [True, False])
def test_systemd_analyze_names_what_it_would_ignore(*, user: bool) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    good = "[Service]\nType=oneshot\nExecStart=/bin/true\n"
    assert verify_texts({"docket-a@x.service": good}, user=user) == []
    found = verify_texts({"docket-a.service": good + "NoSuchKey=1\n"}, user=user)
    assert found
    assert found[0].startswith("docket-a.service:4: ")
