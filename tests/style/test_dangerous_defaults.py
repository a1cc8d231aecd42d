"""In tests, the real home and the real bus are out of reach."""

from __future__ import annotations

import os
import pwd

import pytest


def test_the_home_of_a_test_is_empty_and_not_the_real_one(own_home: str) -> None:
    assert os.path.expanduser("~") == own_home
    assert os.listdir(own_home) == []
    assert not own_home.startswith(pwd.getpwuid(os.getuid()).pw_dir + "/")


@pytest.mark.parametrize("place", ["/etc/systemd/system/x", "/var/lib/docket/x", "/run/docket/x"])
def test_writing_to_a_place_of_the_machine_raises(place: str) -> None:
    with pytest.raises(RuntimeError, match="give it a tmp_path"):
        os.mkdir(place)
    with pytest.raises(RuntimeError, match="give it a tmp_path"):
        open(place, "w", encoding="utf-8")  # noqa: SIM115  (it never opens)


def test_no_bus_is_named_in_the_environment() -> None:
    for name in ("DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS"):
        assert "/dev/null/" in os.environ[name]


def test_nothing_of_docket_comes_with_the_callers_environment() -> None:
    assert [name for name in os.environ if name.startswith("DOCKET_")] == []
