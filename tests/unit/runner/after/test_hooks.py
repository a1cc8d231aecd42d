"""Hooks run after the record, get their values by the environment, and change nothing."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from docket.model.states import RunStatus
from tests.unit.runner.runner_home import Home, alive, wait_until


def test_hooks_of_the_outcome_run_before_those_of_completion(home: Home) -> None:
    hooks = [("on_complete", "echo c"), ("on_failure", "echo f"), ("on_success", "echo s")]
    home.plan("good", "/bin/true", hooks=hooks)
    home.plan("bad", "/bin/false", hooks=hooks)
    assert [h["stdout"] for h in home.result("good")["hooks"]] == ["s\n", "c\n"]
    assert [h["stdout"] for h in home.result("bad")["hooks"]] == ["f\n", "c\n"]


def test_hooks_see_a_record_that_is_already_final(home: Home) -> None:
    look = f"sqlite3 -readonly {home.state_db} 'SELECT status FROM runs'"
    if not Path("/usr/bin/sqlite3").exists():
        look = (
            "python3 -c \"import sqlite3; print(sqlite3.connect('"
            f"{home.state_db}').execute('SELECT status FROM runs').fetchone()[0])\""
        )
    home.plan("job", "/bin/true", hooks=[("on_complete", look)])
    assert home.result("job")["hooks"][0]["stdout"] == "succeeded\n"


def test_hooks_get_the_runs_values(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "echo text; exit 3", hooks=[("on_failure", "env")])
    result = home.result("job")
    found = dict(line.split("=", 1) for line in result["hooks"][0]["stdout"].splitlines())
    assert found["DOCKET_RUN_ID"] == result["run_id"]
    assert found["DOCKET_TASK_NAME"] == "job"
    assert (found["DOCKET_STATUS"], found["DOCKET_EXIT_CODE"]) == ("failed", "1")
    assert found["DOCKET_SUMMARY"] == result["summary"]
    assert found["DOCKET_LOG_PATH"] == result["log_path"]
    assert json.loads(found["DOCKET_DETAILS_JSON"])["stdout"] == "text\n"
    assert found["DOCKET_STARTED_AT"].endswith("+00:00")
    assert float(found["DOCKET_DURATION_SECONDS"]) >= 0


def test_a_tasks_output_never_becomes_code_in_a_hook(home: Home) -> None:
    bait = '"; touch PWNED; " $(touch PWNED) `touch PWNED` \\ \' \n'
    file = home.path / "remote.txt"
    file.write_text(bait)
    hook = 'printf "%s\\n" "$DOCKET_DETAILS_JSON" "$DOCKET_SUMMARY"'
    home.plan("job", "/bin/cat", str(file), hooks=[("on_complete", hook)], cwd=str(home.path))
    result = home.result("job")
    assert not list(home.path.rglob("PWNED"))
    said = result["hooks"][0]["stdout"].splitlines()[0]
    assert json.loads(said)["stdout"] == bait


def test_a_hook_gets_the_details_though_the_disk_is_full(home: Home) -> None:
    runs = Path(home.lock_dir) / "runs"
    runs.mkdir(parents=True, exist_ok=True, mode=0o700)
    words = ["mount", "-t", "tmpfs", "-o", "size=64k,mode=0700", "docket-test", str(runs)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no right to mount a small disk")
    try:
        fill = f"echo words; head -c 1M /dev/zero > {runs}/big 2>/dev/null; true"
        look = f'test ! -f {runs}/*.details && cat "$DOCKET_DETAILS_FILE"'
        hooks = [("on_complete", f'{look}; cat "$DOCKET_DETAILS_FILE" >&2')] * 2
        home.plan("job", "/bin/sh", "-c", fill, hooks=hooks)
        found = home.result("job")["hooks"]
        assert [hook["exit_code"] for hook in found] == [0, 0]
        for said in (found[0]["stdout"], found[0]["stderr"], found[1]["stdout"]):
            assert json.loads(said)["stdout"] == "words\n"
    finally:
        subprocess.run(["umount", "-l", str(runs)], check=False)


def test_a_noisy_failure_still_reaches_its_hook(home: Home) -> None:
    home.plan(
        "job",
        "/bin/sh",
        "-c",
        "head -c 900000 /dev/zero | tr '\\0' '\"'; exit 1",
        hooks=[
            ("on_failure", 'printf "%s\\n" "$DOCKET_DETAILS_JSON"; wc -c < "$DOCKET_DETAILS_FILE"')
        ],
    )
    hook = home.result("job", "--quiet")["hooks"][0]
    shown, size = hook["stdout"].strip().rsplit("\n", 1)
    assert json.loads(shown)["details_truncated"] is True
    assert int(size) > 100_000
    assert not list((home.lock_dir / "runs").glob("*.details"))


def test_a_hook_that_fails_changes_nothing_and_is_recorded(home: Home) -> None:
    home.plan("job", "/bin/true", hooks=[("on_success", "echo oops >&2; exit 9")])
    assert home.run("job").returncode == 0
    run = home.only_run()
    assert run.status is RunStatus.SUCCEEDED
    hook = home.ask(lambda reader: reader.hooks(run.run_id))[0]
    assert (hook.state, hook.exit_code, hook.stderr) == ("done", 9, "oops\n")


def test_a_hook_past_its_deadline_is_killed_with_its_children(home: Home) -> None:
    home.plan(
        "job",
        "/bin/true",
        hook_timeout_seconds=0.5,
        hooks=[("on_success", "sleep 67 & echo $!; sleep 68"), ("on_complete", "echo next")],
    )
    begun = time.monotonic()
    hooks = home.result("job")["hooks"]
    assert time.monotonic() - begun < 10
    assert (hooks[0]["state"], hooks[0]["exit_code"]) == ("timed_out", -1)
    assert hooks[1]["stdout"] == "next\n"
    wait_until(lambda: not alive(int(hooks[0]["stdout"])))


def test_a_hook_with_endless_output_ends_at_its_deadline(home: Home) -> None:
    home.plan("job", "/bin/true", hook_timeout_seconds=0.5, hooks=[("on_success", "yes")])
    hook = home.result("job")["hooks"][0]
    assert hook["state"] == "timed_out"
    assert len(hook["stdout"]) < 100_000


def test_a_skipped_run_calls_no_hooks(home: Home) -> None:
    home.plan("job", "/bin/sleep", "30", hooks=[("on_complete", "echo x")])
    first = home.start("job")
    wait_until(lambda: home.ask(lambda reader: reader.running("job")))
    assert home.result("job")["hooks"] == []
    first.terminate()
    first.wait(60)
