"""JSON lines: how fast they become events, what the history keeps of them, what `runs` prints."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tests.bench.dockets import PYTHON, Program, both
from tests.bench.measure import least_cpu
from tests.bench.table import figure, kibibytes, plain
from tests.unit.runner.runner_home import Home

FAST, RATE = 200_000, 150_000
RUNS, EVENTS = 20, 2_000
TEXT = '{"event": "copied", "path": "/home/ada/photos/2026/11/24/img_%05d.jpg", "note": "' + (
    "x" * 140 + '"}'
)


def measure(directory: Path, peer: Sequence[str]) -> None:
    """Print one row for each figure; the limit of the size is the text of the events."""
    fast(Home(directory / "home"))
    script = directory / "events.py"
    script.write_text(f"for i in range({EVENTS}): print({TEXT!r} % i)\n")
    task = f"command: [{PYTHON}, {script}], output_format: jsonl"
    programs = both(directory, peer, {"events": task, "silent": "command: [/bin/true]"})
    logs = [_logs_of_silent_run(program) for program in programs]
    for program in programs:
        for _ in range(RUNS):
            program.call("run", "--force", "events")
    text = EVENTS * len(TEXT % 0)
    ours, theirs = (_stored(program) / RUNS for program in programs)
    name = f"a run of {EVENTS:,} JSONL events, stored (limit: their text)"
    figure(name, ours, 1.5, kibibytes, theirs=theirs, limit=text, of="limit")
    ours, theirs = (len(program.call("--json", "runs")) for program in programs)
    name = f"docket --json runs, {RUNS} such runs, bytes"
    figure(name, ours, 64 * 1024, kibibytes, theirs=theirs)
    figure("a silent run, log files", logs[0], 0, theirs=logs[1])


def fast(home: Home) -> None:
    """Print how many events a second SQLite takes."""
    script = home.path / "events.py"
    script.write_text(
        "import sys\n"
        f'for i in range({FAST}): sys.stdout.write(\'{{"event": "tick", "i": %d}}\\n\' % i)\n'
    )
    home.plan("events", PYTHON, str(script), output_format="jsonl")
    [seconds] = least_cpu([home.words("events", "--quiet")], home.environ, 3)
    name = "JSONL events into SQLite, per second of CPU"
    figure(name, FAST / seconds, RATE, plain, at_least=True)


def _stored(program: Program) -> int:
    """Return the size of the history, with nothing left in its WAL."""
    path = program.home / "state.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


def _logs_of_silent_run(program: Program) -> int:
    program.call("run", "--force", "silent")
    return sum(1 for path in program.home.glob("logs/*") if path.is_file())
