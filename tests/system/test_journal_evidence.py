"""What anybody may log changes no answer: only systemd's own entries in the journal count."""

from __future__ import annotations

import json
import sys

import pytest

from tests.system.jobs import shell
from tests.system.seat import HostSeat, Seat, await_that

_READ = (
    "import json, os, sys; from docket.systemd.journalctl import read_end;"
    "print(json.dumps(read_end(sys.argv[1], system=sys.argv[2] == 'system', environ=os.environ)))"
)
_READ_UNIT = (
    "import os, sys; from docket.systemd.journalctl import read_unit;"
    "lines = read_unit(sys.argv[1], system=sys.argv[2] == 'system', environ=os.environ,"
    " spawning='spawning' in sys.argv);"
    "print(*(line.message.decode() for line in lines), sep='\\n')"
)
_FORGE = (
    "printf 'MESSAGE=forged\\n{0}=%s\\nUNIT_RESULT=success\\nEXIT_CODE=exited\\nEXIT_STATUS=0\\n'"
    " {1} | logger --journald"
)


@pytest.mark.parametrize("scope", ["system", "user"])
def test_entries_that_a_task_or_another_user_forges_are_not_believed(
    root: HostSeat, ada: HostSeat, scope: str
) -> None:
    seat = root if scope == "system" else ada
    field = "INVOCATION_ID" if scope == "system" else "USER_INVOCATION_ID"
    forge = _FORGE.format(field, '"$INVOCATION_ID"')
    seat.configure({"job": shell(f"{forge}; exit 3", schedule="@yearly")})
    seat.docket("install")
    seat.systemctl("start", seat.unit("job.service"), check=False)
    run = seat.await_run("job", lambda run: run["status"] == "failed")
    invocation = run["invocation_id"]
    ada.run(["/bin/sh", "-c", _FORGE.format(field, invocation)])

    def ended() -> list[object] | None:
        seat.run(["journalctl", "--sync"], check=False)
        done = seat.run([sys.executable, "-c", _READ, invocation, scope])
        found: list[object] | None = json.loads(done.stdout)
        return found

    assert await_that("the manager's entry", ended)[:2] == ["exit-code", "1"]
    unit = seat.unit("job.service")
    of_unit = "UNIT" if scope == "system" else "USER_UNIT"
    forge = f"printf 'MESSAGE=forged, unmet condition check\\n{of_unit}={unit}\\n'"
    seat.run(["/bin/sh", "-c", f"{forge} | logger --journald"])
    seat.run(["journalctl", "--sync"], check=False)
    said = seat.run([sys.executable, "-c", _READ_UNIT, unit, scope]).stdout
    assert "status=3" in said or "Failed" in said
    assert "forged" not in said


def test_the_end_of_a_run_is_its_runners_and_not_that_of_what_came_after(root: HostSeat) -> None:
    root.configure({"job": shell("sleep 300", schedule="@yearly")})
    root.docket("install")
    unit = root.unit("job.service")
    drop_in = "[Service]\nExecStopPost=\nExecStopPost=/nonexistent/docket\n"
    root.write(f"{root.unit_dir}/{unit}.d/by-hand.conf", drop_in, 0o644)
    root.systemctl("daemon-reload")
    root.systemctl("start", "--no-block", unit)
    run = root.await_run("job", lambda run: run["status"] == "running")
    root.systemctl("kill", "--signal=KILL", unit)
    await_that("its end", lambda: root.shown(unit, "ActiveState") == "failed")
    root.run(["journalctl", "--sync"])
    done = root.run([sys.executable, "-c", _READ, run["invocation_id"], "system"])
    assert json.loads(done.stdout)[:2] == ["signal", "KILL"]


_UNIT_ENTRIES = (
    "sentry.service: Main process exited, code=exited, status=243/CREDENTIALS",
    "Condition check resulted in sentry.service being skipped.",
    "A planted complaint.",
)
_READ_SLEEPS = (
    "import os; from docket.systemd.boots import logged_sleeps; print(logged_sleeps(os.environ, 0))"
)


def plant(seat: Seat, fields: str) -> None:
    """Log an entry of these fields as a user."""
    seat.run(["logger", "--journald"], stdin=fields)


@pytest.mark.parametrize("scope", ["system", "user"])
def test_why_is_not_misled_by_what_another_user_logs_about_a_unit(
    root: HostSeat, ada: HostSeat, bob: HostSeat, scope: str
) -> None:
    seat = root if scope == "system" else ada
    seat.configure({"sentry": shell("true", schedule="@yearly")})
    seat.docket("install", "--now")
    unit = seat.unit("sentry.service")
    seat.systemctl("start", unit)
    seat.await_run("sentry", lambda run: run["status"] == "succeeded")
    before = seat.answer("why", "sentry")
    field = "UNIT" if scope == "system" else "USER_UNIT"
    for message in _UNIT_ENTRIES:
        for name in (field, "UNIT", "OBJECT_SYSTEMD_UNIT"):
            plant(bob, f"MESSAGE={message}\nPRIORITY=2\n{name}={unit}\n")

    def read(which: str) -> list[str]:
        seat.run(["journalctl", "--sync"], check=False)
        done = seat.run([sys.executable, "-c", _READ_UNIT, unit, scope, which])
        return done.stdout.splitlines()

    root.run(["journalctl", "--sync"])
    assert root.run(["journalctl", "--no-pager", f"{field}={unit}", "-g", "planted"]).stdout
    for which in ("spawning", "manager"):
        assert read(which)
        assert not set(read(which)) & set(_UNIT_ENTRIES)
    assert seat.answer("why", "sentry") == before


def test_a_program_that_cannot_be_started_is_named_by_the_managers_child(root: HostSeat) -> None:
    root.configure({"job": shell("true", schedule="@yearly")})
    root.docket("install", "--now")
    unit = root.unit("job.service")
    drop_in = "[Service]\nExecStart=\nExecStart=/nonexistent/docket\n"
    root.write(f"{root.unit_dir}/{unit}.d/by-hand.conf", drop_in, 0o644)
    root.systemctl("daemon-reload")
    root.systemctl("start", unit, check=False)
    root.run(["journalctl", "--sync"])
    done = root.run([sys.executable, "-c", _READ_UNIT, unit, "system", "spawning"])
    assert "Failed at step EXEC" in done.stdout


def test_only_systemd_says_that_the_machine_slept(root: HostSeat, bob: HostSeat) -> None:
    for message_id in ("6bbd95ee977941e497c48be27c254128", "8811e6df2a8e40f58a94cea26f8ebf14"):
        plant(bob, f"MESSAGE=forged\nMESSAGE_ID={message_id}\n")
    root.run(["journalctl", "--sync"])
    assert root.run([sys.executable, "-c", _READ_SLEEPS]).stdout == "[]\n"
    for message_id in ("6bbd95ee977941e497c48be27c254128", "8811e6df2a8e40f58a94cea26f8ebf14"):
        plant(root, f"MESSAGE=as systemd-sleep\nMESSAGE_ID={message_id}\n")
    root.run(["journalctl", "--sync"])
    assert root.run([sys.executable, "-c", _READ_SLEEPS]).stdout != "[]\n"
