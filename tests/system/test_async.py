"""Runs in the background: each in a transient unit of a real systemd, each with its receipt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.system.jobs import command, shell
from tests.system.seat import DOCKET, HostSeat, Seat, await_that


def receipts_of(seat: Seat, count: int, at_once: int, *words: str) -> list[dict[str, Any]]:
    """Return the receipts of `count` starts, `at_once` at a time."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda _: seat.answer("run", *words, "--async"), range(count)))


def ended(seat: Seat, run_id: str) -> dict[str, Any]:
    """Wait for the end of a run and return it."""

    def seen() -> dict[str, Any] | None:
        found: dict[str, Any] = seat.answer("status", "--run-id", run_id)
        return found if found["finished_at"] is not None else None

    return await_that(f"the end of {run_id}", seen)


def test_a_run_outlives_its_caller_in_a_unit_of_its_own(seat: Seat) -> None:
    seat.configure({"slow": shell("sleep 2; echo done", env={"TOLD": "100% $HOME"})})
    receipt = seat.answer("run", "slow", "--async")
    assert receipt["status"] == "running"
    assert receipt["unit"] == seat.unit(f"slow-{receipt['run_id']}.service")
    assert seat.shown(receipt["unit"], "MainPID") == str(receipt["pid"])
    assert seat.shown(receipt["unit"], "LoadState") == "loaded"  # and never bad-setting
    assert seat.shown(receipt["unit"], "Slice") == "docket.slice"
    assert seat.shown(receipt["unit"], "KillMode") == "mixed"
    run = ended(seat, receipt["run_id"])
    assert (run["status"], run["trigger"], run["pid"]) == ("succeeded", "async", receipt["pid"])
    assert run["unit"] == receipt["unit"]
    assert run["details"]["stdout"] == "done\n"


def test_the_row_is_there_when_the_receipt_is(seat: Seat) -> None:
    seat.configure({"slow": command("sleep", "60", overlap="allow")})
    for _ in range(3):
        receipt = seat.answer("run", "slow", "--async")
        run = seat.answer("status", "--run-id", receipt["run_id"])
        assert run["status"] in {"pending", "running"}
        seat.docket("cancel", receipt["run_id"])


def test_a_transient_unit_has_the_properties_of_the_installed_one(seat: Seat) -> None:
    job = shell(
        "exec sleep 60",
        schedule="@yearly",
        timeout="90s",
        limits={"memory": "64M", "cpu": "50%", "tasks": 20, "nice": 5, "open_files": 512},
        unit={"Service": {"NoNewPrivileges": "yes"}},
    )
    seat.configure({"tight": job})
    seat.docket("install")
    receipt = seat.answer("run", "tight", "--async")
    names = [
        "TimeoutStartUSec TimeoutStopUSec KillMode OOMPolicy NotifyAccess Slice Type MemoryMax",
        "CPUQuotaPerSecUSec TasksMax Nice LimitNOFILE LimitNOFILESoft NoNewPrivileges Description",
        "SuccessExitStatus StartLimitIntervalUSec EnvironmentFiles LoadCredential",
    ]
    for name in " ".join(names).split():
        expected = seat.shown(seat.unit("tight.service"), name)
        assert seat.shown(receipt["unit"], name) == expected, name
    seat.docket("cancel", receipt["run_id"])


def test_what_a_finished_unit_leaves_is_only_its_record(seat: Seat) -> None:
    seat.configure({"fails": command("false")})
    receipt = seat.answer("run", "fails", "--async")
    assert ended(seat, receipt["run_id"])["status"] == "failed"
    await_that("the unit to go", lambda: seat.shown(receipt["unit"], "LoadState") == "not-found")


def test_many_starts_at_once_are_many_runs_and_each_is_over_once(seat: Seat) -> None:
    seat.configure({f"job{i}": command("true", overlap="allow") for i in range(6)})
    with ThreadPoolExecutor(10) as pool:
        words = [("run", f"job{i % 6}", "--async") for i in range(30)]
        receipts = list(pool.map(lambda line: seat.answer(*line), words))
    assert len({receipt["run_id"] for receipt in receipts}) == 30
    for receipt in receipts:
        assert ended(seat, receipt["run_id"])["status"] == "succeeded"
    assert len(seat.answer("runs", "--limit", "100")) == 30


def test_one_key_is_one_run_and_one_receipt_whoever_asks(seat: Seat) -> None:
    seat.configure({"once": shell("sleep 2; echo ran")})
    receipts = receipts_of(seat, 20, 20, "once", "--idempotency-key", "monday")
    firsts = [receipt for receipt in receipts if not receipt["repeated"]]
    assert len(firsts) == 1
    assert all({**receipt, "repeated": False} == firsts[0] for receipt in receipts)
    assert len(seat.runs("once")) == 1
    assert ended(seat, receipts[0]["run_id"])["status"] == "succeeded"
    again = seat.answer("run", "once", "--async", "--idempotency-key", "monday")
    assert again == {**firsts[0], "repeated": True}
    other = seat.answer("run", "once", "--async", "--idempotency-key", "tuesday")
    assert other["run_id"] != receipts[0]["run_id"]


