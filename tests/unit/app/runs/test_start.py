"""Runs in the background without a manager of their own: what is recorded when, and for whom."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from docket.app.catalog.planfiles import read_plan
from docket.app.history import history
from docket.app.record.runrequests import Launcher
from docket.app.runs.detached import start_detached
from docket.app.runs.options import RunOptions
from docket.app.runs.receipts import Receipt, asked_at
from docket.app.runs.start import start
from docket.errors import (
    BusAbsentError,
    KeyTakenError,
    NeedsSystemdError,
    NotStartedError,
    ParameterError,
    StoreError,
    UnknownTaskError,
    UsageError,
)
from docket.model.records import RunRecord
from docket.model.runid import make_run_id
from docket.model.states import RunStatus, Trigger
from tests.contract.fake_units import FakeUnits
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid

SHOW = (
    "import os, json; print(json.dumps({'param': os.environ['DOCKET_PARAM_TO'], 'callers': "
    + str(os.getsid(0))
    + ", 'session': os.getsid(0), 'terminal': any(os.isatty(n) for n in range(3)), "
    "'invocation': os.environ.get('INVOCATION_ID')}))"
)
CONFIG = """
tasks:
  slow: {type: command, command: [sleep, "60"]}
  told: {type: command, command: [sleep, "60"], inputs: {to: where, from: whence}}
  brief: {type: command, command: [sleep, "1"]}
  tight: {type: command, command: [sleep, "1"], limits: {memory: 64M}}
  shows:
    type: command
    command: [/usr/bin/python3, -c, SHOW]
    inputs: {to: where}
  raw: {type: command, command: [sleep, "60"], unit: {Unit: {OnFailure: "tell@%n.service"}}}
