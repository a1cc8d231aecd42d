"""What a Python task reports while it runs: events and progress, live, whatever it reports."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from docket.model.rows import RunRow
from docket.runner.record.record import Recorder
from tests.unit.runner.runner_home import AT_ONCE, Home, wait_until

HEAD = (
    "from docket.task import BaseTask, TaskResult\n"
    "import os, sys, time, datetime, threading, signal, atexit, pathlib\n"
)


def task(home: Home, body: str, **values: Any) -> None:
    """Write the plan of a Python task whose run() is `body`."""
    path = home.path / "task.py"
    lines = "\n".join("        " + line for line in body.splitlines())
    path.write_text(
        f"{HEAD}class Job(BaseTask):\n    name = 'job'\n    def run(self, config):\n{lines}\n"
    )
    home.plan("job", python=(path, "Job"), **values)


def events(home: Home) -> list[dict[str, Any]]:
    """Return the events of the one run."""
    run = home.only_run()
    return [e.event for e in home.ask(lambda reader: reader.events(run.run_id, 0, 100_000))]


DONE = "return TaskResult(True, 'done')"


def test_events_are_recorded_in_order_with_their_kind(home: Home) -> None:
    body = (
        "self.event('fetched', count=3)\n"
        "self.event({'type': 'page', 'url': 'http://x'}, number=2)\n"
        "self.event({'event': 'at', 'timestamp': '2026-01-01T00:00:00Z'})\n" + DONE
    )
    task(home, body)
    assert home.run("job").returncode == 0
    run = home.only_run()
    found = home.ask(lambda reader: reader.events(run.run_id))
    assert [(e.event_index, e.event_type) for e in found] == [
        (1, "fetched"),
        (2, "page"),
        (3, "at"),
    ]
    assert found[0].event == {"event": "fetched", "count": 3}
    assert found[1].event == {"type": "page", "url": "http://x", "number": 2}
    assert found[2].timestamp == "2026-01-01T00:00:00Z"


def test_events_are_seen_while_the_task_still_runs(home: Home) -> None:
    go_on = home.path / "go-on"
    body = (
        f"self.event('first')\nwhile not os.path.exists({str(go_on)!r}): time.sleep(0.01)\n" + DONE
    )
    task(home, body)
    process = home.start("job")
    wait_until(lambda: home.state_db.exists() and home.ask(lambda r: r.runs()))
    assert wait_until(lambda: events(home)) == [{"event": "first"}]
    assert home.only_run().status == "running"
    go_on.touch()
    process.communicate(timeout=20)
    assert home.only_run().status == "succeeded"


def test_the_last_progress_is_always_kept_and_the_flood_before_it_is_not(home: Home) -> None:
    body = (
        "for n in range(20001):\n    self.progress(n / 20000, f'file {n}')\n"
        "return TaskResult(True, 'done')"
    )
    task(home, body)
    begun = time.monotonic()
    assert home.run("job").returncode == 0
    found = events(home)
    assert found[0] == {"event": "progress", "fraction": 0.0, "message": "file 0"}
    assert found[-1] == {"event": "progress", "fraction": 1.0, "message": "file 20000"}
    assert len(found) <= 2 * (time.monotonic() - begun) + 2


def test_progress_that_comes_slowly_is_kept_as_it_comes(home: Home) -> None:
    body = "for n in range(3):\n    self.progress(n / 2)\n    time.sleep(0.7)\n" + DONE
    task(home, body)
    home.run("job")
    assert [event["fraction"] for event in events(home)] == [0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("call", "fraction"),
    [
        ("progress(0.4)", 0.4),
        ("progress(1)", 1.0),
        ("progress(-0.5)", 0.0),
        ("progress(40)", 1.0),
        ("progress(float('nan'))", None),
        ("progress(float('inf'))", 1.0),
        ("progress(None, 'somewhere')", None),
    ],
)
def test_a_fraction_out_of_range_is_the_nearer_end_and_no_number_is_unknown(
    home: Home, call: str, fraction: float | None
) -> None:
    task(home, f"self.{call}\n{DONE}")
    assert home.run("job").returncode == 0
    assert events(home)[0]["fraction"] == fraction


def test_a_fraction_out_of_range_is_reported_once_in_the_log(home: Home) -> None:
    task(home, f"for n in range(3): self.progress(40)\n{DONE}")
    home.run("job")
    log = Path(home.only_run().log_path).read_text()
    assert log == "progress(40): the fraction goes from 0 to 1, 40% is 0.4\n"


@pytest.mark.parametrize("call", ["progress('40')", "progress(True)", "event(3)", "event(None)"])
def test_what_is_neither_progress_nor_an_event_is_the_tasks_mistake(home: Home, call: str) -> None:
    task(home, f"self.{call}\n{DONE}")
    assert home.run("job").returncode == 1
    assert "TypeError" in home.only_run().summary


HOSTILE_VALUES = [
    ("datetime.datetime(2026, 1, 2, 3, 4, 5)", "2026-01-02T03:04:05"),
    ("datetime.date(2026, 1, 2)", "2026-01-02"),
    ("{3, 1, 2}", [1, 2, 3]),
    ("(1, 2)", [1, 2]),
    ("b'a\\xff'", "a\\xff"),
    ("float('nan')", None),
    ("float('-inf')", None),
    ("{1: {2: 'x'}}", {"1": {"2": "x"}}),
    ("pathlib.Path('/srv')", "/srv"),
    ("'\\ud800'", "\ud800"),
]


@pytest.mark.parametrize(("value", "said"), HOSTILE_VALUES)
def test_values_that_json_does_not_have_are_said_in_details_and_events(
    home: Home, value: str, said: Any
) -> None:
    """Details with a datetime, a set, bytes or NaN lost the whole run in the older program."""
    task(home, f"self.event('e', v={value})\nreturn TaskResult(True, 'ok', {{'v': {value}}})")
    assert home.run("job").returncode == 0
    run = home.only_run()
    assert (run.summary, run.details["v"]) == ("ok", said)
    assert events(home)[0]["v"] == said


NEVER_SAID = [
    "d = {}\nd['d'] = d",
    "class X:\n    def __str__(self): raise RuntimeError('no text')\nd = {'x': X()}",
    "d = {'x': 'y' * 3000000}",
    "d = []\nfor n in range(100000): d = [d]\nd = {'d': d}",
]


@pytest.mark.parametrize("value", NEVER_SAID)
def test_what_cannot_be_said_at_all_loses_neither_the_run_nor_the_event(
    home: Home, value: str
) -> None:
    task(home, f"{value}\nself.event('kind', d=d)\nreturn TaskResult(True, 'ok', d)")
    assert home.run("job").returncode == 0
    run = home.only_run()
    assert (run.summary, list(run.details)) == ("ok", ["details_error"])
    (event,) = events(home)
    assert (event["event"], set(event)) == ("kind", {"event", "event_error"})


def test_a_kind_that_is_not_text_at_all_is_harmless(home: Home) -> None:
    task(home, "self.event('\\ud800')\nself.event({'event': 5})\nself.event('')\n" + DONE)
    assert home.run("job").returncode == 0
    assert len(events(home)) == 3


def test_a_line_of_a_command_whose_kind_is_half_a_character_is_harmless(home: Home) -> None:
    home.plan("job", "printf", '{"event": "\\\\ud800"}\\n', output_format="jsonl")
    assert home.run("job").returncode == 0
    assert len(events(home)) == 1


def test_many_events_keep_memory_flat_and_are_all_there(home: Home) -> None:
    count = 50_000
    task(home, f"for n in range({count}): self.event('n', n=n)\n{DONE}")
    process = home.start("job")
    peak = 0
    while process.poll() is None:
        peak = max(peak, _memory(process.pid))
        time.sleep(0.02)
    assert process.wait() == 0
    process.communicate()
    assert 0 < peak < 20 * 1024  # 15 MiB, however many
    run = home.only_run()
    last = home.ask(lambda reader: reader.events(run.run_id, count - 1))
    assert [e.event["n"] for e in last] == [count - 1]


def _memory(pid: int) -> int:
    """Return the resident memory of a process in KiB, 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


