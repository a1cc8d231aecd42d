"""The first command after docket-cli takes its history over, and says so once."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Docket
from tests.unit.store.reference_tables import event, latest, put, reference_db, run

CONFIG = "tasks:\n  job: {type: command, command: /bin/true, schedule: '0 3 * * *'}\n"


@pytest.fixture
def home(environ: dict[str, str]) -> Path:
    """A home as docket-cli leaves it: open to be read by all, with a history of a few runs."""
    folder = Path(environ["HOME"], ".docket")
    (folder / "locks").mkdir(parents=True)
    (folder / "logs").mkdir()
    Path(environ["XDG_RUNTIME_DIR"]).mkdir(exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    config.chmod(0o644)
    rows = [run(number) for number in range(1, 4)]
    with closing(reference_db(folder / "state.db")) as connection:
        put(connection, "task_run_history", rows)
        put(connection, "task_runs", [latest(rows[-1])])
        put(connection, "task_run_events", [event(1, rows[0]["run_id"])])
    return folder


def checked(docket: Docket, name: str) -> dict[str, Any]:
    checks = docket("doctor", "--json").document["checks"]
    found: dict[str, Any] = next(check for check in checks if check["check"] == name)
    return found


def test_the_first_command_says_once_what_was_taken_over_and_where_the_copy_is(
    docket: Docket, home: Path
) -> None:
    first, second = docket("runs"), docket("runs")
    assert first.code == 0
    assert "3 runs, 1 events" in first.err
    assert f"{home}/state.db.before-v1" in first.err
    assert "docket-cli" not in first.out
    assert "docket-cli" not in second.err
    assert first.out.count(run(1)["run_id"]) == second.out.count(run(1)["run_id"]) == 1


def test_beside_json_nothing_is_said_and_doctor_shows_it(docket: Docket, home: Path) -> None:
    told = docket("runs", "--json")
    assert told.err == ""
    assert len(told.document) == 3
    check = checked(docket, "taken_over")
    assert (check["runs"], check["events"]) == (3, 1)
    assert check["backup"] == f"{home}/state.db.before-v1"
    assert check["backup_exists"] is True


def test_doctor_does_not_mention_a_takeover_if_nothing_was_taken_over(docket: Docket) -> None:
    assert checked(docket, "taken_over") == {
        "check": "taken_over",
        "status": "ok",
        "detail": "",
        "hint": None,
    }


@pytest.mark.parametrize("words", [("status",), ("list",), ("maintain",), ("db", "check")])
def test_every_command_that_reads_the_record_takes_it_over(
    docket: Docket, home: Path, words: tuple[str, ...]
) -> None:
    docket(*words)
    with closing(sqlite3.connect(home / "state.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (3,)


def test_an_install_takes_it_over_for_the_runs_to_come_and_closes_the_logs(
    docket: Docket, home: Path
) -> None:
    told = docket("install")
    assert told.code == 0
    assert (home / "state.db.before-v1").exists()
    assert (home / "logs").stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700


def test_an_install_goes_on_if_it_cannot_be_taken_over_now(docket: Docket, home: Path) -> None:
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as old:
        old.execute("BEGIN EXCLUSIVE")
        told = docket("install", "--json")
        old.execute("COMMIT")
    assert told.document["count"] == 2
    codes = [warning["error_code"] for warning in told.document["warnings"]]
    assert "store.unusable" in codes


def test_the_database_of_another_program_is_refused_in_one_sentence(
    docket: Docket, home: Path
) -> None:
    (home / "state.db").unlink()
    for name in ("state.db-wal", "state.db-shm"):
        (home / name).unlink(missing_ok=True)
    with closing(sqlite3.connect(home / "state.db")) as other:
        other.execute("CREATE TABLE moz_places (url)")
    told = docket("runs", "--json")
    assert told.code == 1
    assert told.document["error_code"] == "store.foreign"
    assert "state_dir" in told.document["hint"]


@pytest.mark.parametrize("verb", ["status", "wait", "logs", "events", "cancel"])
@pytest.mark.parametrize("text", ["tasks: [", "- a list", "tasks: {a: {type: command, typo: 1}}"])
def test_a_wrong_config_never_prints_null(docket: Docket, home: Path, verb: str, text: str) -> None:
    """Config defect: docket-cli's --json status, wait, logs, events and cancel print `null`."""
    (home / "config.yaml").write_text(text)
    told = docket(verb, "--json", *([] if verb == "status" else [run(1)["run_id"]]))
    assert told.document is not None
    (home / "config.yaml").write_text(CONFIG)


