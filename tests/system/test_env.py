"""`docket env` says what a real unit's run finds in its environment."""

from __future__ import annotations

import base64
import json

import pytest

from docket.app.runs.env import MASKED
from tests.system.jobs import shell
from tests.system.seat import HostSeat

DUMP = 'env -0 | base64 -w0 > "$OUT"'
# Of the shell that dumps, and not of what it was given.
_OF_THE_SHELL = {"_", "PWD", "SHLVL", "OLDPWD"}
# A timer sets these, and the test starts the unit by hand.
_OF_A_TIMER = {"TRIGGER_UNIT", "TRIGGER_TIMER_REALTIME_USEC", "TRIGGER_TIMER_MONOTONIC_USEC"}
_OF_A_TIMER |= {"DOCKET_SCHEDULED_FOR"}
# systemd 254 and later set these if the control group has them.
_OF_SOME_HOSTS = {"MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE"}


def require_same(seat: HostSeat, task: str, out: str) -> dict[str, str]:
    """Start the unit, and compare what its run found with what `docket env` said before."""
    told = {one["name"]: one for one in seat.answer("env", task)["variables"]}
    seat.systemctl("start", seat.unit(f"{task}.service"))
    run = seat.await_run(task, lambda run: run["finished_at"] is not None)
    assert run["status"] == "succeeded", run
    lines = base64.b64decode(seat.read(out)).decode().split("\0")
    found = dict(line.partition("=")[::2] for line in lines if line)
    assert told.keys() - _OF_A_TIMER == found.keys() - _OF_THE_SHELL - _OF_SOME_HOSTS
    known = {name: one for name, one in told.items() if not one["masked"] and not one["each_run"]}
    assert {name: one["value"] for name, one in known.items()} == {
        name: found[name] for name in known
    }
    masked = {name for name, one in told.items() if one["masked"]}
    assert {told[name]["value"] for name in masked} <= {MASKED}
    assert {name for name, one in told.items() if one["each_run"]} <= {
        *_OF_A_TIMER,
        *("DOCKET_RUN_ID", "DOCKET_TRIGGER", "DOCKET_ATTEMPT", "DOCKET_RESULT_FILE"),
        *("INVOCATION_ID", "SYSTEMD_EXEC_PID", "MANAGERPID"),
    }
    return {name: one["source"] for name, one in told.items()}


@pytest.mark.parametrize("scope", ["user", "system"])
def test_env_says_what_a_real_run_finds(scope: str, ada: HostSeat, root: HostSeat) -> None:
    seat = ada if scope == "user" else root
    folder = seat.folder
    seat.write(f"{folder}/a.env", "HUE=blue\nLANG=fr_FR.UTF-8\nAPI_TOKEN=open-sesame-4711\n")
    seat.write(f"{folder}/api.key", "open-sesame-4712\n")
    plain = {
        "schedule": "@yearly",
        "env": {"COLOUR": "green", "API_FILE": {"credential_path": "api"}}
        | {"API": {"from_credential": "api"}},
        "env_file": f"{folder}/a.env",
        "credentials": {"api": f"{folder}/api.key"},
        "unit": {"Service": {"RuntimeDirectory": "docket-env-test"}},
    }
    tasks = {"seen": shell(DUMP.replace("$OUT", f"{folder}/seen"), **plain)}
    tasks["bare"] = shell(DUMP.replace("$OUT", f"{folder}/bare"), schedule="@yearly")
    if scope == "system":
        tasks["other"] = shell(
            DUMP.replace("$OUT", "/tmp/docket-env-other"), user="daemon", schedule="@yearly"
        )
    seat.configure(tasks)
    seat.docket("install")
    drop_in = f"{seat.unit_dir}/{seat.unit('bare.service')}.d/more.conf"
    seat.write(
        drop_in, "[Service]\nEnvironment=EXTRA=1 PATH=/usr/bin:/bin\nUnsetEnvironment=LANG\n"
    )
    seat.systemctl("daemon-reload")
    try:
        sources = require_same(seat, "seen", f"{folder}/seen")
        assert (sources["COLOUR"], sources["HUE"]) == ("env", "env_file")
        assert (sources["API"], sources["RUNTIME_DIRECTORY"]) == ("credential", "unit")
        sources = require_same(seat, "bare", f"{folder}/bare")
        assert (sources["EXTRA"], sources["PATH"]) == ("unit", "unit")
        if scope == "system":
            sources = require_same(seat, "other", "/tmp/docket-env-other")
            assert sources["HOME"] == "docket"
        assert "open-sesame" not in json.dumps(seat.answer("env", "seen"))
    finally:
        seat.run(["rm", "-rf", f"{drop_in.rpartition('/')[0]}", "/tmp/docket-env-other"])