@pytest.mark.parametrize(
    "wrong",
    [
        "b'\\n' * 100000",
        "b'rubbish\\n' * 10000",
        "b'e[1]\\ne{\\nr7\\nrnull\\np\\xff\\n'",
        "b'e' + b'[' * 500000 + b'\\n'",
        "b'r' + b'x' * 5000000 + b'\\n'",
        "b'x' * 5000000",
    ],
)
def test_rubbish_in_the_pipe_is_passed_over(home: Home, wrong: str) -> None:
    body = (
        "for n in range(3, 50):\n"
        "    try:\n"
        "        if os.readlink(f'/proc/self/fd/{n}').startswith('pipe:'):\n"
        f"            data = memoryview({wrong})\n"
        "            while data: data = data[os.write(n, data):]\n"
        "    except OSError: pass\n"
        "sys.stdout.write('x')\n" + DONE
    )
    task(home, body)
    assert home.run("job").returncode in (0, 1)  # a line that is never ended takes the result along
    assert home.only_run().status.final


def test_progress_keeps_an_idle_task_alive(home: Home) -> None:
    body = "for n in range(8):\n    self.progress(n / 8)\n    time.sleep(0.25)\n" + DONE
    task(home, body, idle_timeout_seconds=1.0)
    assert home.run("job").returncode == 0


