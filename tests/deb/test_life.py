"""One machine from the installation of the package to its purge, step after step."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docket.systemd.journal import RUN_BEGAN, RUN_ENDED
from tests.deb.conftest import Supplies
from tests.system.host import PrivateHost

_APT = ["apt-get", "-y", "-q", "-o", "Acquire::Retries=3"]
_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
_STATE = ("/var/lib/docket", "/var/log/docket", "/run/docket")
_TICKS = """\
tasks:
  tick:
    type: command
    command: [/bin/echo, ticked]
    schedule: {calendar: "*:*:0/3"}
"""
_SLOW = """\
  slow:
    type: command
    command: [/bin/sh, -c, "sleep 20; echo slept"]
"""


class Machine:
    """The host, as these steps use it."""

    def __init__(self, host: PrivateHost, supplies: Supplies) -> None:
        self.host = host
        self.deb = str(supplies.deb)
        self.newer = str(supplies.newer)
        self.older_python = supplies.older_python

    def apt(self, *words: str) -> str:
        """Return what apt-get and the maintainer scripts print."""
        done = self.host.run([*_APT, *words], environ=_QUIET, timeout_seconds=400)
        return done.stdout + done.stderr

    def docket(self, *words: str, user: str) -> str:
        """Return the answer of a command; root works on the system scope."""
        scope = ["--system"] if user == "root" else []
        return self.host.run(["docket", *scope, *words], user=user).stdout

    def runs(self, task: str, *, user: str) -> list[dict[str, Any]]:
        """Return the runs of a task that the history of `user` holds, newest first."""
        found: list[dict[str, Any]] = json.loads(self.docket("--json", "runs", task, user=user))
        return found

    def says(self, *words: str, user: str = "root") -> str:
        """Return what a command prints, whatever its exit code."""
        return self.host.run([*words], user=user, check=False).stdout

    def exists(self, path: str) -> bool:
        return self.host.run(["test", "-e", path], check=False).returncode == 0

    def failed_units(self) -> str:
        system = self.says("systemctl", "--failed", "--plain", "--no-legend")
        own = self.says("systemctl", "--user", "--failed", "--plain", "--no-legend", user="ada")
        return system + own


def eventually(what: Callable[[], Any], seconds: float = 60) -> Any:
    """Return what the call returns once that is true; TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def machine(machine: PrivateHost, supplies: Supplies) -> Machine:
    return Machine(machine, supplies)


def test_01_installing_starts_and_enables_nothing(machine: Machine) -> None:
    machine.host.run(
        ["mkdir", "-p", "/var/cache/apt/archives/partial", "/var/lib/apt/lists/partial"]
    )
    machine.apt("update")
    timers = machine.says("systemctl", "list-unit-files", "--type=timer", "--no-legend")
    machine.apt("install", "--no-install-recommends", machine.deb)
    assert machine.says("systemctl", "list-unit-files", "--type=timer", "--no-legend") == timers
    assert machine.says("systemctl", "list-units", "--all", "--no-legend", "docket*") == ""
    assert machine.says("docket", "--version").startswith("docket, version ")
    assert machine.failed_units() == ""


def test_02_the_places_of_the_system_scope_are_made_with_their_modes(machine: Machine) -> None:
    modes = machine.says("stat", "-c", "%a %U %n", "/etc/docket", *_STATE)
    assert modes.splitlines() == [
        "755 root /etc/docket",
        "700 root /var/lib/docket",
        "700 root /var/log/docket",
        "711 root /run/docket",
    ]


def test_03_the_shells_are_handed_a_completion_that_completes(machine: Machine) -> None:
    script = """
        . /usr/share/bash-completion/completions/docket
        COMP_WORDS=(docket unin) COMP_CWORD=1
        _docket_completion docket && printf '%s\\n' "${COMPREPLY[@]}"
    """
    assert machine.says("bash", "-c", script, user="ada") == "uninstall\n"
    zsh = machine.host.read("/usr/share/zsh/vendor-completions/_docket")
    assert zsh.startswith("#compdef docket\n")
    assert "docket" in machine.host.read("/usr/share/fish/vendor_completions.d/docket.fish")


def test_03_man_finds_every_page(machine: Machine) -> None:
    found = machine.says("find", "/usr/share/man", "-name", "docket*").splitlines()
    pages = (Path(__file__).resolve().parents[2] / "docs" / "man").iterdir()
    wanted = [f"/usr/share/man/man{page.name[-1]}/{page.name}.gz" for page in pages]
    assert sorted(found) == sorted(wanted)


def test_04_schemas_are_the_same_from_the_command_and_in_usr_share(machine: Machine) -> None:
    shared = json.loads(machine.host.read("/usr/share/docket/schemas/config.schema.json"))
    assert json.loads(machine.docket("schema", "config", user="ada")) == shared


def test_05_a_users_timer_fires(machine: Machine) -> None:
    machine.host.write("/home/ada/.docket/config.yaml", _TICKS, user="ada", mode=0o600)
    machine.docket("install", "--now", user="ada")
    run = eventually(lambda: machine.runs("tick", user="ada"))[0]
    assert run["trigger"] == "timer"
    eventually(lambda: "succeeded" in {r["status"] for r in machine.runs("tick", user="ada")})


def test_06_a_timer_of_the_system_scope_fires(machine: Machine) -> None:
    machine.host.write("/etc/docket/config.yaml", _TICKS + _SLOW, mode=0o600)
    machine.docket("install", "--now", user="root")
    eventually(lambda: "succeeded" in {r["status"] for r in machine.runs("tick", user="root")})


