"""A child in the foreground: its result, its end, and the signals that reach it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable

import pytest

from docket.app.runs.foreground import RunnerExit, run_in_foreground
from docket.app.runs.options import Attachment

HEAD = "import os, signal, sys, time, subprocess; fd = int(sys.argv[-1]);"


def run(body: str, *, echo: bool = False) -> RunnerExit:
    return run_in_foreground(
        [sys.executable, "-IS", "-c", HEAD + body], os.environ, Attachment(echo=echo)
    )


def later(seconds: float, act: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def test_the_result_and_the_exit_code_come_back() -> None:
    assert run("os.write(fd, b'{}'); sys.exit(3)") == RunnerExit(3, b"{}")


def test_a_result_larger_than_a_pipe_comes_whole() -> None:
    ended = run("f = os.fdopen(fd, 'wb'); f.write(b'x' * 3_000_000); f.close()")
    assert len(ended.result) == 3_000_000


def test_death_by_a_signal_is_reported() -> None:
    assert run("os.kill(os.getpid(), signal.SIGKILL)") == RunnerExit(-9, b"")


def test_a_grandchild_that_keeps_the_pipe_open_does_not_hold_us_up() -> None:
    begun = time.monotonic()
    ended = run("subprocess.Popen(['sleep', '20'], pass_fds=[fd]); os.write(fd, b'done')")
    assert ended == RunnerExit(0, b"done")
    assert time.monotonic() - begun < 10


def test_a_child_that_closes_the_pipe_early_is_waited_for() -> None:
    assert run("os.close(fd); time.sleep(0.2); sys.exit(4)") == RunnerExit(4, b"")


def test_without_echo_nothing_reaches_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    run("os.write(1, b'noise')")
    assert capfd.readouterr().out == ""


def test_with_echo_the_output_is_ours(capfd: pytest.CaptureFixture[str]) -> None:
    run("os.write(1, b'heard')", echo=True)
    assert capfd.readouterr().out == "heard"


def test_standard_input_is_never_ours() -> None:
    assert run("os.write(fd, os.read(0, 10) or b'empty')").result == b"empty"


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (signal.SIGINT, signal.SIGINT),
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGHUP, signal.SIGTERM),
    ],
)
def test_a_signal_reaches_the_child_and_the_result_still_comes(
    sent: signal.Signals, received: signal.Signals
) -> None:
    before = signal.getsignal(sent)
    timer = later(0.5, lambda: os.kill(os.getpid(), sent))
    ended = run(
        "signal.pthread_sigmask(signal.SIG_BLOCK, [1, 2, 15]);"
        "got = signal.sigwait([1, 2, 15]); os.write(fd, str(int(got)).encode()); sys.exit(1)"
    )
    timer.join()
    assert ended == RunnerExit(1, str(int(received)).encode())
    assert signal.getsignal(sent) == before


def test_the_child_is_in_a_process_group_of_its_own() -> None:
    ended = run("os.write(fd, str(os.getpgid(0) == os.getpid()).encode())")
    assert ended.result == b"True"


def test_it_works_in_a_thread_too() -> None:
    found: list[RunnerExit] = []
    thread = threading.Thread(target=lambda: found.append(run("os.write(fd, b'x')")))
    thread.start()
    thread.join(20)
    assert found == [RunnerExit(0, b"x")]


def test_no_descriptor_is_left_behind() -> None:
    run("pass")
    before = sorted(os.listdir("/proc/self/fd"))
    run("os.write(fd, b'x')")
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_a_program_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        run_in_foreground(["/nonexistent/python"], os.environ, Attachment(echo=False))
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_caller_that_ignores_its_children_changes_nothing() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        ended = run("left = subprocess.run(['false']).returncode; os.write(fd, str(left).encode())")
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert ended.result == b"1"


def test_a_signal_that_was_ignored_at_the_start_stays_ignored() -> None:
    """As under nohup: a terminal that goes away ends nothing."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        later(0.3, lambda: os.kill(os.getpid(), signal.SIGHUP))
        assert run("time.sleep(1); os.write(fd, b'{}')") == RunnerExit(0, b"{}")
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
