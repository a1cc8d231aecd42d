"""Progress as people see it: a bar below the output on a terminal, a line in the status."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docket.app.runs.liveprogress import RunProgress
from docket.cli.render.layout.plain import width
from docket.cli.render.layout.progressbar import ProgressBar, bar_text
from docket.cli.render.layout.screen import Screen
from tests.unit.app.documents import require_valid
from tests.unit.plugins.installation import Installation

SCREEN = Screen(80, False, True, 0, terminal=True)
WORK = """
import os, sys, time
from docket.task import BaseTask, TaskResult

class Work(BaseTask):
    name = "work"
    def run(self, config):
        for n in range(1, 5):
            print("line", n, flush=True)
            self.progress(n / 4, f"step {n}")
            time.sleep(0.6)
        print("end of the words")
        return TaskResult(True, "Worked")
"""


class Terminal:
    """A terminal that a command runs on, and everything that was written to it."""

    def __init__(self, installed: Installation, *words: str, **environ: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [str(installed.python), "-m", "docket", *words],
            env={**installed.environ, "TERM": "xterm", **environ},
            stdin=subprocess.DEVNULL,
            stdout=slave,
            stderr=slave,
            cwd="/",
            start_new_session=True,
        )
        os.close(slave)
        self.written = ""

    def read(self, until: Callable[[str], Any] | None = None, seconds: float = 30.0) -> str:
        """Read to the end, or until the text so far is enough."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (until and until(self.written)):
            if not select.select([self.master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            self.written += data.decode(errors="replace")
        return self.written

    def finish(self) -> tuple[int, str]:
        """Read to the end; return the exit code and what a terminal shows at last."""
        self.read()
        code = self.process.wait(timeout=20)
        os.close(self.master)
        return code, shown(self.written)


def shown(written: str) -> str:
    """Return what the lines look like once every erased line is erased."""
    lines = written.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rpartition("\r\x1b[K")[2] for line in lines)


@pytest.fixture
def working(installed: Installation) -> Installation:
    installed.drop_in("work.py", WORK)
    return installed


def test_a_bar_is_drawn_below_the_output_and_gone_at_the_end(working: Installation) -> None:
    code, text = (terminal := Terminal(working, "run", "work")).finish()
    assert code == 0
    assert re.search(r"\u2588+.*50% step 2", terminal.written)
    assert text.splitlines()[:5] == ["line 1", "line 2", "line 3", "line 4", "end of the words"]
    assert "\u2588" not in text
    assert "% " not in text
    assert "Worked" in text


@pytest.mark.parametrize("words", [("run", "work", "--json"), ("--json", "run", "work")])
def test_no_bar_is_drawn_with_json(working: Installation, words: tuple[str, ...]) -> None:
    code, text = (terminal := Terminal(working, *words)).finish()
    assert code == 0
    assert "\x1b" not in terminal.written
    assert json.loads(text)["summary"] == "Worked"


def test_no_bar_is_drawn_on_a_terminal_that_cannot_move(working: Installation) -> None:
    code, _ = (terminal := Terminal(working, "run", "work", TERM="dumb")).finish()
    assert (code, "\x1b" in terminal.written) == (0, False)


def test_no_bar_is_drawn_if_there_is_no_terminal(working: Installation) -> None:
    done = working.run("run", "work", TERM="xterm")
    assert "\x1b" not in done.stdout + done.stderr
    assert done.stdout.startswith("line 1\nline 2\n")


def test_ctrl_c_on_a_terminal_cancels_the_run_and_takes_the_bar_away(
    working: Installation,
) -> None:
    terminal = Terminal(working, "run", "work")
    terminal.read(lambda text: "step 1" in text)
    terminal.process.send_signal(signal.SIGINT)
    code, text = terminal.finish()
    assert code == 130
    assert "\u2588" not in text
    assert working.ask("runs")[0]["status"] == "cancelled"


def test_much_output_beside_much_progress_comes_whole(installed: Installation) -> None:
    body = """
    from docket.task import BaseTask, TaskResult
    class Work(BaseTask):
        name = "work"
        def run(self, config):
            for n in range(30000):
                print(f"line {n} " + "x" * 50)
                self.progress(n / 30000, "busy")
            return TaskResult(True, "Worked")
    """
    installed.drop_in("work.py", body)
    code, text = Terminal(installed, "run", "work").finish()
    assert code == 0
    lines = [line for line in text.splitlines() if line.startswith("line ")]
    assert lines == [f"line {n} " + "x" * 50 for n in range(30000)]


def test_a_command_with_json_lines_has_the_same_bar(installed: Installation) -> None:
    line = '{"event": "progress", "fraction": 0.5, "message": "half"}'
    installed.config(
        f"""
        tasks:
          job:
            type: command
            command: [sh, -c, 'echo ''{line}''; sleep 1.5']
            output_format: jsonl
        """
    )
    code, _ = (terminal := Terminal(installed, "run", "job")).finish()
    assert code == 0
    assert re.search(r"\u2588+.*\u2591.* 50% half", terminal.written)


HELD = """
import os, time
from docket.task import BaseTask, TaskResult

class Work(BaseTask):
    name = "work"
    def run(self, config):
        self.event("begun")
        self.progress(0.25, "step 1")
        while not os.path.exists(config["go_on"]):
            time.sleep(0.02)
        self.progress(1.0, "step 4")
        return TaskResult(True, "Worked")
"""


@pytest.fixture
def held(installed: Installation) -> Iterator[tuple[Installation, Path, str]]:
    """A run that reports a quarter and goes on once a file is there; the file, and its id."""
    go_on = installed.user_home / "go-on"
    installed.drop_in("work.py", HELD)
    installed.config(f"tasks: {{work: {{go_on: {str(go_on)!r}}}}}\n")
    process = subprocess.Popen(
        [str(installed.python), "-m", "docket", "run", "work"],
        env=installed.environ,
        cwd="/",
        stdout=subprocess.DEVNULL,
    )
    end = time.monotonic() + 40
    while not (found := _progress_of_only_run(installed)):
        assert time.monotonic() < end
    yield installed, go_on, found
    go_on.touch()
    assert process.wait(timeout=40) == 0


def _progress_of_only_run(installed: Installation) -> str:
    """Return the id of the one run, once it has reported its progress."""
    told = installed.run("status", "work", "--json")
    running = json.loads(told.stdout)["running"] if told.returncode == 0 else []
    return running[0]["run_id"] if running and running[0]["progress"] else ""


def test_the_status_says_how_far_a_live_run_is(held: tuple[Installation, Path, str]) -> None:
    working, go_on, run_id = held
    (running,) = require_valid("status", working.ask("status", "work"))["running"]
    assert (running["progress"]["fraction"], running["progress"]["message"]) == (0.25, "step 1")
    assert re.search(r"progress +25% step 1, ", working.run("status", "work").stdout)
    assert re.search(r"work +running.*, 25%", working.run("status").stdout)
    go_on.touch()
    assert working.run("wait", run_id).returncode == 0
    detail = require_valid("status", working.ask("status", "--run-id", run_id))
    assert (detail["progress"]["fraction"], detail["progress"]["message"]) == (1.0, "step 4")


def test_events_of_a_python_task_are_followed_live(held: tuple[Installation, Path, str]) -> None:
    working, go_on, run_id = held
    follower = subprocess.Popen(
        [str(working.python), "-m", "docket", "--json", "events", run_id, "--follow"],
        env=working.environ,
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
    )
    assert follower.stdout is not None
    first = [json.loads(follower.stdout.readline())["event"] for _ in range(2)]
    assert first[0] == {"event": "begun"}
    assert working.ask("status", "--run-id", run_id)["status"] == "running"
    go_on.touch()
    rest = [json.loads(line)["event"] for line in follower.stdout]
    assert rest == [{"event": "progress", "fraction": 1.0, "message": "step 4"}]
    assert follower.wait(timeout=20) == 0


def test_a_run_without_progress_has_none(installed: Installation) -> None:
    installed.config("tasks: {job: {type: command, command: 'true'}}\n")
    run_id = installed.ask("run", "job")["run_id"]
    assert installed.ask("status", "--run-id", run_id)["progress"] is None


@pytest.mark.parametrize(
    ("fraction", "message", "columns", "text"),
    [
        (0.0, "", 79, "\u2591" * 24 + "   0%"),
        (0.5, "half", 79, "\u2588" * 12 + "\u2591" * 12 + "  50% half"),
        (0.29, "", 79, "\u2588" * 6 + "\u2591" * 18 + "  29%"),
        (0.999, "", 79, "\u2588" * 23 + "\u2591" + "  99%"),
        (1.0, "done", 79, "\u2588" * 24 + " 100% done"),
        (None, "somewhere", 79, "\u2026 somewhere"),
        (0.5, "long words", 12, " 50% long w\u2026"),
        (0.5, "a\x1b[31mb\nc", 79, "\u2588" * 12 + "\u2591" * 12 + "  50% a\\x1b[31mb c"),
    ],
)
def test_the_bar_is_one_safe_line(
    fraction: float | None, message: str, columns: int, text: str
) -> None:
    found = bar_text(RunProgress(fraction, message, 0), SCREEN, columns)
    assert found == text
    assert width(found) <= columns


@pytest.mark.parametrize("message", ["x" * 500, "\u65e5\u672c" * 300, "\x1b" * 500, "\ud800" * 90])
@pytest.mark.parametrize("columns", [1, 5, 19, 40, 79, 200])
def test_no_message_is_wider_than_the_terminal(message: str, columns: int) -> None:
    for fraction in (None, 0.37):
        assert width(bar_text(RunProgress(fraction, message, 0), SCREEN, columns)) <= columns


def test_the_bar_waits_for_the_end_of_a_line(tmp_path: Any) -> None:
    path = tmp_path / "terminal"
    with path.open("wb") as file:
        bar = ProgressBar(file.fileno(), SCREEN)
        bar.progress(RunProgress(0.5, "half", 0))
        bar.output(b"begun ")
        bar.progress(RunProgress(0.6, "more", 0))
        bar.output(b"and ended\n")
        bar.close()
    written = path.read_bytes().decode()
    assert written.replace("\r\x1b[K", "").count("begun and ended\n") == 1
    assert shown(written) == "begun and ended\n"


def recorded(installed: Installation) -> dict[str, Any]:
    """Return the progress in the record, which the terminal may be ahead of."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        (running,) = installed.ask("status", "job")["running"]
        if running["progress"] is not None:
            found: dict[str, Any] = running["progress"]
            return found
        time.sleep(0.05)
    raise AssertionError("no progress was recorded")


@pytest.mark.parametrize(("sign", "shown_as"), [("", "100%"), ("-", "0%")])
def test_a_huge_number_breaks_neither_the_bar_nor_the_status(
    installed: Installation, sign: str, shown_as: str
) -> None:
    line = f'{{"event": "progress", "fraction": {sign}{"9" * 400}, "message": "huge"}}'
    go_on = installed.user_home / "go-on"
    wait = f"until test -e {go_on}; do sleep 0.05; done"
    task = {"type": "command", "command": ["sh", "-c", f"echo '{line}'; {wait}"]}
    installed.config(json.dumps({"tasks": {"job": {**task, "output_format": "jsonl"}}}))
    terminal = Terminal(installed, "run", "job")
    try:
        assert f"{shown_as} huge" in terminal.read(lambda text: f"{shown_as} huge" in text)
        assert recorded(installed)["fraction"] == (0.0 if sign else 1.0)
        assert shown_as in installed.run("status").stdout
    finally:
        go_on.touch()
    assert terminal.finish()[0] == 0
