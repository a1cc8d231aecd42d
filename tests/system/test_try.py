"""`docket try` in both scopes: what broke is told in words, with the keys that allow it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.host import PrivateHost
from tests.system.jobs import command, shell
from tests.system.seat import HostSeat

_PREPARE = """
mkdir -p /srv/tried /home/bob && chmod 1777 /srv/tried && chmod 755 /home/ada /home/bob
echo shared >/home/bob/shared && chmod 644 /home/bob/shared
"""
_TIDY = "rm -rf /srv/tried /home/bob/shared; chmod 700 /home/ada /home/bob"


@pytest.fixture(scope="module", params=["user", "system"])
def seat(request: pytest.FixtureRequest, host: PrivateHost) -> Iterator[HostSeat]:
    found = HostSeat(host, "root" if request.param == "system" else "ada")
    found.forget()
    host.run(["/bin/sh", "-c", _PREPARE])
    yield found
    found.forget()
    host.run(["/bin/sh", "-c", _TIDY])


def tried(seat: HostSeat, profile: str, **tasks: Any) -> dict[str, Any]:
    """Configure the tasks, and return what `docket try` says of the first one."""
    seat.configure(tasks)
    name = next(iter(tasks))
    found: dict[str, Any] = seat.answer("try", name, "--sandbox", profile, check=False)
    assert "breakages" in found, found
    return found


def test_a_write_that_is_stopped_names_the_path_and_the_patch_allows_it(seat: HostSeat) -> None:
    script = "echo a >/srv/tried/a"
    found = tried(seat, "strict", job=shell(script))
    assert (found["ok"], found["sandbox"], found["exit_code"]) == (False, "strict", 1)
    (broken,) = found["breakages"]
    assert (broken["code"], broken["key"], broken["value"]) == (
        *("read_only", "sandbox.writable"),
        "/srv/tried",
    )
    patched = shell(script, **found["patch"]["tasks"]["job"])
    again = tried(seat, "strict", job=patched)
    assert (again["ok"], again["breakages"], again["sandbox"]) == (True, [], "strict+writable")


def test_a_hidden_home_and_the_network_are_reported_with_their_keys(seat: HostSeat) -> None:
    script = "cat /home/bob/shared; /usr/bin/python3 -c 'import socket; socket.socket()'"
    found = tried(seat, "readonly", job=shell(script))
    keys = {(one["key"], one["value"]) for one in found["breakages"]}
    assert keys == {("sandbox.readable", "/home/bob/shared"), ("sandbox.network", "true")}
    assert "readable: [/home/bob/shared]" in found["patch_text"]
    again = tried(seat, "readonly", job=shell(script, **found["patch"]["tasks"]["job"]))
    assert (again["ok"], again["breakages"]) == (True, [])


def test_nothing_of_a_trial_is_in_the_history_and_nobody_is_notified(seat: HostSeat) -> None:
    job = shell("exit 3", on_failure="touch /srv/tried/told", retry=3, schedule="@yearly")
    found = tried(seat, "standard", job=job)
    assert (found["status"], found["command_exit_code"]) == ("failed", 3)
    assert found["breakages"] == []
    assert seat.runs("job") == []
    assert seat.answer("health", "job", check=False)["details"]["job"]["consecutive_failures"] == 0
    left = seat.host.run(["/bin/sh", "-c", "ls /srv/tried /run/docket/*/trials 2>/dev/null; true"])
    assert "told" not in left.stdout
    units = seat.systemctl("list-units", "--all", "--plain", "--no-legend", "docket-job-*")
    assert units.stdout.strip() == ""


def test_a_unit_that_cannot_start_is_reported_with_systemds_reason(seat: HostSeat) -> None:
    raw = {"Service": {"ReadWritePaths": "/srv/tried/missing"}}
    found = tried(seat, "standard", job=command("/bin/true", unit=raw))
    assert (found["status"], found["error_code"]) == ("failed", "not_started")
    (broken,) = found["breakages"]
    assert broken["code"] == "unit_namespace"
    assert "226/NAMESPACE" in broken["sentence"]
    assert "/srv/tried/missing" in broken["evidence"]


def test_a_system_call_that_kills_is_reported(seat: HostSeat) -> None:
    raw = {"Service": {"SystemCallFilter": "~chroot", "SystemCallErrorNumber": "kill"}}
    found = tried(seat, "none", job=command("/usr/sbin/chroot", "/", "/bin/true", unit=raw))
    assert (found["ok"], found["status"], found["error_code"]) == (False, "failed", "signal")
    assert "SIGSYS" in found["summary"]
    raw = {"Service": {"SystemCallFilter": "~mkdirat mkdir"}}
    found = tried(seat, "none", job=command("/bin/mkdir", "/srv/tried/made", unit=raw))
    assert [one["code"] for one in found["breakages"]] == ["runner_killed"]
    assert "SIGSYS" in found["breakages"][0]["sentence"]


def test_a_trial_waits_for_nobody_and_takes_the_lock_of_the_task(seat: HostSeat) -> None:
    seat.configure({"job": shell("echo begun; sleep 30")})
    running = seat.answer("run", "job", "--async")
    refused = seat.answer("try", "job", check=False)
    seat.docket("cancel", running["run_id"])
    assert refused["error_code"] == "run.already_running"


def test_a_trial_as_another_user_gets_its_files_from_the_runner(seat: HostSeat) -> None:
    if not seat.system:
        pytest.skip("only root has tasks of other users")
    secret = "/etc/docket/tried-token"
    seat.write(secret, "sesame")
    script = 'id -un; cat "$CREDENTIALS_DIRECTORY/token"; echo "{}" >"$DOCKET_RESULT_FILE"'
    keys: dict[str, Any] = {"user": "nobody", "credentials": {"token": secret}}
    for profile in ("none", "strict"):
        found = tried(seat, profile, job=shell(script, **keys))
        assert (found["ok"], found["breakages"]) == (True, []), found
        assert found["output"].split()[:1] == ["nobody"]
        assert "sesame" not in json.dumps(found)


def test_the_text_form_shows_what_the_task_printed_and_the_patch(seat: HostSeat) -> None:
    seat.configure({"job": shell("echo hello; echo b >/srv/tried/b")})
    done = seat.docket("try", "job", "--sandbox", "strict", check=False)
    assert done.returncode == 1
    for part in ("hello", "broke: It wrote to /srv/tried", "writable: [/srv/tried]"):
        assert part in done.stdout


def test_a_trial_removes_nothing_that_a_confined_run_put_a_link_to(seat: HostSeat) -> None:
    locks = "/run/docket/default" if seat.system else "/run/user/4711/docket/default"
    old = f"{seat.folder}/kept/old"
    seat.run(["/bin/sh", "-c", f"mkdir -p {old} && touch -d '2 days ago' {old}/file {old}"])
    planted = f"rm -rf {locks}/trials; ln -s {seat.folder}/kept {locks}/trials; echo over"
    seat.configure({"job": shell("true"), "planting": shell(planted, sandbox="strict")})
    seat.docket("run", "planting", check=False)
    seat.docket("try", "job", check=False)
    assert seat.run(["/usr/bin/ls", old]).stdout.split() == ["file"]
    seat.run(["/usr/bin/rm", "-r", f"{seat.folder}/kept"])
