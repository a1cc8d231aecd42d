"""What the commands cost beside those of docket-cli 0.2.2, in instructions."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.counting import can_count, instructions
from tests.bench.dockets import Program, both
from tests.bench.table import figure, millions

TASKS = 20
SHARE = 0.8
COUNTS = 3
COMPARED = ("status", "list", "describe t1", "health", "capabilities", "runs")
BARE, BARE_BAR = ("--version", "--help"), 130e6
CAPABILITIES_BYTES, OF_EACH_TASK = 8_000, 600


def measure(directory: Path, peer: Sequence[str]) -> None:
    """Print one row for each command."""
    tasks = {f"t{n}": f"command: echo {n}, schedule: '{n} 3 * * *'" for n in range(TASKS)}
    programs = both(directory, peer, tasks)
    for task in range(TASKS):
        for program in programs:
            program.call("run", f"t{task}")
    if can_count():
        for word in BARE:
            ours, theirs = counted(programs, [word])
            figure(f"docket {word}, instructions", ours, BARE_BAR, millions, theirs=theirs)
        for words in COMPARED:
            ours, theirs = counted(programs, ["--json", *words.split()])
            name = f"docket {words}, instructions ({TASKS} tasks)"
            figure(name, ours, SHARE, millions, theirs=theirs, of="docket-cli")
    sizes = [len(program.call("--json", "capabilities")) for program in programs]
    most = CAPABILITIES_BYTES + TASKS * OF_EACH_TASK
    figure(f"docket capabilities, bytes ({TASKS} tasks)", sizes[0], most, theirs=sizes[1])


def counted(programs: tuple[Program, Program], words: Sequence[str]) -> list[int]:
    """Return the least of some counts of one command, for each program."""
    lines = [([*one.words, *words], one.environ) for one in programs]
    with ThreadPoolExecutor(len(lines)) as pool:
        counts = [list(pool.map(lambda line: instructions(*line), lines)) for _ in range(COUNTS)]
    return [min(column) for column in zip(*counts, strict=True)]
