"""Whether Docket answers from a history of docket-cli as docket-cli did.

    python -m tests.bench.same_answers PATH_OF_THE_OLD_DOCKET

docket-cli makes the history: runs of every kind and outcome. It is asked everything that it can
tell of them; then Docket takes the home over and is asked the same. Every key of the old answers
must be there with its value. Prints what differs and is not decided so, and ends with 1 for it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

CONFIG = """
tasks:
  good:
    type: command
    description: Says something
    command: [/bin/echo, good]
    schedule: "0 3 * * *"
  bad:
    type: command
    command: [/bin/sh, -c, 'echo out; echo err >&2; exit 7']
  lines:
    type: command
    command: [/usr/bin/printf, '{"event": "one"}\\n{"type": "two", "n": 2}\\n']
    output_format: jsonl
  object:
    type: command
    command: [/bin/echo, '{"answer": 42, "text": "käse"}']
    output_format: json
  absent:
    type: command
    command: /no/such/program
  wants:
    type: command
    command: [/bin/true]
    required_env: [NO_SUCH_VARIABLE]
  leaning:
    type: command
    command: [/bin/true]
    depends_on: [bad]
  preview:
    type: command
    command: [/bin/true]
  never:
    type: command
    command: [/bin/true]
"""
RUNS = (
    ("good",),
    ("good", "--force"),
    ("bad", "--force"),
    ("bad", "--force"),
    ("lines",),
    ("object",),
    ("absent",),
    ("wants",),
    ("leaning",),
    ("good", "--async", "--force"),
    ("lines", "--async", "--force"),
    ("bad", "--async", "--force"),
    ("preview", "--dry-run"),
    ("good", "--dry-run"),
)
# What differs on purpose, and why.
DECIDED = {
    r"(status|list)(\.|\[)(good|preview)\b": "a dry run does not count as the latest state",
    r"(status|list)(\.|\[)leaning\b": "a run that was skipped does not count as the latest state",
    r"list\.\S+\.description:": "the sentence for a task without one is Docket's own",
    r"health\.(healthy|never_run|summary)": "no health is proved by dry and by skipped runs",
    r"health\.details\.(good|preview|leaning)\.(last_run|category)": "as status",
    r"health\.details\.\w+\.seconds_since_last_run": "time went on",
}


class Program:
    """One of the two programs in a home."""

    def __init__(self, path: str, home: str) -> None:
        self._path = path
        self._environ = {"HOME": home, "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": home}

    def ask(self, *words: str) -> Any:
        """Return the document that a command prints, None if it prints none."""
        done = subprocess.run(
            [self._path, "--json", *words],
            env=self._environ,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            return json.loads(done.stdout)
        except ValueError:
            return None


def answers(program: Program, run_ids: Sequence[str], tasks: Sequence[str]) -> dict[str, Any]:
    """Return everything that a program shows of the history."""
    told = {
        "runs": program.ask("runs", "--limit", "500"),
        "status": by_name(program.ask("status"), "task_name"),
        "list": by_name(program.ask("list"), "name"),
        "health": program.ask("health"),
    }
    for task in tasks:
        told[f"status[{task}]"] = program.ask("status", task)
        told[f"runs[{task}]"] = program.ask("runs", task)
    for run_id in run_ids:
        told[f"run {run_id}"] = program.ask("status", "--run-id", run_id)
        told[f"events {run_id}"] = program.ask("events", run_id)
        told[f"logs {run_id}"] = program.ask("logs", run_id)
        told[f"wait {run_id}"] = program.ask("wait", run_id)
    return told


def by_name(listed: Any, key: str) -> Any:
    """Return a list as a mapping: its order is another one in the two programs."""
    return {each[key]: each for each in listed or ()}


def differences(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield where `new` lacks or changes something of `old`; what is new is not a difference."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key not in new:
                yield f"{path}.{key}: is gone (was {value!r})"
            else:
                yield from differences(f"{path}.{key}", value, new[key])
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield f"{path}: {len(new)} where there were {len(old)}"
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            yield from differences(f"{path}[{index}]", one, other)
    elif not _same(old, new):
        yield f"{path}: {new!r} where it was {old!r}"


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, str) and isinstance(new, str) and old != new:
        try:
            return datetime.fromisoformat(old) == datetime.fromisoformat(new)
        except ValueError:
            return False
    return type(old) is type(new) and bool(old == new)


def decided(difference: str) -> bool:
    """Whether a difference is one of those that are on purpose."""
    return any(re.match(pattern, difference) for pattern in DECIDED)


def main(arguments: Sequence[str]) -> int:
    """Make the history, ask both, and print what differs."""
    if len(arguments) != 1:
        print(__doc__)
        return 1
    with tempfile.TemporaryDirectory() as name:
        home = Path(name, ".docket")
        home.mkdir()
        (home / "config.yaml").write_text(CONFIG)
        old = Program(os.path.abspath(arguments[0]), name)
        for words in RUNS:
            old.ask("run", *words)
        time.sleep(3)  # runs in the background end
        runs = old.ask("runs", "--limit", "500")
        run_ids = [run["run_id"] for run in runs]
        tasks = sorted({run["task_name"] for run in runs} | {"never"})
        before = answers(old, run_ids, tasks)
        new = Program(os.path.join(os.path.dirname(sys.executable), "docket"), name)
        after = answers(new, run_ids, tasks)
    found = [each for key in before for each in differences(key, before[key], after[key])]
    undecided = [each for each in found if not decided(each)]
    print(f"{len(run_ids)} runs, {len(before)} answers, {len(found)} differences, ", end="")
    print(f"{len(undecided)} of them not decided so")
    for difference in undecided:
        print(f"  {difference}")
    return 1 if undecided else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
