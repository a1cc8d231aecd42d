"""Where everything is, as docs/architecture.md shows it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.paths import discover, refused_runtime_directory, runtime_directory


def test_the_places_of_the_system_scope() -> None:
    places = discover({"HOME": "/home/ada", "DOCKET_HOME": "/home/ada/other"}, system=True)
    assert places.system is True
    assert places.config == "/etc/docket/config.yaml"
    assert places.state_db == "/var/lib/docket/state.db"
    assert places.log_dir == "/var/log/docket"
    assert places.unit_dir == "/etc/systemd/system"


def test_the_places_of_a_user() -> None:
    places = discover({"HOME": "/home/ada", "XDG_RUNTIME_DIR": "/run/user/1000"})
    assert places.system is False
    assert places.config == "/home/ada/.docket/config.yaml"
    assert places.state_db == "/home/ada/.docket/state.db"
    assert places.log_dir == "/home/ada/.docket/logs"
    assert places.unit_dir == "/home/ada/.config/systemd/user"


def test_a_runtime_directory_that_everybody_can_write_is_not_used() -> None:
    environ = {"HOME": "/home/ada", "XDG_RUNTIME_DIR": "/tmp"}
    assert runtime_directory(environ) != "/tmp"
    assert refused_runtime_directory(environ) == "/tmp"
    assert not discover(environ).lock_dir.startswith("/tmp/")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives directories away")
@pytest.mark.parametrize("part", ["run", "run/docket", "run/docket/default"])
def test_locks_stay_at_home_if_a_runtime_directory_is_anothers(tmp_path: Path, part: str) -> None:
    (tmp_path / "run/docket/default").mkdir(mode=0o700, parents=True)
    (tmp_path / "run").chmod(0o700)
    (tmp_path / "run/docket").chmod(0o700)
    environ = {"HOME": str(tmp_path / "home"), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    assert discover(environ).lock_dir == str(tmp_path / "run/docket/default")
    os.chown(tmp_path / part, 65534, 65534)
    assert not discover(environ).lock_dir.startswith(f"{tmp_path}/run/")