def test_07_a_task_that_another_package_ships_is_taken_up(machine: Machine) -> None:
    machine.host.write("/usr/lib/docket/conf.d/other.yaml", _TICKS.replace("tick:", "other:"))
    assert "other" in machine.docket("list", user="root")
    machine.host.run(["rm", "/usr/lib/docket/conf.d/other.yaml"])


@pytest.mark.parametrize("message_id", [RUN_BEGAN, RUN_ENDED])
def test_08_journalctl_explains_what_docket_wrote(machine: Machine, message_id: str) -> None:
    shown = machine.says("journalctl", "-x", "-n", "1", "--no-pager", f"MESSAGE_ID={message_id}")
    assert "Defined-By: Docket" in shown
    assert "of task tick " in shown


def test_09_the_first_examination_by_a_new_user_has_no_remark(machine: Machine) -> None:
    machine.host.run(["docket", "configure"], user="bob", environ={"EDITOR": "true"})
    assert "All checks passed." in machine.docket("doctor", user="bob")
    machine.host.run(["rm", "-r", "/home/bob/.docket"])


def test_09_a_run_that_is_under_way_outlives_an_upgrade(machine: Machine) -> None:
    machine.docket("run", "slow", "--async", user="root")
    eventually(lambda: machine.runs("slow", user="root")[0]["status"] == "running")
    machine.apt("install", "--no-install-recommends", machine.newer)
    assert machine.says("dpkg-query", "-W", "-f", "${Version}", "docket").startswith("99:")
    eventually(lambda: machine.runs("slow", user="root")[0]["status"] == "succeeded")
    before = len(machine.runs("tick", user="ada"))
    eventually(lambda: len(machine.runs("tick", user="ada")) > before)
    assert "Nothing would change." in machine.docket("install", "--diff", user="ada")
    assert machine.failed_units() == ""


def test_09_timers_go_on_when_python3_is_another_minor(machine: Machine) -> None:
    """In the middle of an upgrade of Debian: the packages of libraries are of one Python only."""
    older = machine.older_python
    if older is None:
        pytest.skip("no older Debian with another Python is supported")
    current = machine.says("readlink", "/usr/bin/python3").strip()
    machine.host.run(["cp", str(older), "/usr/bin"])
    machine.host.run(["cp", "-a", str(older.parent / "lib" / older.name), "/usr/lib"])
    for name in (older.name, current):
        machine.host.run(["ln", "-sfn", name, "/usr/bin/python3"])
        _wait_for_two_fires(machine)
    assert "Nothing would change." in machine.docket("install", "--diff", user="ada")
    machine.host.run(["rm", "-r", f"/usr/bin/{older.name}", f"/usr/lib/{older.name}"])
    assert machine.failed_units() == ""


def _wait_for_two_fires(machine: Machine) -> None:
    """Wait for runs of ada's timer that begin and succeed from now on, as the journal has them."""
    query = ["journalctl", "--no-pager", "-o", "json", f"MESSAGE_ID={RUN_ENDED}", "_UID=4711"]
    since = f"--since=@{int(time.time()) + 3}"
    eventually(lambda: machine.says(*query, since).count('"DOCKET_STATUS":"succeeded"') > 1)


def test_10_removing_names_the_units_that_it_leaves_without_their_program(
    machine: Machine,
) -> None:
    machine.docket("run", "slow", "--async", user="root")
    said = machine.apt("remove", "docket")
    assert "these units start Docket, and will fail" in said
    assert "/etc/systemd/system/docket-tick.service" in said
    assert "/home/ada/.config/systemd/user/docket-tick.service" in said
    assert "/home/bob" not in said
    assert not machine.exists("/usr/bin/docket")
    assert not machine.exists("/usr/lib/python3/dist-packages/docket")
    assert machine.exists("/var/lib/docket/state.db")
    assert machine.exists("/home/ada/.config/systemd/user/docket-tick.timer")


def test_11_purging_removes_what_is_documented_and_no_users_data(machine: Machine) -> None:
    machine.host.write("/etc/systemd/system/docket-of-somebody.service", "[Service]\n")
    said = machine.apt("purge", "docket")
    assert "/etc/docket is kept" in said
    units = machine.says("find", "/etc/systemd/system", "-name", "docket*")
    assert units == "/etc/systemd/system/docket-of-somebody.service\n"
    assert machine.says("find", "/var/lib/systemd/timers", "-name", "stamp-docket*") == ""
    assert machine.says("systemctl", "list-units", "--all", "--no-legend", "docket-*") == ""
    assert [path for path in _STATE if machine.exists(path)] == []
    assert machine.exists("/etc/docket/config.yaml")
    assert machine.exists("/home/ada/.docket/state.db")
    assert machine.says("systemctl", "--failed", "--plain", "--no-legend") == ""


def test_12_nothing_of_the_package_is_left(machine: Machine) -> None:
    machine.host.run(["rm", "/etc/systemd/system/docket-of-somebody.service"])
    left = machine.says("find", "/usr", "/etc", "/var", "/run", "-xdev", "-iname", "*docket*")
    # Root's config, what the users' managers hold, and what the host itself is made with.
    others = ("/etc/docket", "/run/user/", "/usr/lib/python3/dist-packages/docket-checkout.pth")
    assert [path for path in left.splitlines() if not path.startswith(others)] == []


def test_13_it_can_be_installed_again(machine: Machine) -> None:
    machine.apt("install", "--no-install-recommends", machine.deb)
    before = machine.runs("tick", user="ada")
    eventually(lambda: machine.runs("tick", user="ada")[0] != before[0])
    machine.host.run(["rm", "-r", "/etc/docket"])
    assert "is kept" not in machine.apt("purge", "docket")
