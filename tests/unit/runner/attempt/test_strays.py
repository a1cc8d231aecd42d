"""A run without a unit that is ended takes along what it started in other sessions."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from docket.model.runid import make_run_id
from docket.strays import Strays, _belongs, kill_leftovers
from tests.unit.runner.runner_home import Home, wait_until

_SECONDS = 10_000_000 + os.getpid()  # a number of seconds that no other process sleeps
_SLEEP = f"sleep {_SECONDS}"
_STRAYS = {
    "session": f"setsid {_SLEEP} &",
    "daemon": f"setsid -f {_SLEEP}",
    "emptied": f"setsid env -i {_SLEEP} &",
    "below a daemon": f"setsid -f sh -c 'setsid env -i {_SLEEP} & wait'",
    "stubborn": f"setsid sh -c 'trap \"\" TERM; {_SLEEP}; {_SLEEP}' &",
    "many": f"for i in 1 2 3 4 5 6 7 8 9; do setsid {_SLEEP} & done;",
}


def sleepers() -> list[str]:
    found = []
    for directory in Path("/proc").iterdir():
        try:
            words = (directory / "cmdline").read_bytes() if directory.name.isdigit() else b""
        except OSError:
            continue
        if words.startswith(f"sleep\0{_SECONDS}".encode()):
            found.append(directory.name)
    return found


@pytest.mark.parametrize("strays", _STRAYS.values(), ids=_STRAYS)
@pytest.mark.parametrize("leader", ["wait", "exec sleep 30"])
def test_a_timeout_leaves_no_process_in_any_session(home: Home, strays: str, leader: str) -> None:
    home.plan("job", "/bin/sh", "-c", f"{strays}\n{leader}; sleep 30",
              timeout_seconds=1.0, grace_seconds=0.3)  # fmt: skip
    home.run("job")
    assert home.only_run().error_code == "timeout"
    assert sleepers() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_leaves_no_process_in_any_session(home: Home, number: int) -> None:
    every = "\n".join(_STRAYS.values())
    home.plan("job", "/bin/sh", "-c", f"{every}\nsleep 30", grace_seconds=0.3)
    with home.start("job") as process:
        wait_until(lambda: len(sleepers()) >= 14)
        process.send_signal(number)
        process.wait(60)
    assert sleepers() == []


class Delayed(Strays):
    """Strays of which one starts something between the second look and what is done then."""

    def __init__(self, run_id: str, start: Callable[[], None]) -> None:
        super().__init__(run_id)
        self._at_looks: list[Callable[[], object]] = [start, bool]

    def _find(self, leader: int) -> bool:
        found = super()._find(leader)
        if self._at_looks:
            self._at_looks.pop()()
        return found


def test_what_a_stray_starts_between_the_look_and_the_kill_is_ended_too() -> None:
    run_id = make_run_id(1, os.urandom(4))
    environ = {"DOCKET_RUN_ID": run_id, "PATH": os.environ["PATH"]}
    line, waiting = ["sh", "-c", f"read line; setsid {_SLEEP} & wait"], subprocess.PIPE
    leader = subprocess.Popen(["sleep", "60"], start_new_session=True)
    with subprocess.Popen(line, env=environ, stdin=waiting, start_new_session=True) as stray:

        def start() -> None:
            assert stray.stdin is not None
            os.write(stray.stdin.fileno(), b"\n")
            wait_until(sleepers)

        strays = Delayed(run_id, start)
        strays.signal(leader.pid, signal.SIGCONT)
        strays.signal(leader.pid, signal.SIGKILL)
        strays.close()
    leader.kill()
    leader.wait()
    wait_until(lambda: not sleepers())


def test_a_process_in_the_middle_of_execve_is_known() -> None:
    run_id = make_run_id(1, os.urandom(4))
    environ = {"DOCKET_RUN_ID": run_id, "PATH": os.environ["PATH"]}
    unknown, known = [], 0
    with subprocess.Popen(["sh", "-c", "while :; do sleep 0.001; done"], env=environ) as shell:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            for pid in map(int, _children(shell.pid)):
                if _belongs(pid, run_id, None):
                    known += 1
                elif run_id.encode() in _environ_of(pid):
                    unknown.append(pid)
        shell.kill()
    assert known
    assert unknown == []


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _environ_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes as another user")
@pytest.mark.parametrize("owner", [None, 65533, 65534])
def test_a_process_of_another_user_is_not_a_leftover_of_ours_whatever_run_it_names(
    owner: int | None,
) -> None:
    run_id = make_run_id(1, os.urandom(4))
    theirs = subprocess.Popen(
        ["sleep", "60"], env={"DOCKET_RUN_ID": run_id}, user=65534, group=65534
    )
    ours = subprocess.Popen(["sleep", "60"], env={"DOCKET_RUN_ID": run_id})
    try:
        named = {ours.pid, theirs.pid} if owner == 65534 else {ours.pid}
        assert set(kill_leftovers(run_id, owner)) == named
        assert ours.wait(10) == -signal.SIGKILL
        assert (theirs.poll() is None) == (owner != 65534)
    finally:
        for process in (theirs, ours):
            process.kill()
            process.wait()