"""


class Bench:
    """A home with a fake manager that takes transient units and never runs them."""

    def __init__(self, home: Home, folder: Path) -> None:
        home.config(CONFIG.replace("SHOW", json.dumps(SHOW)))
        self.fake = FakeUnits(str(folder / "units"), str(folder / "stamps"))
        self.session = home.session.replace(units=lambda: self.fake)
        self.lock_dir = home.paths.lock_dir

    def start(
        self, task: str = "slow", *, force: bool = False, key: str | None = None, **params: str
    ) -> Receipt:
        return start(
            self.session, task, RunOptions(force, key, tuple(params.items()), trigger=Trigger.ASYNC)
        )

    def requests(self) -> list[str]:
        try:
            names = os.listdir(os.path.join(self.lock_dir, "runs"))
        except FileNotFoundError:
            return []
        return [name for name in names if name.endswith(".request")]


def ended(bench: Bench, run_id: str) -> RunRecord:
    """Wait for the end of a run and return it."""
    deadline = time.monotonic() + 60
    while True:
        found = next(run for run in history.runs(bench.session).runs if run.run_id == run_id)
        if found.status.final or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


@pytest.fixture
def bench(home: Home, tmp_path: Path) -> Bench:
    return Bench(home, tmp_path)


def test_a_receipt_names_the_run_that_is_pending_in_the_record(bench: Bench) -> None:
    receipt = bench.start()
    document = require_valid("run-async", receipt.replace(program="docket --home /x").document())
    [run] = history.runs(bench.session).runs
    assert (run.run_id, run.status, run.trigger) == (
        receipt.run_id,
        RunStatus.PENDING,
        Trigger.ASYNC,
    )
    assert run.unit == receipt.unit == f"docket-slow-{run.run_id}.service"
    assert document["wait_command"] == f"docket --home /x wait {run.run_id} --json"
    assert bench.requests() == [f"{run.run_id}.request"]


def test_a_receipt_warns_if_the_run_would_end_with_the_session(bench: Bench) -> None:
    assert bench.start().warnings == ()
    bench.fake.lingering = False
    [warning] = bench.start().warnings
    assert "Linger is off" in warning


def test_a_receipt_names_the_limits_that_have_no_effect_here(bench: Bench) -> None:
    uid = os.getuid()
    folder = Path(bench.session.cgroup_root, f"user.slice/user-{uid}.slice/user@{uid}.service")
    folder.mkdir(parents=True)
    (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    assert bench.start("tight").warnings == ()
    (folder / "cgroup.controllers").write_text("cpu pids\n")
    [warning] = bench.start("tight").warnings
    assert warning == (
        "limits.memory has no effect: the user's service manager cannot use the controller memory."
    )
    assert bench.start("slow").warnings == ()


def test_the_unit_has_the_words_of_this_run_and_what_the_plan_says(bench: Bench) -> None:
    receipt = bench.start(force=True)
    properties = {name: value for name, _, value in bench.fake.transient[receipt.unit or ""]}
    [[_, argv, flags]] = properties["ExecStartEx"]
    assert argv[-5:] == ["--trigger", "async", "--run-id", receipt.run_id, "--force"]
    assert flags == ["no-env-expand"]
    [[_, finalizer, _]] = properties["ExecStopPostEx"]
    assert finalizer[-1].endswith(f"--run-id {receipt.run_id}")
    plan = read_plan(bench.session.paths, "slow")
    assert plan is not None
    assert {name for name, _, _ in plan.service} <= set(properties)


def test_what_the_manager_refuses_is_closed_as_failed_and_its_key_is_free(bench: Bench) -> None:
    bench.fake.refusing.add("*")
    with pytest.raises(NotStartedError) as caught:
        bench.start(key="k")
    [run] = history.runs(bench.session).runs
    assert (run.status, run.error_code) == (RunStatus.FAILED, "not_started")
    assert "it was told so" in run.summary
    assert caught.value.facts["run_id"] == run.run_id
    assert bench.requests() == []
    bench.fake.refusing.clear()
    assert bench.start(key="k").run_id != run.run_id


def test_without_the_manager_that_was_asked_for_nothing_is_recorded(bench: Bench) -> None:
    bench.fake.absent = True
    with pytest.raises(BusAbsentError):
        start(bench.session, "slow", RunOptions(launcher=Launcher.SYSTEMD, trigger=Trigger.ASYNC))
    assert history.runs(bench.session).runs == ()


def test_without_a_manager_a_run_has_a_session_of_its_own(bench: Bench) -> None:
    bench.fake.absent = True
    receipt = bench.start("shows", to="/srv")
    assert (receipt.launcher, receipt.unit) == ("direct", None)
    require_valid("run-async", receipt.document())
    run = ended(bench, receipt.run_id)
    assert (run.status, run.pid, run.unit) == (RunStatus.SUCCEEDED, receipt.pid, None)
    assert (run.trigger, run.params) == (Trigger.ASYNC, {"to": "/srv"})
    seen = json.loads(run.details["stdout"])
    assert seen["param"] == "/srv"
    assert seen["session"] not in (os.getsid(0), seen["callers"])
    assert seen["terminal"] is False
    assert seen["invocation"] is None


def test_a_detached_run_holds_no_file_of_its_caller(bench: Bench) -> None:
    bench.fake.absent = True
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    try:
        receipt = bench.start("brief")
    finally:
        os.close(writing)
    with open(reading, "rb") as pipe:
        assert pipe.read() == b""  # would wait for the run if it held the other end
    assert ended(bench, receipt.run_id).status is RunStatus.SUCCEEDED


def test_one_key_is_one_detached_run(bench: Bench) -> None:
    bench.fake.absent = True
    first = bench.start("brief", key="k")
    again = first.replace(repeated=True)
    assert bench.start("brief", key="k") == again
    ended(bench, first.run_id)
    assert bench.start("brief", key="k") == again  # what it took itself is not part of its receipt
    assert len(history.runs(bench.session).runs) == 1


@pytest.mark.parametrize("launcher", [Launcher.AUTO, Launcher.DIRECT])
def test_limits_are_never_dropped_for_want_of_a_manager(bench: Bench, launcher: Launcher) -> None:
    bench.fake.absent = True
    with pytest.raises(NeedsSystemdError):
        start(bench.session, "tight", RunOptions(launcher=launcher, trigger=Trigger.ASYNC))
    assert history.runs(bench.session).runs == ()


def test_a_program_that_cannot_be_started_is_reported() -> None:
    with pytest.raises(FileNotFoundError):
        start_detached(["/nonexistent/program"], {})


def test_a_damaged_store_stops_only_a_start_with_a_key(bench: Bench, home: Home) -> None:
    bench.start()
    Path(home.paths.state_db).write_bytes(b"no database" * 1000)
    assert any("is damaged" in warning for warning in bench.start().warnings)
    with pytest.raises(StoreError):
        bench.start(key="k")
    assert len(bench.fake.transient) == 2


def test_a_locked_store_stops_only_a_start_with_a_key(bench: Bench, home: Home) -> None:
    bench.fake.absent = True
    ended(bench, bench.start("brief").run_id)
    holder = sqlite3.connect(home.paths.state_db, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreError, match=r"is locked .* Nothing was started: .* key 'k'"):
            bench.start("brief", key="k")
        receipt = bench.start("brief")
        assert any("is locked" in warning for warning in receipt.warnings)
        assert receipt.pid is not None
        run = ended(bench, receipt.run_id)  # read from the lock it holds, then from the spool
        assert (run.status, run.details["spooled"]) == (RunStatus.SUCCEEDED, True)
    finally:
        holder.close()
    merged = ended(bench, receipt.run_id)
    assert (merged.status, merged.pid) == (RunStatus.SUCCEEDED, receipt.pid)
    assert len(history.runs(bench.session).runs) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")
def test_a_read_only_store_stops_no_start(bench: Bench, home: Home, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(disk)], check=True)
    try:
        home.config(
            CONFIG.replace("SHOW", "0").replace("tasks:", f"state_dir: {disk}/state.db\ntasks:", 1)
        )
        bench.fake.absent = True
        ended(bench, bench.start("brief").run_id)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StoreError, match="Nothing was started"):
            bench.start("brief", key="k")
        run = ended(bench, bench.start("brief").run_id)
        assert (run.status, run.details["spooled"]) == (RunStatus.SUCCEEDED, True)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        assert len(history.runs(bench.session).runs) == 2
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a disk needs root")
def test_a_full_disk_stops_no_start_and_the_record_is_merged_when_there_is_room(
    bench: Bench, home: Home, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    try:
        home.config(
            CONFIG.replace("SHOW", "0").replace("tasks:", f"state_dir: {disk}/state.db\ntasks:", 1)
        )
        bench.fake.absent = True
        ended(bench, bench.start("brief").run_id)
        with pytest.raises(OSError, match="No space"):
            (disk / "filler").write_bytes(bytes(4 << 20))
        receipt = bench.start("brief")
        assert any("is full" in warning for warning in receipt.warnings)
        run = ended(bench, receipt.run_id)
        assert (run.status, run.details["spooled"]) == (RunStatus.SUCCEEDED, True)
        (disk / "filler").unlink()
        assert ended(bench, receipt.run_id).status is RunStatus.SUCCEEDED
        assert len(history.runs(bench.session).runs) == 2
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_one_key_is_one_run_however_many_ask(bench: Bench) -> None:
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: bench.start(key="monday"), range(20)))
    assert len({receipt.run_id for receipt in receipts}) == 1
    assert sum(not receipt.repeated for receipt in receipts) == 1
    assert len({repr(receipt.replace(repeated=True)) for receipt in receipts}) == 1
    assert len(bench.fake.transient) == 1
    assert len(history.runs(bench.session).runs) == 1
    assert bench.start(key="tuesday").run_id != receipts[0].run_id


def test_parameters_are_in_the_row_and_in_the_request(bench: Bench) -> None:
    receipt = bench.start("told", to="/srv")
    [run] = history.runs(bench.session).runs
    assert run.params == {"to": "/srv"}
    request = Path(bench.lock_dir, "runs", f"{receipt.run_id}.request")
    assert json.loads(request.read_text())["params"] == {"to": "/srv"}
    assert stat.S_IMODE(request.stat().st_mode) == 0o600


def test_a_key_with_other_parameters_is_another_request_and_refused(bench: Bench) -> None:
    first = bench.start("told", key="k", to="/srv")
    with pytest.raises(KeyTakenError) as caught:
        bench.start("told", key="k", to="/opt")
    assert caught.value.facts["run_id"] == first.run_id
    assert bench.start("told", key="k", to="/srv") == first.replace(repeated=True)


def test_an_undeclared_parameter_starts_no_run(bench: Bench) -> None:
    with pytest.raises(ParameterError):
        bench.start("told", tp="/srv")
    assert history.runs(bench.session).runs == ()


def test_without_a_key_every_start_is_a_run(bench: Bench) -> None:
    assert bench.start().run_id != bench.start().run_id


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a\nb", "\x1b[2J", "a\0b"])
def test_a_key_that_cannot_be_kept_is_refused(bench: Bench, key: str) -> None:
    with pytest.raises(UsageError):
        bench.start(key=key)
    assert history.runs(bench.session).runs == ()


def test_a_directive_that_the_bus_cannot_carry_is_named(bench: Bench) -> None:
    with pytest.raises(NeedsSystemdError) as caught:
        bench.start("raw")
    assert "OnFailure" in caught.value.sentence
    assert history.runs(bench.session).runs == ()


def test_an_unknown_task_starts_no_run(bench: Bench) -> None:
    with pytest.raises(UnknownTaskError):
        bench.start("slwo")


@pytest.mark.parametrize("instant_us", [0, 1, 1_790_000_000_123_456, 4_102_444_799_999_999])
def test_a_run_id_holds_the_time_of_the_request(instant_us: int) -> None:
    assert asked_at(make_run_id(instant_us, b"salt")) == instant_us
