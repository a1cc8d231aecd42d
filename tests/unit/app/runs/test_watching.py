"""`docket status --watch`: the same answer again and again, until somebody has seen enough."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys

from docket.runfiles import boot_id
from docket.runner.record.locks import RunLock
from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid

CONFIG = "tasks:\n  a: {type: command, command: [echo, x]}\n"


def watching(home: Home, *words: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a watch."""
    home.config(CONFIG)
    line = [sys.executable, "-m", "docket", "status", "--watch", *words]
    environ = {**home.environ, "TERM": "xterm"}
    return subprocess.Popen(
        line, env=environ, stdout=stdout, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def test_a_watch_shows_every_look_and_ctrl_c_is_its_end(home: Home) -> None:
    home.record("a")
    with watching(home, "--json") as process:
        assert process.stdout is not None
        looks = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert [require_valid("status", look)[0]["task_name"] for look in looks] == ["a", "a"]


def test_a_watched_run_is_watched_until_it_is_over(home: Home) -> None:
    run_id = home.record("a", "running", boot_id=boot_id(), pid=os.getpid())
    lock = RunLock(home.paths.lock_dir, run_id)
    with watching(home, "--run-id", run_id, "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["status"] == "running"
        home.finish(run_id)
        lock.release()
        assert json.loads(process.stdout.readlines()[-1])["status"] == "succeeded"
        assert process.wait(60) == 0


def test_on_a_terminal_each_look_takes_the_place_of_the_one_before(home: Home) -> None:
    run_id = home.record("a")
    reading, writing = pty.openpty()
    with watching(home, "--run-id", run_id, stdout=writing) as process:
        os.close(writing)
        shown = b""
        while b"\x1b[J" not in shown:
            shown += os.read(reading, 4096)
        assert process.wait(60) == 0
    os.close(reading)
    assert shown.startswith(b"\x1b[H")
    assert b"succeeded" in shown
