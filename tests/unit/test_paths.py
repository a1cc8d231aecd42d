"""Where everything is, as docs/architecture.md shows it."""

from __future__ import annotations

from docket.paths import discover


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
