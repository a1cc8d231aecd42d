"""Planted secrets under a real systemd: units, properties on the bus, credentials, the journal."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from docket.model.text.secretnames import REDACTED
from tests.system.host import USERS
from tests.system.jobs import command, shell
from tests.system.seat import HostSeat, await_that
from tests.unit.tour import planted

YEARLY = "@yearly"
IN_FILES = {
    "/report.env": planted.IN_ENV_FILE | planted.IN_VARIABLES,
    "/api.key": ["a credential"],
    "/.docket/config.yaml": ["an option"],
    "/.docket/plans/": ["an option"],
}


@pytest.fixture
def keeper(ada: HostSeat) -> HostSeat:
    """Somebody whose tasks have secrets from everywhere that a unit can have one from."""
    variables = planted.variables("http://127.0.0.1:9")
    file = "".join(f"{name}={value}\n" for name, value in variables.items())
    file += f"PL_FILE_PASSWORD='{planted.ENV_FILE}'\nPL_PRIVATE_KEY=\"{planted.KEY}\"\n"
    for name, text in (
        ("report.env", file),
        ("api.key", planted.CREDENTIAL + "\n"),
        ("leak.py", planted.LEAK),
    ):
        ada.write(f"{ada.folder}/{name}", text)
    leak = [sys.executable, f"{ada.folder}/leak.py"]
    common = {
        "schedule": YEARLY,
        "env_file": f"{ada.folder}/report.env",
        "required_env": ["PL_REQUIRED", "PL_PIN", "PL_HOOK", "PL_NTFY", "PL_SIGNING", "PL_PING"],
        "secrets": ["PL_MARKED"],
        "credentials": {"api": f"{ada.folder}/api.key"},
        "inputs": {"token": "A token"},
        "on_complete": 'env; cat "$DOCKET_DETAILS_FILE"; echo "$PL_REQUIRED" >&2',
    }
    ada.configure(
        {
            "told": command(*leak, "text", "--token", planted.OPTION, **common),
            "lines": command(*leak, "jsonl", output_format="jsonl", **common),
            "fail": command(*leak, "fail", **common),
            "held": shell(f"{' '.join(leak)} text; sleep 60", **common),
        }
    )
    return ada


def over(seat: HostSeat, task: str) -> dict[str, Any]:
    """Wait for the end of the task's newest run."""
    return seat.await_run(task, lambda run: run["finished_at"] is not None)


def arguments(seat: HostSeat) -> bytes:
    """Return the command lines of all processes."""
    found = b""
    for path in Path(seat.path("/proc")).glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes()
        except OSError:  # it ended meanwhile
            continue
    return found


def leaks(seat: HostSeat) -> list[str]:
    """Return the files of this user, and of systemd for this user, with secrets in them."""
    return [
        found
        for root in (
            seat.folder,
            f"/run/user/{USERS[seat.user]}",
            "/run/systemd/transient",
            "/etc/systemd",
        )
        for found in planted.leaking_files(Path(seat.path(root)), IN_FILES)
        if "credentials/" not in found  # where systemd itself shows the unit its credentials
    ]


def test_a_units_secrets_are_in_its_files_and_nowhere_else(keeper: HostSeat) -> None:
    keeper.docket("install", "--now")
    for task in ("told", "lines", "fail"):
        keeper.systemctl("start", keeper.unit(f"{task}.service"), check=False)
        run = over(keeper, task)
        assert REDACTED in json.dumps(run["details"])
        assert planted.leaks(json.dumps(run).encode()) == []
    said = keeper.docket("runs", "--json").stdout + keeper.docket("db", "export").stdout
    said += keeper.docket("why", "fail", check=False).stdout
    assert planted.leaks(said.encode()) == []
    assert leaks(keeper) == []


def test_the_bus_shows_no_secret_of_a_running_task(keeper: HostSeat) -> None:
    """`systemctl show` answers every user of the machine, and so does a unit's command line."""
    words = ("run", "held", "--async", "--param", f"token={planted.PARAMETER}")
    receipt = keeper.answer(*words)
    unit = receipt["unit"]

    def told() -> bool:
        return keeper.docket("logs", receipt["run_id"], check=False).stdout.count(REDACTED) > 100

    await_that("the task to have told its secrets", told)
    shown = keeper.systemctl("show", "--all", unit).stdout + keeper.systemctl("cat", unit).stdout
    assert "LoadCredential=" in shown
    assert planted.leaks(shown.encode()) == []
    status = keeper.systemctl("status", "--full", "-n", "1000", unit, check=False).stdout
    assert planted.leaks(status.encode()) == []
    assert planted.leaks(arguments(keeper)) == []
    keeper.docket("cancel", receipt["run_id"])
    assert over(keeper, "held")["params"] == {"token": REDACTED}
    assert leaks(keeper) == []


def test_the_journal_holds_the_output_masked(keeper: HostSeat) -> None:
    keeper.docket("install")
    unit = keeper.unit("told.service")
    keeper.systemctl("start", unit)
    over(keeper, "told")
    journal = keeper.run(["journalctl", "--no-pager", "-o", "export", "-a"], check=False).stdout
    assert journal.count(REDACTED) > 60
    assert planted.leaks(journal.encode()) == []
    logs = keeper.docket("logs", over(keeper, "told")["run_id"], "--source", "journal")
    assert logs.stdout.count(REDACTED) > 60
    assert planted.leaks(logs.stdout.encode()) == []


def test_a_killed_runners_finalizer_masks_what_its_hooks_say(keeper: HostSeat) -> None:
    receipt = keeper.answer("run", "held", "--async")
    await_that(
        "its output",
        lambda: REDACTED in keeper.docket("logs", receipt["run_id"], check=False).stdout,
    )
    keeper.systemctl("kill", "--signal=KILL", receipt["unit"])
    run = over(keeper, "held")
    assert run["status"] == "killed"

    def hooked() -> bool:
        found = keeper.answer("status", "--run-id", receipt["run_id"])
        return bool(found["hooks"]) and found["hooks"][0]["stderr"] == f"{REDACTED}\n"

    await_that("the hook of the finalizer", hooked)
    assert leaks(keeper) == []
