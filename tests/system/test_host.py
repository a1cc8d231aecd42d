"""The private host itself, which the other system tests use."""

from __future__ import annotations

import glob
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import TREE
from tests.system.host import USERS, HostError, PrivateHost
from tests.system.seat import REPOSITORY, await_that

_BOOT_AND_WAIT = f"""
import sys, time
sys.path.insert(0, {REPOSITORY!r})
from tests.system.host import PrivateHost
host = PrivateHost([{REPOSITORY!r}], tree={TREE!r})
host.boot()
print(host.init, flush=True)
time.sleep(60)
"""


def test_every_unit_of_the_boot_came_up(host: PrivateHost) -> None:
    assert host.run(["systemctl", "is-system-running"]).stdout.strip() == "running"


def test_the_host_is_of_the_release_that_was_asked_for(host: PrivateHost) -> None:
    with open(os.path.join(TREE, "usr/lib/os-release"), encoding="utf-8") as file:
        assert host.read("/usr/lib/os-release") == file.read()


@pytest.mark.parametrize("user", USERS)
def test_users_have_a_manager_that_stays_without_a_login(host: PrivateHost, user: str) -> None:
    state = host.run(["systemctl", "--user", "is-system-running"], user=user)
    assert state.stdout.strip() == "running"


def test_an_ordinary_user_can_run_this_checkout(host: PrivateHost) -> None:
    words = [sys.executable, "-c", "import docket; print(docket.__file__)"]
    assert host.run(words, user="ada").stdout.startswith(REPOSITORY)


def test_the_host_does_not_reach_through_to_the_machine(host: PrivateHost) -> None:
    host.run(["sh", "-c", "echo seen >/etc/docket-was-here; touch /tmp/docket-was-here"])
    host.run(["rm", "-f", f"{REPOSITORY}/Makefile"])
    try:
        assert not os.path.exists("/etc/docket-was-here")
        assert not os.path.exists("/tmp/docket-was-here")
        assert os.path.exists(f"{REPOSITORY}/Makefile")
        with pytest.raises(HostError):
            host.run(["sh", "-c", "echo 1 >/proc/sys/vm/swappiness"])
    finally:
        host.run(["rm", "-f", "/etc/docket-was-here"])


def test_a_reboot_keeps_the_disk_and_changes_the_boot_id(host: PrivateHost) -> None:
    assert host.init  # what the shared host needs is there
    with PrivateHost([REPOSITORY], tree=TREE) as own:
        first = own.boot_id
        own.write("/var/kept", "still here\n")
        own.reboot()
        assert own.read("/var/kept") == "still here\n"
        assert own.boot_id != first
        assert own.read("/proc/sys/kernel/random/boot_id").strip() == own.boot_id
        own.reboot(in_order=True)
        assert own.run(["systemctl", "is-system-running"]).stdout.strip() == "running"


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_process_that_booted_it_dies(
    host: PrivateHost, death: signal.Signals
) -> None:
    assert host.init
    mounts = _mounts()
    process = subprocess.Popen(
        [sys.executable, "-c", _BOOT_AND_WAIT],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    init = int(process.stdout.readline())
    keeper = _keepers(process.pid)[0]
    process.send_signal(death)
    process.wait(timeout=10)
    process.stdout.close()
    await_that("the host to end", lambda: not _alive(init) and not _alive(keeper))
    assert _mounts() == mounts
    assert glob.glob(f"/sys/fs/cgroup/**/docket-host-{keeper}-*", recursive=True) == []


def test_a_host_boots_within_a_second_or_so(host: PrivateHost) -> None:
    assert host.init
    start = time.monotonic()
    with PrivateHost([REPOSITORY], tree=TREE):
        assert time.monotonic() - start < 20  # 0.3 s on an idle machine


def _mounts() -> str:
    with open("/proc/self/mounts", encoding="utf-8") as file:
        return file.read()


def _alive(pid: int) -> bool:
    return os.path.exists(f"/proc/{pid}")


def _keepers(parent: int) -> list[int]:
    with open(f"/proc/{parent}/task/{parent}/children", encoding="ascii") as file:
        return [int(pid) for pid in file.read().split()]