def test_a_parameter_reaches_the_child_of_a_unit_and_the_record(seat: Seat) -> None:
    job = shell('printf %s "$DOCKET_PARAM_TO_DIR"', inputs={"to-dir": "where"})
    seat.configure({"told": job})
    receipt = seat.answer("run", "told", "--async", "--param", "to-dir=/a $HOME 100%")
    run = ended(seat, receipt["run_id"])
    assert run["details"]["stdout"] == "/a $HOME 100%"
    assert run["params"] == {"to-dir": "/a $HOME 100%"}


def test_a_unit_that_cannot_run_closes_its_row(ada: HostSeat) -> None:
    large = f"{ada.folder}/larger-than-a-credential"
    ada.run(["sh", "-c", f"head -c 2100000 /dev/zero > '{large}'"])
    ada.configure({"gone": command("true", credentials={"key": large})})
    receipt = ada.answer("run", "gone", "--async")
    run = ended(ada, receipt["run_id"])
    assert run["status"] == "failed"
    assert len(ada.runs("gone")) == 1


def test_a_missing_credential_is_named_before_a_run(ada: HostSeat) -> None:
    ada.configure({"gone": command("true", credentials={"key": "./not-there"})})
    for words in (["--async"], []):
        refused = ada.answer("run", "gone", *words, check=False)
        assert refused["error_code"] == "run.credential_missing"
        assert "/.docket/not-there is not there" in refused["error"]
    assert not ada.runs("gone")
    assert "/.docket/not-there is not there" in ada.docket("check").stdout
    assert "/.docket/not-there is not there" in ada.docket("doctor", check=False).stdout


def test_a_credential_named_in_env_is_the_file_of_the_run(ada: HostSeat) -> None:
    ada.write(f"{ada.folder}/.docket/beside", "open sesame")
    job = shell(
        'tr a-y b-z < "$PASSWORD_FILE"; echo "$SOCKET"',
        credentials={"key": "./beside"},
        env={"PASSWORD_FILE": "${CREDENTIALS_DIRECTORY}/key", "SOCKET": "$XDG_RUNTIME_DIR/x"},
    )
    ada.configure({"secure": job})
    told = ada.answer("run", "secure")["details"]["stdout"].splitlines()
    assert told[0].startswith("pqfo tftbnf")
    assert told[0].endswith("/x") or told[1].endswith("/x")


def test_a_task_that_needs_a_unit_runs_in_one_in_the_foreground(ada: HostSeat) -> None:
    # What it prints of its credential is masked, so it prints other letters.
    ada.write(f"{ada.folder}/secret", "open sesame")
    job = shell(
        'tr a-y b-z < "$CREDENTIALS_DIRECTORY/key"; echo; echo told >&2; exit 3',
        credentials={"key": f"{ada.folder}/secret"},
    )
    ada.configure({"secure": job})
    done = ada.docket("run", "secure", check=False)
    assert done.returncode == 1
    assert "pqfo tftbnf" in done.stdout
    [run] = ada.runs("secure")
    assert (run["status"], run["trigger"]) == ("failed", "manual")
    assert run["unit"] == ada.unit(f"secure-{run['run_id']}.service")
    answered = ada.answer("run", "secure", check=False)
    assert (answered["status"], answered["details"]["exit_code"]) == ("failed", 3)
    assert answered["details"]["stdout"] == "pqfo tftbnf\n"


def test_a_run_by_hand_says_which_limit_has_no_effect(ada: HostSeat) -> None:
    ada.configure({"slow": command("true", limits={"io_weight": 10})})
    said = "limits.io_weight has no effect"
    known = ada.docket("check")
    done = ada.docket("run", "slow")
    assert (said in done.stderr) == (said in known.stdout + known.stderr)
    (warned,) = ada.answer("run", "slow")["warnings"] or [""]
    assert (said in warned) == (said in done.stderr)


def test_output_comes_as_it_is_printed_and_ctrl_c_cancels(ada: HostSeat) -> None:
    ada.configure({"slow": shell("echo begun; sleep 60", limits={"tasks": 50})})
    process = ada.popen([DOCKET, "run", "slow"])
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    ada.run(["/bin/sh", "-c", f"kill -INT {ada.pids('docket run slow')[-1]}"])
    assert process.wait(timeout=20) == 130
    [run] = ada.runs("slow")
    assert (run["status"], run["exit_code"]) == ("cancelled", 130)
    assert ada.count("sleep 60") == 0


def test_any_task_can_be_given_a_unit_by_hand(seat: Seat) -> None:
    seat.configure({"plain": command("echo", "hello")})
    assert seat.answer("run", "plain", "--launcher", "systemd")["details"]["stdout"] == "hello\n"
    [run] = seat.runs("plain")
    assert run["unit"] == seat.unit(f"plain-{run['run_id']}.service")


def test_the_system_scope_has_its_runs_in_units_of_the_system(root: HostSeat) -> None:
    root.configure({"slow": shell("sleep 1; id -u")})
    receipt = root.answer("run", "slow", "--async")
    assert receipt["warnings"] == []
    assert receipt["wait_command"].startswith("docket --system wait ")
    assert root.shown(receipt["unit"], "MainPID") == str(receipt["pid"])
    run = ended(root, receipt["run_id"])
    assert (run["status"], run["details"]["stdout"]) == ("succeeded", "0\n")
