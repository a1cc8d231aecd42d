"""Hostile arguments, streams that fail, and interruptions: one sentence, never a traceback."""

from __future__ import annotations

import json
import os
import pty
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from docket.cli.call import Call
from docket.cli.internal import internal_error
from tests.unit.cli.conftest import Docket, repository

Config = Callable[[str], Path]

TASKS = """
tasks:
  echo:
    type: command
    command: [echo, hello]
    schedule: "@daily"
  slow:
    type: command
    command: [sleep, "60"]
"""
HOSTILE: list[str | bytes] = [
    b"\xff\xfe",
    "x" * 300,
    "two\nlines",
    "../../etc/passwd",
    "%i",
    "\x1b[2Jname",
    "",
    "日本",
    "' \" $(reboot)",
]
TAKERS = (
    ("run",),
    ("describe",),
    ("status",),
    ("status", "--run-id"),
    ("runs",),
    ("logs",),
    ("events",),
    ("install", "--list"),
    ("uninstall",),
    ("next",),
    ("translate",),
    ("translate", "@daily", "--timezone"),
)


def start(environ: dict[str, str], *argv: str, **streams: object) -> subprocess.Popen[bytes]:
    child: subprocess.Popen[bytes] = subprocess.Popen(
        [sys.executable, "-m", "docket", *argv],
        env={**environ, "PYTHONPATH": repository()},
        **streams,  # type: ignore[call-overload]
    )
    return child


@pytest.mark.parametrize("argv", TAKERS, ids=" ".join)
@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_word_gets_one_sentence(
    docket: Docket, config: Config, argv: tuple[str, ...], word: str | bytes
) -> None:
    config(TASKS)
    text = os.fsdecode(word)
    told = docket("--json", *argv, text)
    if told.code == 0:  # an expression for `next`, a name that nothing is installed under
        assert json.loads(told.out) is not None
        return
    assert told.code == 1
    assert told.document["error_code"] not in ("internal", "error")
    plain = docket(*argv, text)
    assert plain.code == 1
    assert "Traceback" not in plain.err
    assert "\x1b" not in plain.err
    assert plain.err.startswith("docket: ")


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_bytes_that_are_not_text_are_answered_in_any_locale(
    spawn: Docket, config: Config, json_flag: tuple[str, ...]
) -> None:
    config(TASKS)
    told = spawn(
        *json_flag,
        "describe",
        b"caf\xe9\xff",
        LC_ALL="C",
        PYTHONUTF8="0",
        PYTHONCOERCECLOCALE="0",
    )
    assert told.code == 1
    assert "Traceback" not in told.err
    assert "e9" in told.out + told.err


def test_wide_text_in_a_narrow_alphabet_is_escaped(spawn: Docket, config: Config) -> None:
    config('tasks: {x: {type: command, command: "true", description: "日本 ✓"}}')
    told = spawn("list", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", COLUMNS="60")
    assert told.code == 0
    assert "\\u65e5\\u672c" in told.out


def test_a_full_disk_under_standard_output_gives_one_sentence(environ: dict[str, str]) -> None:
    with open("/dev/full", "wb") as full:
        child = start(environ, "--help", stdout=full, stderr=subprocess.PIPE)
        error = child.communicate(timeout=30)[1].decode()
    assert child.returncode == 1
    assert error.splitlines()[0] == (
        "docket: The answer could not be written to standard output: No space left on device."
    )
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "argv", [("completion", "bash"), ("--json", "describe", "nope")], ids=["answer", "error"]
)
def test_a_reader_who_has_gone_is_not_an_error(
    environ: dict[str, str], argv: tuple[str, ...]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = start(environ, *argv, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert child.communicate(timeout=30)[1] == b""
    assert child.returncode == 1


def test_a_closed_standard_output_gives_one_sentence(environ: dict[str, str]) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m docket completion bash >&-', sys.executable],
        env={**environ, "PYTHONPATH": repository()},
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1
    assert done.stderr == (
        b"docket: Standard output is closed, so the answer could not be given.\n"
    )


def test_a_batch_is_answered_line_by_line_while_its_input_stays_open(
    environ: dict[str, str],
) -> None:
    child = start(
        environ, "translate", "--batch", stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    assert child.stdin is not None
    assert child.stdout is not None
    for number in range(3):
        child.stdin.write(b'{"id": %d, "expr": "0 9 * * *", "tz": "UTC"}\n' % number)
        answer = json.loads(child.stdout.readline())
        assert answer == {"id": number, "lines": ["*-*-* 09:00:00 UTC"]}
    child.stdin.close()
    assert child.wait(timeout=30) == 0


def test_a_batch_line_that_never_ends_costs_no_memory_and_is_refused(spawn: Docket) -> None:
    told = spawn("translate", "--batch", stdin=b"x" * 3_000_000 + b'\n{"id":2,"expr":"@daily"}\n')
    first, second = map(json.loads, told.out.splitlines())
    assert first["error_code"] == "usage"
    assert second["id"] == 2


def test_ctrl_c_ends_with_one_line_and_its_own_exit_code(environ: dict[str, str]) -> None:
    child = start(
        environ,
        "translate",
        "--batch",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b'{"id":1,"expr":"@daily"}\n')
    child.stdin.flush()
    child.stdout.readline()
    child.send_signal(signal.SIGINT)
    error = child.communicate(timeout=30)[1]
    assert child.returncode == 130
    assert error == b"docket: Interrupted.\n"


def test_ctrl_c_cancels_the_run_and_says_so(environ: dict[str, str], config: Config) -> None:
    config(TASKS)
    child = start(environ, "run", "slow", "--json", stdout=subprocess.PIPE)
    database = Path(environ["HOME"], ".docket", "state.db")
    deadline = time.monotonic() + 60
    while not database.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    out = child.communicate(timeout=30)[0]
    assert child.returncode == 130
    assert json.loads(out)["status"] == "cancelled"


def test_colours_are_for_terminals_and_never_with_no_color(
    environ: dict[str, str], config: Config
) -> None:
    config(TASKS)
    assert b"\x1b[" in on_terminal({**environ, "TERM": "xterm"}, "list")
    assert b"\x1b[" not in on_terminal({**environ, "TERM": "xterm", "NO_COLOR": "1"}, "list")
    assert b"\x1b[" not in on_terminal({**environ, "TERM": "dumb"}, "list")


def on_terminal(environ: dict[str, str], *argv: str) -> bytes:
    """Return what the command writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    child = start(environ, *argv, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert child.wait(timeout=30) == 0
    return seen


def test_an_unforeseen_fault_keeps_its_traceback_in_a_private_file(tmp_path: Path) -> None:
    call = Call(environ={"HOME": str(tmp_path)})
    old_mask = os.umask(0)
    try:
        error = internal_error(ValueError("boom"), call)
    finally:
        os.umask(old_mask)
    report = tmp_path / ".docket" / "last-error.txt"
    assert error.document()["error_code"] == "internal"
    assert str(report) in (error.hint or "")
    assert "ValueError: boom" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.parent.stat().st_mode) == 0o700


def test_a_fault_is_reported_even_if_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = internal_error(ValueError("boom"), Call(environ={"DOCKET_HOME": f"{tmp_path}/file"}))
    assert "DOCKET_DEBUG" in (error.hint or "")