def test_events_of_many_threads_do_not_mix(home: Home) -> None:
    body = (
        "def work(t):\n"
        "    for n in range(50): self.event('n', t=t, n=n, filler='x' * 6000)\n"
        "threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]\n"
        "[t.start() for t in threads]\n[t.join() for t in threads]\n" + DONE
    )
    task(home, body)
    assert home.run("job").returncode == 0
    found = events(home)
    assert len(found) == 400
    for thread in range(8):
        assert [e["n"] for e in found if e["t"] == thread] == list(range(50))


def test_a_fork_of_the_task_reports_and_its_copy_of_the_end_is_not_taken(home: Home) -> None:
    body = (
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    self.event('child')\n"
        "    return TaskResult(False, 'the copy')\n"
        "os.waitpid(pid, 0)\n"
        "return TaskResult(True, 'the task')"
    )
    task(home, body)
    assert home.run("job").returncode == 0
    assert home.only_run().summary == "the task"
    assert events(home) == [{"event": "child"}]


def test_a_task_that_closes_everything_writes_in_no_file_of_its_own(home: Home) -> None:
    mine = home.path / "mine"
    body = (
        "os.closerange(3, 100)\n"
        f"files = [open({str(mine)!r}, 'a') for n in range(20)]\n"
        "self.event('x')\n" + DONE
    )
    task(home, body)
    assert home.run("job").returncode == 1
    assert mine.read_text() == ""
    assert home.only_run().error_code == "no_result"


LEFT_BEHIND = {
    "chdir": "os.chdir('/proc')\nos.environ.clear()\nos.umask(0)",
    "signals": "for n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)",
    "atexit": "atexit.register(time.sleep, 60)",
    "daemon thread": "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "thread": "threading.Thread(target=time.sleep, args=(60,)).start()",
    "streams": "sys.stdout = sys.stderr = None",
    "closed streams": "sys.stdout.close()\nsys.stderr.close()",
    "limits": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))",
    "excepthook": "sys.excepthook = None\nsys.setrecursionlimit(60)",
    "session": "os.setsid() if os.getpid() != os.getpgrp() else None",
    "stopped log": "os.closerange(0, 3)",
}


@pytest.mark.parametrize("name", sorted(LEFT_BEHIND))
def test_what_a_task_does_to_its_process_is_nothing_to_the_runner(home: Home, name: str) -> None:
    task(home, f"{LEFT_BEHIND[name]}\nself.event('still here')\n{DONE}")
    begun = time.monotonic()
    assert home.run("job").returncode == 0
    assert time.monotonic() - begun < 20
    assert home.only_run().summary == "done"
    assert events(home) == [{"event": "still here"}]


def test_sys_exit_in_run_is_a_failure_and_never_dockets_own_exit_code(home: Home) -> None:
    """In the older program sys.exit in a drop-in ended docket with that code."""
    for code in ("0", "9", "'words'", "None"):
        task(home, f"sys.exit({code})")
        done = home.run("job")
        assert done.returncode == 1
        assert home.ask(lambda reader: reader.runs())[0].status == "failed"


