"""Whether the history's size is felt: the commands that read, with a hundred runs and a million.

    python -m tests.bench.million [RUNS]

Prints the ratio of the two for each command, and ends with 1 if one is over the bar.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from docket.model.runid import make_run_id
from docket.store.maintenance.salvage import settle
from docket.store.opening import open_for_writing
from tests.bench.measure import medians
from tests.bench.table import figure, header, milliseconds

BAR = 1.2
SMALL = 100
TASKS = 20
ROUNDS = 9
_SECOND = 1_000_000
_BEGAN = 1_700_000_000 * _SECOND
_APART = 37 * _SECOND
COMMANDS = (
    ("runs",),
    ("runs", "task3"),
    ("status",),
    ("status", "task3"),
    ("list",),
    ("why", "task3"),
    ("health",),
)


def fill(state_db: Path, count: int) -> None:
    """Make a store with `count` finished runs of many tasks, a tenth of them failed."""
    connection = open_for_writing(str(state_db), 1.0)
    connection.create_function("run_id", 1, _run_id, deterministic=True)
    connection.execute("BEGIN")
    connection.execute(
        "WITH RECURSIVE numbers (n) AS "
        "(SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ? - 1) "
        "INSERT INTO runs (run_id, task, status, error_code, trigger, scheduled_for, started_at, "
        "finished_at, exit_code, summary, details, unit, boot_id, plan_hash) "
        "SELECT run_id(n), 'task' || (n % ?), iif(n % 10, 'succeeded', 'failed'), "
        "iif(n % 10, NULL, 'exit_code'), 'timer', ? + n * ?, ? + n * ?, ? + n * ? + 1500000, "
        "iif(n % 10, 0, 1), 'Command completed: /bin/true', '{\"exit_code\": 0}', "
        "'docket-task' || (n % ?) || '.service', 'b' || (n / 5000), 'hash' FROM numbers",
        (count, TASKS, *([_BEGAN, _APART] * 3), TASKS),
    )
    connection.execute("COMMIT")
    settle(connection)
    connection.close()


def _run_id(number: int) -> str:
    return make_run_id(_BEGAN + number * _APART, number.to_bytes(4, "big"))


def home_with(folder: Path, count: int) -> dict[str, str]:
    """Make a home with so many runs and return the environment that uses it."""
    home = folder / f"home{count}"
    (home / "run").mkdir(parents=True, mode=0o700)
    (home / ".docket").mkdir(mode=0o700)
    tasks = {f"task{n}": {"type": "command", "command": ["/bin/true"]} for n in range(TASKS)}
    config = home / ".docket" / "config.yaml"
    config.write_text(json.dumps({"tasks": tasks}))
    config.chmod(0o600)
    fill(home / ".docket" / "state.db", count)
    return {"HOME": str(home), "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": str(home / "run")}


def compare(words: Sequence[str], small: dict[str, str], large: dict[str, str]) -> list[float]:
    """Return the median seconds of a command with the small and the large history."""
    line = [sys.executable, "-m", "docket", *words, "--json"]
    for environ in (small, large):
        subprocess.run(line, env=environ, stdout=subprocess.DEVNULL, check=True)
    return medians([line, line], [small, large], ROUNDS)


def main(arguments: Sequence[str]) -> int:
    """Measure every command; return 1 if one is over the bar."""
    count = int(arguments[0]) if arguments else 1_000_000
    held = True
    with tempfile.TemporaryDirectory() as name:
        small, large = (home_with(Path(name), n) for n in (SMALL, count))
        size = Path(large["HOME"], ".docket", "state.db").stat().st_size
        print(f"{count} runs, {size >> 20} MiB, SQLite {sqlite3.sqlite_version}")
        header()
        for words in COMMANDS:
            limit, taken = compare(words, small, large)
            title = f"docket {' '.join(words)} (limit: {SMALL} runs)"
            good = figure(title, taken, BAR, milliseconds, limit=limit, of="limit")
            held = held and good
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
