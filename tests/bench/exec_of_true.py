"""What `docket exec` of /bin/true costs, as the unit runs it, and what a waiting parent holds."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.counting import (
    can_count,
    dirtied_bytes,
    instructions,
    proportional_bytes,
    syncs,
)
from tests.bench.dockets import PYTHON, both, runner_of
from tests.bench.measure import medians
from tests.bench.table import Text, figure, kibibytes, mebibytes, millions, milliseconds, plain

ROUNDS = 20
COUNTS = 3
WAITING = 8
MEBIBYTE = 2**20
_SLEEPER = "import time; time.sleep(60 * '{}'.startswith('sleeper'))"


class Runner(NamedTuple):
    """How one of the two programs, or plain Python, is started for a task."""

    words: list[str]
    environ: dict[str, str]
    task: list[str]

    def line(self, task: str) -> list[str]:
        """Return the words that run `task`."""
        return [*self.words, *(word.format(task) for word in self.task)]


def measure(directory: Path, peer: Sequence[str]) -> None:
    """Print one row for each figure; the limit is `python3 -I -c pass`, or Python that sleeps."""
    peak = directory / "peak"
    keep = f"sleep 0.2; grep VmHWM /proc/$PPID/status > {peak}"
    tasks = {
        "plain": "command: [/bin/true]",
        "memory": f"command: [/bin/sh, -c, '{keep}']",
        **{f"sleeper{n}": "command: [/bin/sleep, '60']" for n in range(WAITING)},
    }
    own, old = both(directory, peer, tasks)
    ours = Runner(runner_of(own, "{}")[:-1], own.environ, ["{}"])
    theirs = Runner(old.words, old.environ, ["run", "--force", "{}"])
    bare = Runner([PYTHON, "-I", "-c"], own.environ, [_SLEEPER])
    for runner in (ours, theirs):
        _run(runner.line("plain"), runner.environ)
    _costs(ours, theirs, bare)
    sizes = [_peak(runner, peak) for runner in (ours, theirs)]
    figure("docket exec, peak memory", sizes[0], 12 * MEBIBYTE, mebibytes, theirs=sizes[1])
    held = [_waiting(runner) for runner in (ours, theirs, bare)]
    bar = 4 * MEBIBYTE
    figure("docket exec that waits, PSS", held[0], bar, mebibytes, theirs=held[1], limit=held[2])


def _costs(ours: Runner, theirs: Runner, bare: Runner) -> None:
    lines = [runner.line("plain") for runner in (ours, theirs, bare)]
    environs = [runner.environ for runner in (ours, theirs, bare)]
    times = medians(lines, environs, ROUNDS)
    _row("docket exec of /bin/true, time", times, 3, milliseconds, of_limit=True)
    if can_count():
        counts = [min(instructions(*one) for _ in range(COUNTS)) for one in _pairs(lines, environs)]
        _row("docket exec of /bin/true, instructions", counts, 70e6, millions)
    synced = [syncs(*one) for one in _pairs(lines[:2], environs)]
    if synced[0] is not None:
        figure("docket exec of /bin/true, fsyncs", synced[0], 2, theirs=synced[1])
    dirtied = [
        sorted(dirtied_bytes(*one) for _ in range(ROUNDS))[ROUNDS // 2]
        for one in _pairs(lines[:2], environs)
    ]
    name = "docket exec of /bin/true, dirtied"
    figure(name, dirtied[0], 100 * 1024, kibibytes, theirs=dirtied[1])


def _row(
    name: str, values: Sequence[float], bar: float, text: Text = plain, *, of_limit: bool = False
) -> None:
    ours, theirs, limit = values
    of = "limit" if of_limit else ""
    figure(name, ours, bar, text, theirs=theirs, limit=limit, of=of)  # type: ignore[arg-type]


def _pairs(
    lines: Sequence[list[str]], environs: Sequence[dict[str, str]]
) -> list[tuple[list[str], dict[str, str]]]:
    return list(zip(lines, environs, strict=False))


def _run(line: Sequence[str], environ: Mapping[str, str]) -> None:
    subprocess.run(line, env=environ, capture_output=True, check=False)


def _peak(runner: Runner, file: Path) -> int:
    """Return the most memory that the parent of a job had, as the job sees it."""
    _run(runner.line("memory"), runner.environ)
    return int(file.read_text().split()[1]) * 1024


def _waiting(runner: Runner) -> int:
    """Return the memory of a runner whose job sleeps, beside others as in a full night."""
    lines = [runner.line(f"sleeper{n}") for n in range(WAITING)]
    null = subprocess.DEVNULL
    runners = [
        subprocess.Popen(line, env=runner.environ, stdin=null, stdout=null, stderr=null)
        for line in lines
    ]
    time.sleep(4)
    found = [proportional_bytes(one.pid) for one in runners]
    for one in runners:
        one.send_signal(signal.SIGTERM)
    for one in runners:
        one.wait(timeout=30)
    return sorted(found)[WAITING // 2]
