"""How a child's output is handled, however much and however strange."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from docket.model.states import RunStatus
from tests.unit.runner.runner_home import AT_ONCE, PYTHON, Home, wait_until

MIB = 1 << 20


def python(home: Home, source: str) -> list[str]:
    script = home.path / "script.py"
    script.write_text(source)
    return [PYTHON, "-IS", str(script)]


def peak_memory_of(process: subprocess.Popen[bytes]) -> int:
    """Read the peak memory (KiB) of a process again and again, until it has ended."""
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            break
        peak = max(
            [
                peak,
                *(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")),
            ]
        )
    return peak


def test_much_output_takes_no_more_than_two_mib_above_that_of_a_silent_run(home: Home) -> None:
    source = "import os\nfor _ in range(32): os.write(1, (b'x' * 1023 + b'\\n') * 1024)\n"
    home.plan("quiet", "/bin/sleep", "0.3")
    home.plan("job", *python(home, source), log_max_bytes=4 * MIB)
    home.run("quiet")  # makes the database
    silent = peak_memory_of(home.start("quiet", "--quiet"))
    run = home.start("job", "--quiet")
    assert peak_memory_of(run) - silent < 2 * 1024
    assert run.wait(60) == 0


def test_of_lines_that_are_events_little_is_kept_as_text(home: Home) -> None:
    source = 'for i in range(5000): print(\'{"event": "tick", "i": %d}\' % i)\n'
    home.plan("job", *python(home, source), output_format="jsonl")
    assert home.run("job").returncode == 0
    details = home.only_run().details
    assert details["event_count"] == 5000
    assert details["stdout"].startswith('{"event": "tick", "i": 0}')
    assert details["stdout"].endswith('{"event": "tick", "i": 4999}\n')
    assert len(details["stdout"]) < 9 * 1024


def test_64_mib_of_output_take_little_memory_and_keep_head_and_tail(home: Home) -> None:
    source = (
        "import os\nos.write(1, b'first line\\n')\n"
        "block = b'x' * 1023 + b'\\n'\n"
        "for _ in range(64): os.write(1, block * 1024)\n"
        "os.write(1, b'last line\\n')\n"
    )
    home.plan("job", *python(home, source), log_max_bytes=4 * MIB)
    run = home.start("job", "--quiet")
    assert peak_memory_of(run) < 30 * 1024
    assert run.wait(60) == 0
    row = home.only_run()
    log = Path(row.log_path).read_bytes()
    assert len(log) <= 4 * MIB + 200
    assert log.startswith(b"first line\n")
    assert log.endswith(b"last line\n")
    assert b"left out here; logs are capped at" in log
    assert row.details["stdout"].startswith("first line\n")
    assert row.details["stdout"].endswith("last line\n")
    assert "bytes left out here" in row.details["stdout"]
    assert not list(home.log_dir.glob("*.log.*"))


def test_one_line_of_64_mib_stays_flat_and_is_kept_in_part(home: Home) -> None:
    source = "import os\nfor _ in range(64): os.write(1, b'y' * 1048576)\n"
    home.plan("job", *python(home, source), log_max_bytes=MIB)
    run = home.start("job", "--quiet")
    assert peak_memory_of(run) < 30 * 1024
    assert run.wait(60) == 0
    assert set(Path(home.only_run().log_path).read_bytes()) >= {ord("y")}


def test_invalid_utf8_is_kept_as_it_came_in_the_log_and_readable_in_the_row(home: Home) -> None:
    home.plan("job", "/usr/bin/printf", r"a\377b\n")
    assert home.run("job").stdout == b"a\xffb\n"
    row = home.only_run()
    assert Path(row.log_path).read_bytes() == b"a\xffb\n"
    assert row.details["stdout"] == "a\\xffb\n"


def test_a_last_line_without_newline_is_kept(home: Home) -> None:
    home.plan("job", "/usr/bin/printf", "no newline")
    home.run("job")
    assert home.only_run().details["stdout"] == "no newline"


def test_output_is_passed_on_while_the_child_runs(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "echo now; sleep 30")
    run = home.start("job")
    assert run.stdout is not None
    assert run.stdout.readline() == b"now\n"
    assert run.poll() is None
    log = next(home.log_dir.glob("*.log"))
    assert log.read_bytes() == b"now\n"
    run.terminate()
    run.wait(60)


def test_a_reader_that_stops_reading_does_not_stop_the_timeouts(home: Home) -> None:
    home.plan("job", "/usr/bin/yes", attempt_timeout_seconds=0.5, grace_seconds=0.2)
    run = home.start("job")  # nobody reads its standard output
    row = None
    for _ in range(200):
        row = home.ask(lambda reader: reader.last_any("job"))
        if row is not None and row.status.final:
            break
        subprocess.run(["/bin/sleep", "0.05"], check=True)
    run.kill()
    run.communicate()
    assert row is not None
    assert row.status is RunStatus.TIMED_OUT


def test_a_reader_that_goes_away_does_not_end_the_run(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "for i in 1 2 3 4 5; do echo $i; sleep 0.1; done")
    run = home.start("job")
    assert run.stdout is not None
    run.stdout.close()
    assert run.wait(60) == 0
    assert home.only_run().details["stdout"] == "1\n2\n3\n4\n5\n"


def test_json_output_becomes_details(home: Home) -> None:
    home.plan("job", "/bin/echo", '{"a": [1, 2]}', output_format="json")
    assert home.result("job")["details"]["json"] == {"a": [1, 2]}


@pytest.mark.parametrize("text", ["{", "", "nonsense", '{"a": 1} trailing', "NaN", "[" * 100_000])
def test_output_that_is_not_the_json_it_should_be_is_a_failure(home: Home, text: str) -> None:
    file = home.path / "text"
    file.write_text(text)
    home.plan("job", "/bin/cat", str(file), output_format="json")
    result = home.result("job")
    assert (result["status"], result["error_code"]) == ("failed", "parse_error")
    assert result["details"]["parse_error"].startswith("Invalid JSON stdout: ")


def test_parse_errors_warn_keeps_the_success(home: Home) -> None:
    home.plan("job", "/bin/echo", "{", output_format="json", parse_errors="warn")
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert "parse_error" in result["details"]


def test_json_lines_are_events_while_the_child_runs(home: Home) -> None:
    script = 'echo \'{"event": "step", "n": 1}\'; sleep 30'
    home.plan("job", "/bin/sh", "-c", script, output_format="jsonl")
    run = home.start("job")

    def live_events() -> list[Any]:
        running = home.ask(lambda reader: reader.running())
        return list(home.ask(lambda r: r.events(running[0].run_id))) if running else []

    events = wait_until(live_events)
    assert run.poll() is None
    assert [(e.event_index, e.event_type, e.event["n"]) for e in events] == [(1, "step", 1)]
    run.terminate()
    run.wait(60)


def test_json_lines_are_counted_and_bad_ones_are_listed(home: Home) -> None:
    lines = '{"status": "a"}\n\n[1]\n{"timestamp": "T", "type": "b"}\nnonsense\n{"event": "c"}'
    file = home.path / "lines"
    file.write_text(lines)
    home.plan("job", "/bin/cat", str(file), output_format="jsonl", parse_errors="warn")
    details = home.result("job")["details"]
    assert details["event_count"] == 3
    assert details["last_event"] == {"event": "c"}
    assert [bad["line"] for bad in details["invalid_jsonl_lines"]] == [3, 5]
    run = home.only_run()
    events = home.ask(lambda reader: reader.events(run.run_id))
    assert [(e.event_index, e.event_type, e.timestamp) for e in events] == [
        (1, "a", None),
        (2, "b", "T"),
        (3, "c", None),
    ]


def test_a_line_of_json_that_is_too_long_is_one_bad_line(home: Home) -> None:
    source = (
        "import os\nos.write(1, b'{\"a\": 1}\\n')\n"
        "os.write(1, b'{\"b\": \"' + b'z' * 3000000 + b'\"}\\n')\nos.write(1, b'{\"c\": 2}\\n')\n"
    )
    home.plan("job", *python(home, source), output_format="jsonl", parse_errors="warn")
    details = home.result("job", "--quiet")["details"]
    assert details["events"] == [{"a": 1}, {"c": 2}]
    assert [bad["line"] for bad in details["invalid_jsonl_lines"]] == [2]


def test_ten_thousand_events_are_all_stored_in_order(home: Home) -> None:
    source = 'for i in range(10000): print(\'{"event": "tick", "i": %d}\' % i)\n'
    home.plan("job", *python(home, source), output_format="jsonl")
    result = home.result("job", "--quiet")
    assert result["details"]["event_count"] == 10000
    assert result["details"]["events_truncated"] is True
    events = home.ask(lambda reader: reader.events(result["run_id"], limit=20000))
    assert [event.event["i"] for event in events] == list(range(10000))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('{"a": 1}', "json"),
        ("[1, 2]", "json"),
        ('{"a": 1}\n{"b": 2}', "events"),
        ("{not json", None),
        ("plain", None),
    ],
)
def test_auto_tells_json_json_lines_and_text_apart(home: Home, text: str, key: str | None) -> None:
    file = home.path / "text"
    file.write_text(text)
    home.plan("job", "/bin/cat", str(file), output_format="auto")
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert [name for name in ("json", "events") if name in result["details"]] == (
        [key] if key else []
    )


def test_events_of_all_attempts_survive(home: Home) -> None:
    script = 'echo "{\\"event\\": \\"try\\", \\"n\\": $DOCKET_ATTEMPT}"; exit 1'
    home.plan("job", "/bin/sh", "-c", script, output_format="jsonl", retry=2, **AT_ONCE)
    run_id = home.result("job")["run_id"]
    events = home.ask(lambda reader: reader.events(run_id))
    assert [(e.event_index, e.event["n"]) for e in events] == [(1, 1), (2, 2), (3, 3)]


def test_a_silent_run_leaves_no_log_file(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", "exit 1", retry=1, **AT_ONCE)
    home.run("job")
    assert not list(home.log_dir.glob("*"))
    assert home.only_run().log_path is None


@pytest.mark.parametrize("secrets", [[], ["API_TOKEN"]], ids=["plain", "masked"])
@pytest.mark.parametrize("words", ["Overwrite? [y/N] ", "\\r10%%\\r20%%"], ids=["prompt", "bar"])
def test_words_without_a_newline_are_in_the_log_while_the_job_waits_and_survive_a_killed_runner(
    home: Home, words: str, secrets: list[str]
) -> None:
    child = home.path / "child"
    script = f"echo $$ > {child}; printf '{words}'; exec sleep 300"
    home.plan("job", "/bin/sh", "-c", script, secrets=secrets)
    run = home.start("job", environ={"API_TOKEN": "kX9-pl4nted_T0ken"})
    expected = words.replace("\\r", "\r").replace("%%", "%").encode()
    log = wait_until(lambda: next(home.log_dir.glob("*.log"), None))
    wait_until(lambda: log.read_bytes() == expected)
    run.kill()
    run.communicate()
    os.kill(int(child.read_text()), signal.SIGKILL)
    assert log.read_bytes() == expected


def test_a_progress_bar_that_never_pauses_is_in_the_log_while_it_moves(home: Home) -> None:
    gate = home.gate()
    script = f"until [ -e {gate} ]; do printf '\\r10%%'; sleep 0.2; done"
    home.plan("job", "/bin/sh", "-c", script)
    run = home.start("job")
    log = wait_until(lambda: next(home.log_dir.glob("*.log"), None))
    wait_until(lambda: log.read_bytes().count(b"\r10%") >= 5)
    gate.touch()
    assert run.communicate()[0].count(b"\n") == 1  # the echo gets it as one line


def test_a_line_that_comes_in_parts_is_one_line_everywhere(home: Home) -> None:
    script = "printf one; sleep 0.7; echo two; printf three; sleep 0.7; printf four"
    home.plan("job", "/bin/sh", "-c", script)
    done = home.run("job")
    run = home.only_run()
    assert done.stdout == b"onetwo\nthreefour\n"
    assert run.details["stdout"] == "onetwo\nthreefour"
    assert Path(run.log_path).read_bytes() == b"onetwo\nthreefour"
    assert run.output_bytes == len(b"onetwo\nthreefour")


def test_an_event_that_comes_in_parts_is_one_event(home: Home) -> None:
    script = """printf '{"event": '; sleep 0.7; printf '"x"}\\n'"""
    home.plan("job", "/bin/sh", "-c", script, output_format="jsonl")
    home.run("job")
    run = home.only_run()
    events = home.ask(lambda reader: [event.event for event in reader.events(run.run_id)])
    assert events == [{"event": "x"}]


def test_attempts_are_told_apart_in_the_log(home: Home) -> None:
    home.plan("job", "/bin/sh", "-c", 'printf "no newline at end"; exit 1', retry=2, **AT_ONCE)
    home.run("job")
    assert Path(home.only_run().log_path).read_text() == (
        "no newline at end\n[docket: attempt 2 of 3]\nno newline at end\n"
        "[docket: attempt 3 of 3]\nno newline at end"
    )
