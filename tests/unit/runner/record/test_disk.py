"""What the record of one run costs the disk, counted by the system calls of a real run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.unit.runner.runner_home import Home

_PAGE = 4096 + 24  # with its head in the WAL


class Calls:
    """The calls of one `docket exec` that reach the disk."""

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def syncs(self) -> int:
        return len(re.findall(r"\b(?:fsync|fdatasync|sync_file_range)\(", self.text))

    def written(self, name: str) -> int:
        """Return how many bytes were written to a file of that name."""
        return sum(
            int(size)
            for file, size in re.findall(
                r"write\d*\(\d+<([^>]+)>.* = (\d+)$", self.text, re.MULTILINE
            )
            if file.endswith(name)
        )


def calls_of_a_run(home: Home, tmp_path: Path) -> Calls:
    trace = tmp_path / "trace"
    words = ["strace", "-f", "-qq", "-y", "-s", "0", "-o", str(trace)]
    words += ["-e", "trace=fsync,fdatasync,sync_file_range,write,pwrite64"]
    done = subprocess.run(
        [*words, *home.words("job")], env=home.environ, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Calls(trace.read_text())


def test_a_run_costs_two_syncs_and_twelve_pages(home: Home, tmp_path: Path) -> None:
    home.plan("job", "/bin/true")
    for _ in range(3):
        home.run("job")
    calls = calls_of_a_run(home, tmp_path)
    assert calls.syncs <= 2
    assert calls.written("/state.db-wal") <= 12 * _PAGE
    assert calls.written("/state.db") == 0


def test_checkpoints_cost_a_run_less_than_half_a_sync_on_average(
    home: Home, tmp_path: Path
) -> None:
    home.plan("job", "/bin/true")
    home.run("job")
    runs = [calls_of_a_run(home, tmp_path) for _ in range(34)]
    checkpoints = [calls for calls in runs if calls.written("/state.db")]
    assert checkpoints
    assert sum(calls.syncs for calls in runs) / len(runs) < 2.5
    assert (home.path / "state.db-wal").stat().st_size < 300 * _PAGE


def test_the_wal_of_one_run_is_read_by_the_next_and_by_readers(home: Home) -> None:
    home.plan("job", "/bin/true")
    for _ in range(3):
        home.run("job")
    assert (home.path / "state.db-wal").stat().st_size > 0
    assert len(home.ask(lambda reader: reader.runs())) == 3
    assert (home.path / "state.db-wal").stat().st_size > 0
