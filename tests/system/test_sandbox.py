"""Every sandbox profile, in both scopes: a real unit tries what is forbidden, and is stopped.

One run of each profile makes all tries; the tests look at the outcomes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from docket.compiler.bundle import Place
from docket.compiler.sandbox.write import write_sandbox
from docket.compiler.text import UnitText
from docket.model.task.sandbox import Network, Profile, Sandbox
from docket.paths import discover
from docket.runfiles import shared_directories
from tests.system.host import PrivateHost
from tests.system.jobs import command, daily_at, instant_of, seconds_from_now
from tests.system.seat import REPOSITORY, HostSeat, await_that

_PREPARE = """
stat -c '%a %n' /home/ada /home/bob >/run/modes-before
mkdir -p /srv/open /srv/granted /srv/hidden && chmod 1777 /srv/open /srv/granted
chmod 755 /srv/hidden /home/ada /home/bob
echo shared >/home/bob/shared && chmod 644 /home/bob/shared
for home in /etc/docket /home/ada/.docket; do
    mkdir -p -m 700 $home $home/secrets && echo theirs >$home/secrets/other
done
chown -R ada:ada /home/ada/.docket
echo secret >/root/notes && echo here >/tmp/of-the-host
touch /dev/docket-device
mknod -m 666 /dev/docket-granted c 1 3
echo private >/srv/of-bob && chown bob /srv/of-bob && chmod 600 /srv/of-bob
mkdir -p /home/ada/.ssh /root/.ssh
su ada -s /bin/sh -c 'echo mine >/home/ada/notes'; chown -R ada /home/ada/.ssh
"""
# Other tests in the same host look at whose files are in these homes, and at their modes.
_TIDY = """
rm -rf /srv/open /srv/granted /srv/hidden /home/bob/shared /home/ada/notes /home/ada/.ssh
rm -rf /home/ada/.docket /etc/docket /root/notes /tmp/of-the-host /dev/docket-device
rm -rf /dev/docket-granted /srv/of-bob
while read -r mode home; do chmod "$mode" "$home"; done </run/modes-before
"""
_PROFILES = ("none", "standard", "strict", "readonly")
_GRANTING: dict[str, object] = {
    "from": "strict",
    "writable": ["/srv/granted"],
    "readable": ["/home/bob", "~/.ssh"],
    "hidden": ["/srv/hidden"],
    "network": "local",
    "devices": ["/dev/docket-granted"],
    "syscalls": ["ptrace"],
    "address_families": ["AF_VSOCK"],
}


class Confined:
    """A seat with one run of each profile, and what each run could do."""

    def __init__(self, seat: HostSeat) -> None:
        self.seat = seat
        self.runs: dict[str, dict[str, Any]] = {}

    def tries(self, task: str) -> Mapping[str, str]:
        """Return the outcome of each try in the run of `task`."""
        found: dict[str, str] = self.runs[task]["details"]["json"]
        assert found, self.runs[task]
        return found


@pytest.fixture(scope="module", params=["user", "system"])
def confined(request: pytest.FixtureRequest, host: PrivateHost) -> Iterator[Confined]:
    seat = HostSeat(host, "root" if request.param == "system" else "ada")
    seat.forget()
    host.run(["/bin/sh", "-c", _PREPARE])
    found = Confined(seat)
    _run_all(found)
    yield found
    seat.forget()
    host.run(["/bin/sh", "-c", _TIDY])


def _run_all(found: Confined) -> None:
    seat = found.seat
    other = seat.popen(["/usr/bin/sleep", "654321"])
    pid = await_that("another process", lambda: seat.pids("/usr/bin/sleep 654321"))[-1]
    script = os.path.join(REPOSITORY, "tests/system/forbidden.py")
    words = ["/usr/bin/python3", "-IS", script, seat.folder, str(pid)]
    locks = "/run/docket/default" if seat.system else "/run/user/4711/docket/default"
    logs = "/var/log/docket" if seat.system else f"{seat.home}/logs"
    shared = shared_directories(f"{seat.home}/state.db", logs, locks)
    env = {"CONFIG": seat.config, "PLANS": f"{seat.home}/plans", "UNITS": seat.unit_dir}
    env["SHARED"] = ":".join(shared)
    secret = f"{seat.folder}/token"
    seat.write(secret, "sesame")
    keys: dict[str, Any] = {"env": env, "cwd": "/", "output_format": "json", "schedule": "@yearly"}
    tasks = {name: command(*words, sandbox=name, **keys) for name in _PROFILES}
    tasks["granting"] = command(*words, sandbox=_GRANTING, credentials={"token": secret}, **keys)
    seat.configure(tasks)
    seat.docket("install")
    for name in tasks:
        seat.systemctl("start", seat.unit(f"{name}.service"), check=False)
        run = seat.await_run(name, lambda run: run["status"] != "running")
        found.runs[name] = seat.answer("status", "--run-id", run["run_id"])
    other.kill()
    other.wait()


# what is tried -> the loosest profile that stops it, by scope
_STOPPED = {
    "write /etc": ("none", "standard"),
    "write /usr": ("none", "standard"),
    "write /srv": ("strict", "strict"),
    "write /run": ("strict", "strict"),
    "plant a unit": ("none", "strict"),
    "write home": ("strict", "standard"),
    "read keys": ("strict", "strict"),
    "read other home": ("strict", "strict"),
    "read /root": ("none", "strict"),
    "see /tmp": ("standard", "standard"),
    "reach out": ("readonly", "readonly"),
    "inet socket": ("readonly", "readonly"),
    "packet socket": ("none", "standard"),
    "vsock": ("standard", "standard"),
    "mount": ("none", "standard"),
    "new namespace": ("standard", "standard"),
    "trace": ("strict", "strict"),
    "other memory": ("strict", "strict"),
    "personality": ("standard", "standard"),
    "control group": ("standard", "standard"),
    "device": ("standard", "standard"),
    "set user id": ("standard", "standard"),
    "gain privileges": ("standard", "standard"),
    "powers": ("strict", "standard"),
    "foreign call": ("standard", "standard"),
    "foreign call itself": ("standard", "standard"),
    "make device": ("none", "standard"),
    "granted device": ("standard", "standard"),
    "give a file away": ("none", "strict"),
    "read file of another": ("none", "strict"),
    "write empty home": ("", "standard"),  # a user's is a tmpfs of the run's own
    "units": ("standard", "standard"),
    "system bus": ("strict", "strict"),
    "system manager": ("none", "strict"),
    "session bus": ("strict", "none"),
    "user manager": ("strict", "none"),
    "secrets": ("standard", "standard"),
    "config": ("standard", "standard"),
    "move config": ("standard", "standard"),
    "move plans": ("standard", "standard"),
    "move shared": ("strict", "strict"),
    "plans": ("standard", "standard"),
    "parts": ("standard", "standard"),
    "drop-ins": ("standard", "standard"),
    # These hosts refuse them to everybody; the profiles do so with a reason of their own.
    "set clock": ("standard", "standard"),
    "host name": ("none", "none"),
    "real time": ("none", "none"),
    "load module": ("standard", "standard"),
    "kernel log": ("none", "none"),
    "tune kernel": ("none", "none"),
    "open other memory": ("none", "none"),
}


# every directive that a sandbox can have -> the tries that it stops, or is there to let through
_TRIED = {
    "PrivateUsers": ("new namespace", "write home"),  # without it 252 ignores the others
    "NoNewPrivileges": ("gain privileges",),
    "PrivateTmp": ("see /tmp",),
    "PrivateDevices": ("device", "granted device", "make device"),
    "ProtectSystem": ("write /etc", "write /usr", "write /srv"),
    "ProtectHome": ("read other home", "read /root", "write home"),
    "TemporaryFileSystem": ("write empty home",),
    "ProtectKernelTunables": ("tune kernel",),
    "ProtectKernelModules": ("load module",),
    "ProtectKernelLogs": ("kernel log",),
    "ProtectControlGroups": ("control group",),
    "ProtectClock": ("set clock",),
    "ProtectHostname": ("host name",),
    "RestrictNamespaces": ("new namespace",),
    "RestrictRealtime": ("real time",),
    "RestrictSUIDSGID": ("set user id",),
    "LockPersonality": ("personality",),
    "SystemCallArchitectures": ("foreign call", "foreign call itself"),
    "SystemCallErrorNumber": ("mount", "trace"),
    "SystemCallFilter": ("mount", "trace", "other memory"),
    "PrivateNetwork": ("reach out",),
    "RestrictAddressFamilies": ("inet socket", "packet socket", "vsock"),
    "CapabilityBoundingSet": ("powers", "give a file away", "read file of another"),
    "DeviceAllow": ("granted device",),
    "ReadWritePaths": ("write granted",),
    "ReadOnlyPaths": ("config", "plans", "parts", "drop-ins", "units"),
    "BindPaths": ("granted device", "state", "move shared"),
    "BindReadOnlyPaths": ("read other home",),
    "InaccessiblePaths": ("secrets", "system bus", "system manager", "read keys"),
}


@pytest.mark.parametrize("system", [False, True])
def test_every_directive_that_is_written_has_a_try(system: bool) -> None:
    paths = discover({"HOME": "/home/ada"}, system=system)
    state, logs = paths.state_db, paths.log_dir
    place = Place(paths, "", state, logs, ("/usr/bin/docket", "exec"), "1")
    keys = {name: value for name, value in _GRANTING.items() if name not in ("from", "network")}
    lists: dict[str, Any] = {n: tuple(v) for n, v in keys.items() if isinstance(v, list)}
    granting = Sandbox(Profile.STRICT, network=Network.LOCAL).replace(**lists)
    written = UnitText("task")
    for sandbox in (*map(Sandbox, Profile), granting):
        write_sandbox(written, sandbox, place, "task")
    found = {line.partition("=")[0] for line in written.body().splitlines() if "=" in line}
    assert found <= _TRIED.keys(), found - _TRIED.keys()
    assert {name for tries in _TRIED.values() for name in tries} <= {*_STOPPED, *_LET_THROUGH}


_LET_THROUGH = ("write granted", "state")


@pytest.mark.parametrize("tried", _STOPPED)
def test_what_a_profile_forbids_is_stopped(confined: Confined, tried: str) -> None:
    loosest = _STOPPED[tried][confined.seat.system]
    found = {name: confined.tries(name)[tried] for name in _PROFILES}
    stopped = _PROFILES[_PROFILES.index(loosest) :] if loosest else ()
    assert not [name for name in stopped if found[name] == "done"], found


_ALLOWED = ("write /tmp", "journal", "state")


@pytest.mark.parametrize("profile", _PROFILES)
def test_a_confined_run_is_recorded_with_its_output_and_its_profile(
    confined: Confined, profile: str
) -> None:
    run = confined.runs[profile]
    assert (run["status"], run["sandbox"], run["trigger"]) == ("succeeded", profile, "manual")
    assert {name: confined.tries(profile)[name] for name in _ALLOWED} == dict.fromkeys(
        _ALLOWED, "done"
    )
    logged = confined.seat.docket("logs", run["run_id"]).stdout
    assert "write /etc" in logged


def test_a_mapping_grants_what_it_names_and_nothing_else(confined: Confined) -> None:
    tries = confined.tries("granting")
    granted = (
        *("write granted", "read other home", "read keys", "loop back", "trace", "vsock"),
        *("credential", "granted device"),
    )
    assert {name: tries[name] for name in granted} == dict.fromkeys(granted, "done")
    assert not {"write /srv", "read hidden", "reach out", "mount"} & {
        name for name, result in tries.items() if result == "done"
    }
    assert confined.runs["granting"]["sandbox"].startswith("strict+writable,readable,hidden")


def test_a_users_own_home_stays_readable(confined: Confined) -> None:
    expected = "ENOENT" if confined.seat.system else "done"
    assert confined.tries("strict")["read home"] == expected


def test_a_strict_run_by_its_timer_is_for_the_fire_of_that_timer(confined: Confined) -> None:
    seat = confined.seat
    due = seconds_from_now(4)
    keys: dict[str, Any] = {"sandbox": "strict", "schedule": daily_at(due)}
    seat.configure({"timed": command("/bin/true", **keys)})
    seat.docket("install", "--now")
    run = seat.await_run("timed", lambda run: run["status"] == "succeeded")
    assert (run["trigger"], instant_of(run["scheduled_for"])) == ("timer", due)
    # The variables of the timer stay; a start by hand is by hand anyway.
    unit = seat.unit("timed.service")
    await_that("the end of the unit", lambda: seat.shown(unit, "ActiveState") == "inactive")
    seat.systemctl("start", unit)
    assert seat.runs("timed")[0]["trigger"] == "manual"
    assert [run["sandbox"] for run in seat.runs("timed")] == ["strict", "strict"]


def test_a_strict_run_under_way_is_alive_and_one_killed_met_no_reboot(confined: Confined) -> None:
    """Here a unit with a /proc of its own reads another boot id, as in any container."""
    seat = confined.seat
    seat.configure({"long": command("/usr/bin/sleep", "98765", sandbox="strict")})
    run_id = seat.answer("run", "long", "--async")["run_id"]
    run = seat.await_run("long", lambda run: run["status"] == "running")
    for _look in range(3):
        assert seat.answer("status", "--run-id", run_id)["alive"] is True
        assert seat.runs("long")[0]["status"] == "running"
    seat.systemctl("kill", "-s", "SIGKILL", "--kill-whom", "main", run["unit"])
    ended = seat.await_run("long", lambda run: bool(run["finished_at"]))
    assert (ended["status"], ended["error_code"]) == ("killed", "runner_killed")


@pytest.mark.parametrize("how", ["run", "run --async"])
def test_a_run_by_hand_is_in_the_same_sandbox(confined: Confined, how: str) -> None:
    seat = confined.seat
    name = how.replace(" --", "-")
    script = os.path.join(REPOSITORY, "tests/system/forbidden.py")
    words = ["/usr/bin/python3", "-IS", script, seat.folder, "1"]
    env = {"CONFIG": seat.config, "PLANS": f"{seat.home}/plans"}
    tries = ["write /srv", "see /tmp", "session bus", "system bus", "config", "plans", "write /tmp"]
    task = command(*words, *tries, env=env, output_format="json", cwd="/")
    seat.configure({name: task}, policy={"manual": {"sandbox": "standard"}})
    seat.docket(*how.split(), name, "--sandbox", "strict")
    run = seat.await_run(name, lambda run: run["status"] == "succeeded")
    assert run["sandbox"] == "strict"
    found = seat.answer("status", "--run-id", run["run_id"])["details"]["json"]
    assert [name for name, result in found.items() if result == "done"] == ["write /tmp"]
    seat.docket("run", name, "--sandbox", "none")
    assert seat.runs(name)[0]["sandbox"] == "standard"
