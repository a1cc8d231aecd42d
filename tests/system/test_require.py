"""`require` however a run is started: by a timer, as a unit of its own, by hand."""

from __future__ import annotations

import os

from tests.system.jobs import command, daily_at, seconds_from_now, shell
from tests.system.seat import HostSeat, Seat, fire


def test_a_start_that_lacks_something_is_a_row_that_says_what(root: HostSeat) -> None:
    timed = {"schedule": daily_at(seconds_from_now(-60))}
    missing = {"exists": "/srv/required"}
    root.configure(
        {
            "by-runner": command(
                "/bin/true", require={"free": {"path": "/", "bytes": "900T"}}, **timed
            ),
            "by-hand": command("/bin/true", require=missing),
            "mounted": command("/bin/true", require={"mounted": "/srv/disk"}),
        }
    )
    root.docket("install", "--now")
    fire(root, "by-runner")
    for way in ("--async", "--force"):
        root.docket("run", "by-hand", way)
    assert root.docket("run", "by-hand", check=False).returncode == 1
    assert root.docket("run", "mounted", check=False).returncode == 1
    root.run(["sh", "-c", "mkdir -p /srv/disk && mount -t tmpfs none /srv/disk"])
    root.docket("run", "mounted")

    run = root.await_run("by-runner", lambda run: run["status"] == "skipped", seconds=60)
    assert run["error_code"] == "require"
    assert "are required" in run["summary"]
    root.await_run("by-hand", lambda run: run["trigger"] == "async" and bool(run["finished_at"]))
    found = {run["trigger"]: run["error_code"] for run in root.runs("by-hand")}
    assert found["async"] == "require"
    assert sorted(run["status"] for run in root.runs("by-hand")) == [
        "skipped",
        "skipped",
        "succeeded",
    ]
    assert "/srv/required does not exist" in root.docket("why", "by-hand").stdout
    assert [run["status"] for run in root.runs("mounted")] == ["succeeded", "skipped"]
    assert root.runs("mounted")[1]["summary"] == "Skipped: nothing is mounted at /srv/disk"
    root.run(["sh", "-c", "umount /srv/disk; rmdir /srv/disk"])


def test_a_guard_of_the_unit_keeps_a_run_by_hand_off_an_empty_mount_point(seat: Seat) -> None:
    """`docket run` copies nothing to a place that nothing is mounted at."""
    guard = {"Unit": {"ConditionPathIsMountPoint": "/srv/nowhere"}}
    copied = f"{seat.folder}/copied"
    seat.configure({"copy": shell(f"touch {copied}", unit=guard)})
    refused = seat.docket("run", "copy", check=False)
    assert refused.returncode == 1
    assert "ConditionPathIsMountPoint" in refused.stderr
    seat.docket("install")
    seat.systemctl("start", seat.unit("copy.service"), check=False)
    assert not os.path.exists(seat.path(copied))
