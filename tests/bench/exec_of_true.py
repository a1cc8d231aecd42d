"""What `docket exec` of /bin/true costs, as the unit runs it, and what a waiting parent holds."""

from __future__ import annotations

import time

from tests.bench.instructions import (
    can_count,
    dirtied_bytes,
    instructions,
    proportional_kib,
    syncs,
)
from tests.bench.measure import medians, row
from tests.unit.runner.runner_home import Home

ROUNDS = 20


def measure(home: Home) -> None:
    """Print one line for each figure."""
    home.plan("true", "/bin/true")
    home.run("true")
    words, environ = home.words("true"), home.environ
    base, ours = medians([[words[0], "-I", "-c", "pass"], words], environ, 100)
    figure = f"{ours * 1000:.1f} ms = {ours / base:.2f} x"
    row("docket exec : python3 -I -c pass", figure, "<= 3.00 x", held=ours / base <= 3.0)
    if can_count():
        count = instructions(words, environ) / 1e6
        row("docket exec, instructions", f"{count:.1f} M", "<= 70 M", held=count <= 70)
    synced = syncs(words, environ)
    if synced is not None:
        row("docket exec, syncs", str(synced), "<= 2", held=synced <= 2)
    dirtied = sorted(dirtied_bytes(words, environ) for _ in range(ROUNDS))[ROUNDS // 2] / 1024
    row("docket exec, written", f"{dirtied:.0f} KiB", "<= 100 KiB", held=dirtied <= 100)
    script = "sleep 0.2; grep VmHWM /proc/$PPID/status"
    home.plan("memory", "/bin/sh", "-c", script)
    peak = int(home.run("memory").stdout.split()[1]) / 1024
    row("docket exec, peak memory", f"{peak:.1f} MiB", "<= 12 MiB", held=peak <= 12)
    held = waiting_kib(home) / 1024
    row("docket exec, waiting, PSS", f"{held:.1f} MiB", "<= 4 MiB", held=held <= 4)


def waiting_kib(home: Home) -> int:
    """Return the memory of a runner whose job sleeps, beside others as in a full night."""
    home.plan("sleeper", "/bin/sleep", "10", overlap="allow")
    runners = [home.start("sleeper") for _ in range(8)]
    time.sleep(2)
    found = [proportional_kib(runner.pid) for runner in runners]
    for runner in runners:
        runner.terminate()
    for runner in runners:
        runner.communicate(timeout=30)
    return sorted(found)[len(found) // 2]
