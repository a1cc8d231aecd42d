"""How long a database of docket-cli with a million runs takes to be taken over, and what differs.

    python -m tests.bench.takeover [RUNS]

Every run and every event is compared afterwards with the copy that was kept. Ends with 1 where it
takes a minute or longer, or where a run or an event is not what it was.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from docket.model.runid import make_run_id
from tests.bench.table import figure, header
from tests.unit.store.reference_tables import reference_db

BAR_SECONDS = 60.0
TASKS = 20
_SECOND = 1_000_000
_BEGAN = 1_700_000_000
_APART = 37
_OUTPUT = "sending incremental file list\n" + "".join(f"photos/{n}.jpg\n" for n in range(12))
_RUN = "run_id, {}, status, exit_code, summary, details, dry_run"
_INSTANT = "strftime('%s', substr({0}, 1, 19)) * 1000000 + substr({0}, 21, 6)"
_INSTANTS = ", ".join(_INSTANT.format(name) for name in ("started_at", "finished_at"))
_EVENT = "run_id, event_index, timestamp, event_type, event"
_HISTORY = "FROM old.task_run_history"
DIFFERENCES = tuple(
    f"SELECT {before} EXCEPT SELECT {after}"
    for before, after in (
        (
            f"{_RUN.format('task_name')} {_HISTORY}",
            f"{_RUN.format('task')} FROM runs",
        ),
        (f"run_id, {_INSTANTS} {_HISTORY}", "run_id, started_at, finished_at FROM runs"),
        (f"{_EVENT} FROM old.task_run_events", f"{_EVENT} FROM events"),
    )
)


def fill(path: Path, count: int) -> None:
    """Make a database of docket-cli: many tasks, failures, background and dry runs, events."""
    connection = reference_db(path)
    connection.create_function("run_id", 1, _run_id, deterministic=True)
    connection.create_function("details", 1, _details, deterministic=True)
    numbers = (
        "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers "
        f"WHERE n < {count} - 1) "
    )
    at = f"strftime('%Y-%m-%dT%H:%M:%S', {_BEGAN} + n * {_APART}"
    started, finished = f"{at}, 'unixepoch')", f"{at} + 2, 'unixepoch')"
    connection.execute("BEGIN")
    connection.execute(
        f"{numbers} INSERT INTO task_run_history SELECT run_id(n), 'task' || (n % {TASKS}), "
        f"iif(n % 10, 'succeeded', 'failed'), {started} || '.000000+00:00', "
        f"{finished} || '.500000+00:00', 2.5, iif(n % 10, 0, 1), 'Command completed: rsync -a', "
        "details(n), n % 50 = 0 FROM numbers"
    )
    connection.execute(
        f"{numbers} INSERT INTO task_run_events (run_id, task_name, event_index, timestamp, "
        f"event_type, event) SELECT run_id(n), 'task' || (n % {TASKS}), i, "
        f"{finished} || '.250000+00:00', 'step', "
        '\'{"event": "step", "done": \' || i || \'}\' FROM numbers, '
        "(SELECT 1 AS i UNION SELECT 2 UNION SELECT 3) WHERE n % 10 = 3"
    )
    connection.execute(
        "INSERT INTO task_runs SELECT task_name, run_id, started_at, finished_at, "
        "duration_seconds, exit_code, summary, details, dry_run FROM task_run_history "
        "WHERE rowid > (SELECT max(rowid) FROM task_run_history) - ?",
        (TASKS,),
    )
    connection.execute("COMMIT")
    connection.close()


def _run_id(number: int) -> str:
    return make_run_id((_BEGAN + number * _APART) * _SECOND, number.to_bytes(4, "big"))


def _details(number: int) -> str:
    known = {"stdout": _OUTPUT, "stderr": "", "command": ["rsync", "-a"], "exit_code": 0}
    if number % 20 == 0:
        known |= {"mode": "async", "pid": 4000, "log_path": f"/home/ada/.docket/logs/{number}.log"}
    return json.dumps(known)


def differing(path: Path) -> int:
    """Return how many runs and events are not what they were in the copy."""
    connection = sqlite3.connect(path)
    connection.execute("ATTACH ? AS old", (f"{path}.before-v1",))
    return sum(len(connection.execute(query).fetchall()) for query in DIFFERENCES)


def main(arguments: Sequence[str]) -> int:
    """Measure one take-over, by the first command that anybody would type."""
    count = int(arguments[0]) if arguments else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / ".docket").mkdir()
        path = home / ".docket" / "state.db"
        fill(path, count)
        size = path.stat().st_size
        environ = {"HOME": name, "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": name}
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "docket", "runs", "--json"],
            env=environ,
            capture_output=True,
            check=True,
        )
        seconds = time.perf_counter() - begun
        shown = len(json.loads(done.stdout))
        print(f"{count} runs, {size >> 20} MiB before, {path.stat().st_size >> 20} MiB after")
        differ = differing(path)
    held = seconds < BAR_SECONDS
    header()
    figure(f"docket runs ({shown} shown), seconds", seconds, BAR_SECONDS)
    figure("runs and events that differ", differ, 0)
    return 0 if held and differ == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
