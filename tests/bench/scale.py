"""Large configs: 1,000 tasks installed, and cron expressions translated."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.bench.dockets import DOCKET, both
from tests.bench.measure import seconds_of
from tests.bench.table import figure, plain

TASKS = 1_000
EXPRESSIONS, RATE = 20_000, 2_000


def measure(directory: Path, peer: Sequence[str]) -> None:
    """Print one row for each figure."""
    tasks = {
        f"t{n}": f"command: [/bin/true, '{n}'], schedule: '{n % 60} {n % 24} * * *'"
        for n in range(TASKS)
    }
    ours, theirs = both(directory, peer, tasks)  # installs once
    config = ours.home / "config.yaml"
    config.write_text(config.read_text().replace("[/bin/true,", "[/bin/echo,"))
    old = seconds_of([*theirs.words, "install"], theirs.environ)
    for name, bar in (("all changed", 3.0), ("nothing changed", 1.0)):
        taken = seconds_of([*ours.words, "install", "--json"], ours.environ)
        figure(f"install of {TASKS:,} tasks, {name}", taken, bar, _seconds, theirs=old)
    translate()


def translate() -> None:
    """Cron expressions through `translate --batch`."""
    zone = "Europe/Rome"
    expressions = (f"{n % 60} {n % 24} 1-15/{n % 7 + 1} * 1-5" for n in range(EXPRESSIONS))
    lines = "".join(
        json.dumps({"id": n, "expr": text, "tz": zone}) + "\n" for n, text in enumerate(expressions)
    )
    line = [*DOCKET, "translate", "--batch"]
    begun = time.perf_counter()
    done = subprocess.run(line, input=lines, capture_output=True, text=True, check=True)
    rate = len(done.stdout.splitlines()) / (time.perf_counter() - begun)
    figure("translate --batch, lines per second", rate, RATE, plain, at_least=True)


def _seconds(value: float) -> str:
    return f"{value:.2f} s"
