"""What a task's output costs, in processor time of all processes: kept, echoed, and masked."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.bench.dockets import PYTHON
from tests.bench.measure import least_cpu, peak_bytes
from tests.bench.table import figure, mebibytes, milliseconds
from tests.unit.runner.runner_home import Home

SIZE = 256 * 2**20
ROUNDS = 3
LINES = """
import os
line = b'copied /home/ada/photos/2026/11/24/img_0417.jpg (1804 kB)'
told = b'with ' + os.environ.get('TOKEN0', 'x' * 24).encode()
block = b'\\n'.join([line] * 999 + [told, b'']) * 17
for _ in range(%d // len(block)): os.write(1, block)
"""
SECRETS = {
    "TOKEN0": "kX9pl4ntedT0kenOf24signs",
    "TOKEN1": "p4ss/word+of&signs",
    "TOKEN2": "https://example.org/api/webhooks/904172/5Tn7Wk2eBs6Yh3Ug8iOp",
    **{f"TOKEN{n}": f"sk-live-{n}Ab7Rt2WqLz9{n}MnKd4Xc{n}Vf" for n in range(3, 10)},
}


def measure(directory: Path) -> None:
    """Print one row for each path that output takes; the limit is `cat | tee`, or no secrets."""
    home = Home(directory / "home")
    script = home.path / "lines.py"
    script.write_text(LINES % SIZE)
    environ = {**home.environ, **SECRETS}
    for name, count in (("plain", 0), ("three", 3), ("ten", 10)):
        home.plan(name, PYTHON, str(script), secrets=list(SECRETS)[:count])
    quiet = {name: home.words(name, "--quiet") for name in ("plain", "three", "ten")}
    starts = [partial(home.start, name, "--quiet", environ=SECRETS) for name in quiet]
    peak = max(map(peak_bytes, starts))
    figure("256 MiB of output, peak memory", peak, 16 * 2**20, mebibytes)
    log = max(path.stat().st_size for path in home.log_dir.iterdir())
    figure("256 MiB of output, log file", log, 10.1 * 2**20, mebibytes)
    _compare(home, script, quiet, environ)


def _compare(
    home: Home, script: Path, quiet: Mapping[str, list[str]], environ: Mapping[str, str]
) -> None:
    copy = shlex.quote(str(home.path / "copy"))
    echoed = shlex.join(home.words("plain"))
    shells = (
        f"{PYTHON} {script} | cat | tee {copy} > /dev/null",
        f"{echoed} | cat > /dev/null",
    )
    lines = [["/bin/sh", "-c", shell] for shell in shells]
    tee, echo, plain, three, ten = least_cpu([*lines, *quiet.values()], environ, ROUNDS)
    name = "256 MiB of output, CPU"
    figure(f"{name} (limit: cat | tee)", plain, 1.2, milliseconds, limit=tee, of="limit")
    figure(
        f"{name}, echo to a pipe (limit: cat | tee)",
        echo,
        1.5,
        milliseconds,
        limit=tee,
        of="limit",
    )
    for count, bar, masked in ((3, 1.6, three), (10, 2.0, ten)):
        row = f"{name}, {count} secrets (limit: none)"
        figure(row, masked, bar, milliseconds, limit=plain, of="limit")