def test_an_odd_run_id_of_docket_cli_is_shown(docket: Docket, home: Path) -> None:
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as old:
        put(old, "task_run_history", [run(9, run_id="../my run")])
    assert docket("status", "--run-id", "../my run", "--json").document["task_name"] == "job"
    assert docket("wait", "../my run").code == 0
    assert docket("cancel", "../my run", "--json").document["status"] == "succeeded"
    assert docket("events", "../my run", "--json").document == []
    assert docket("logs", "../my run", "--json").document["status"] == "no_log"


def test_a_log_of_docket_cli_is_still_found(docket: Docket, home: Path) -> None:
    log = home / "logs" / "old.log"
    log.write_text("what it printed\n")
    details = f'{{"mode": "async", "pid": 1, "log_path": "{log}"}}'
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as old:
        put(old, "task_run_history", [run(9, details=details)])
    assert docket("logs", run(9)["run_id"]).out == "what it printed\n"


def test_a_worker_of_docket_cli_at_work_is_alive_and_its_run_is_waited_for(
    docket: Docket, home: Path
) -> None:
    run_id = run(9)["run_id"]
    worker = subprocess.Popen(
        [sys.executable, "-c", "input()", "--run-id", run_id, "job"], stdin=subprocess.PIPE
    )
    old = sqlite3.connect(home / "state.db", isolation_level=None)
    try:
        details = f'{{"mode": "async", "pid": {worker.pid}}}'
        row = run(9, status="running", finished_at=None, exit_code=None, details=details)
        put(old, "task_run_history", [row])
        shown = docket("status", "--run-id", run_id, "--json").document
        assert (shown["status"], shown["alive"]) == ("running", True)
        waited = docket("wait", run_id, "--timeout", "0.3", "--json").document
        assert waited["last_seen_status"] == "running"
        old.execute(
            "UPDATE task_run_history SET status = 'succeeded', exit_code = 0, finished_at = ?",
            (run(9)["finished_at"],),
        )
        assert docket("wait", run_id, "--json").document["status"] == "succeeded"
    finally:
        worker.communicate(b"\n")
        old.close()


def test_a_run_by_hand_is_recorded_beside_the_old_ones(docket: Docket, home: Path) -> None:
    assert docket("run", "job", "--json").document["status"] == "succeeded"
    assert len(docket("runs", "--json").document) == 4
    assert not list((home / "spool").glob("*.json"))


def test_a_timers_run_before_any_command_is_spooled_and_merged(
    docket: Docket, home: Path, environ: dict[str, str]
) -> None:
    words = [sys.executable, "-m", "docket", "exec", "job", "--trigger", "timer"]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert len(list((home / "spool").glob("*.json"))) == 1
    assert not (home / "state.db.before-v1").exists()
    assert [each["task_name"] for each in docket("runs", "--json").document] == ["job"] * 4
    assert not list((home / "spool").glob("*.json"))


def test_a_terminal_sees_how_far_a_long_take_over_is(home: Path, environ: dict[str, str]) -> None:
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as old:
        old.execute("BEGIN")
        put(old, "task_run_history", (run(number) for number in range(10, 6_000)))
        old.execute("COMMIT")
    code = (
        "import os\n"
        "from docket.app.history import history\n"
        "from docket.app.record.takeover import watch\n"
        "from docket.app.session.session import open_session\n"
        "from docket.cli.takeovernotes import Announcer\n"
        "watch(Announcer(as_json=False, quiet_seconds=0.0))\n"
        "history.runs(open_session(os.environ))"
    )
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", code]
    subprocess.run(words, env=environ, stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "Taking over the history of docket-cli: " in shown
    assert " %" in shown
    assert "5993 runs" in shown