def test_required_variables_of_a_class_are_enforced_at_run(home: Home) -> None:
    """In the older program `required_env` of a class was not enforced."""
    task(home, DONE, required_env=["API_TOKEN"])
    assert home.run("job").returncode == 1
    run = home.only_run()
    assert (run.error_code, run.details) == (
        "required_env_missing",
        {"missing_env": ["API_TOKEN"]},
    )


def test_events_beyond_the_room_of_a_run_are_left_out_and_counted(home: Home) -> None:
    """Each counts with its row: millions of tiny ones would take many times their text."""
    row = RunRow(run_id="r", task="job", trigger="manual", started_at=1, status="running")
    recorder = Recorder(str(home.state_db), str(home.lock_dir), row, lambda: 2, 740)
    recorder.begin()
    for number in range(20):
        recorder.event({"event": "n"}, f'{{"n": {number + 100}}}')
    row.status, row.finished_at = "succeeded", 3
    recorder.end()
    recorder.close()
    assert len(home.ask(lambda reader: reader.events("r"))) == 10
    assert home.only_run().details == {"events_left_out": 10}


def test_systemctl_status_shows_how_far_a_task_is(home: Home, status_lines: Any) -> None:
    address, said = status_lines
    task(home, f"self.progress(0.4, 'half\\nway \\ud800')\n{DONE}")
    home.run("job", environ={"NOTIFY_SOCKET": address})
    run_id = home.only_run().run_id
    assert f"STATUS=attempt 1 of 1, run {run_id}: 40% half way ?" in said()


def test_a_command_reports_progress_by_a_line_of_json(home: Home, status_lines: Any) -> None:
    address, said = status_lines
    lines = (
        '{"event": "progress", "fraction": 0.25, "message": "a quarter"}\n'
        + '{"event": "progress", "fraction": "odd"}\n' * 3
    )
    (home.path / "lines").write_text(lines)
    home.plan("job", "cat", str(home.path / "lines"), output_format="jsonl")
    home.run("job", environ={"NOTIFY_SOCKET": address})
    shown = [line for line in said() if "%" in line]
    assert [line.rpartition(": ")[2] for line in shown] == ["25% a quarter"]
    assert len(events(home)) == 4


def test_a_secret_in_an_event_or_in_progress_is_masked(home: Home, status_lines: Any) -> None:
    address, said = status_lines
    body = (
        "token = os.environ['API_TOKEN']\n"
        "self.event('sent', token=token)\nself.progress(0.5, 'with ' + token)\n" + DONE
    )
    task(home, body, secrets=["API_TOKEN"], env={"API_TOKEN": "hunter2hunter2"})
    assert home.run("job", environ={"NOTIFY_SOCKET": address}).returncode == 0
    assert len(events(home)) == 2
    assert "hunter2" not in str(events(home)) + "".join(said())


def test_a_flood_of_progress_does_not_flood_the_service_manager(
    home: Home, status_lines: Any
) -> None:
    address, said = status_lines
    task(home, f"for n in range(50000): self.progress(n / 50000)\n{DONE}")
    begun = time.monotonic()
    home.run("job", environ={"NOTIFY_SOCKET": address})
    assert len(said()) <= 2 * (time.monotonic() - begun) + 6


def test_a_retry_begins_its_progress_again(home: Home) -> None:
    body = (
        "number = int(os.environ['DOCKET_ATTEMPT'])\n"
        "self.progress(number / 4)\n"
        "return TaskResult(number == 2, 'done')"
    )
    task(home, body, retry=1, **AT_ONCE)
    assert home.run("job").returncode == 0
    assert [event["fraction"] for event in events(home)] == [0.25, 0.5]


def test_a_dry_run_reports_nothing_anywhere(home: Home) -> None:
    path = home.path / "task.py"
    path.write_text(
        f"{HEAD}class Job(BaseTask):\n    name = 'job'\n    def dry_run(self, config):\n"
        "        self.event('x')\n        self.progress(0.5)\n"
        "        return TaskResult(True, 'ok')\n"
    )
    home.plan("job", python=(path, "Job"))
    assert home.run("job", "--dry-run").returncode == 2
    assert not home.state_db.exists()
    assert os.listdir(home.path / "plans") == ["job.json"]
