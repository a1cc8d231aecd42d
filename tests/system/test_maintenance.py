"""The maintenance unit is confined, and does all its work in both scopes."""

from __future__ import annotations

import pytest

from tests.system.host import USERS
from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, HostSeat, await_that

UNIT = "docket-maintenance.service"
_PLANT = (
    "import sqlite3, sys; c = sqlite3.connect(sys.argv[1])\n"
    "kind = \"SELECT name FROM sqlite_master WHERE type = 'trigger'\"\n"
    "for (name,) in c.execute(kind).fetchall(): c.execute(f'DROP TRIGGER {name}')\n"
    "c.execute('UPDATE runs SET started_at = started_at - 864000000000,'\n"
    "          ' finished_at = finished_at - 864000000000 WHERE task = ?', ('old',)); c.commit()"
)
_RUN_WHILE_LOCKED = (
    "import sqlite3, subprocess, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    "c.execute('BEGIN EXCLUSIVE'); subprocess.run(sys.argv[2:], check=True)"
)


@pytest.mark.parametrize("user", ["root", "ada"])
def test_the_confined_upkeep_prunes_merges_closes_and_runs_hooks(
    root: HostSeat, ada: HostSeat, user: str
) -> None:
    """The hook writes where the unit itself may not, on behalf of a runner that was killed."""
    seat = root if user == "root" else ada
    mark = f"{seat.folder}/told"
    seat.run(["rm", "-f", mark])
    hook = f'echo "$DOCKET_RUN_ID" > {mark}'
    seat.configure(
        {
            "old": command("/bin/echo", "printed", retention={"days": 1}),
            "kept": command("/bin/true"),
            "doomed": shell("sleep 300 & wait", schedule="@yearly", on_failure=[hook]),
        }
    )
    seat.docket("install", "--now")
    old = seat.answer("run", "old")
    seat.docket("run", "old")
    seat.run(["python3", "-c", _PLANT, f"{seat.home}/state.db"])
    seat.docket("run", "doomed", "--async", "--launcher", "direct")
    await_that("its command", lambda: seat.count("sleep 300"))
    (pid,) = seat.pids("exec doomed")  # while it starts the command there are two for a moment
    seat.run(["/bin/sh", "-c", f"kill -9 {pid}"])
    line = [DOCKET, *["--system"] * seat.system, "run", "kept"]
    seat.run(["python3", "-c", _RUN_WHILE_LOCKED, f"{seat.home}/state.db", *line])
    assert spooled(seat)
    seat.systemctl("start", UNIT)
    assert seat.shown(UNIT, "Result") == "success"
    assert not spooled(seat)
    assert [run["status"] for run in seat.runs("kept")] == ["succeeded"]
    (run,) = seat.runs("doomed")
    assert seat.read(mark).strip() == run["run_id"]
    closed = seat.answer("status", "--run-id", run["run_id"])
    assert closed["status"] in ("lost", "killed")
    assert [hook["state"] for hook in closed["hooks"]] == ["done"]
    assert old["run_id"] not in [one["run_id"] for one in seat.runs("old")]
    assert await_that("the end of what it left", lambda: not seat.count("sleep 300"))
    own = [entry["MESSAGE"] for entry in seat.journal(f"_SYSTEMD_INVOCATION_ID={invocation(seat)}")]
    assert any("1" in line for line in own)


def spooled(seat: HostSeat) -> str:
    script = 'ls "$1"/spool/*.json "$2"/*/spool/*.json 2>/dev/null; true'
    runtime = "/run/docket" if seat.system else f"/run/user/{USERS[seat.user]}/docket"
    return seat.run(["/bin/sh", "-c", script, "sh", seat.home, runtime]).stdout


def invocation(seat: HostSeat) -> str:
    return seat.shown(UNIT, "InvocationID")


def test_the_confined_upkeep_writes_nothing_outside_the_record(root: HostSeat) -> None:
    root.configure({"job": shell("true", schedule="@yearly")})
    root.docket("install", "--now")
    drop_in = (
        "[Service]\nExecStart=\nExecStart=/bin/sh -c 'touch /usr/planted /etc/planted"
        " /root/planted; mount -t tmpfs none /mnt; cat /proc/self/status > /var/lib/docket/seen'\n"
    )
    root.write(f"{root.unit_dir}/{UNIT}.d/by-hand.conf", drop_in, 0o644)
    root.systemctl("daemon-reload")
    root.systemctl("start", UNIT)
    done = root.run(["ls", "/usr/planted", "/etc/planted", "/root/planted"], check=False)
    assert done.stdout == ""
    seen = root.read("/var/lib/docket/seen")
    assert "NoNewPrivs:\t1" in seen
    assert "Seccomp:\t2" in seen
