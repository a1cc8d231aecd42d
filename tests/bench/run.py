"""`make bench`: the figures that the design promises, as ratios measured here and now."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench import commands, exec_of_true
from tests.bench.measure import medians, peak_kib, row, seconds_of
from tests.unit.runner.runner_home import Home

PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
DOCKET = [sys.executable, "-m", "docket"]
EVENTS = 200_000


def main() -> int:
    """Measure everything and print one line each."""
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as directory:
        home = Home(Path(directory) / "home")
        exec_of_true.measure(home)
        gibibyte(home)
        masked_gibibyte(home)
        events(home)
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as directory:
        install(Path(directory))
    translate()
    return commands.main([])


def gibibyte(home: Home) -> None:
    """1 GiB of output, against cat through tee into a file."""
    script = home.path / "gibibyte.py"
    script.write_text(
        "import os\nblock = (b'x' * 127 + b'\\n') * 8192\n"
        "for _ in range(1024): os.write(1, block)\n"
    )
    home.plan("big", PYTHON, str(script))
    peak = peak_kib(lambda: home.start("big", "--quiet"))
    log = Path(home.ask(lambda reader: reader.runs("big"))[0].log_path)
    tee = f"{PYTHON} {script} | cat | tee {home.path}/copy > /dev/null"
    reference = seconds_of(["/bin/sh", "-c", tee], home.environ)
    ours = seconds_of(home.words("big", "--quiet"), home.environ)
    row("1 GiB of output, peak memory", f"{peak / 1024:.1f} MiB", "< 30 MiB", held=peak < 30 * 1024)
    size = log.stat().st_size
    row(
        "1 GiB of output, log file",
        f"{size / 2**20:.2f} MiB",
        "<= 10 MiB",
        held=size < 10.1 * 2**20,
    )
    speed = reference / ours
    row("1 GiB of output, speed : cat | tee", f"{speed:.2f} x", ">= 0.50 x", held=speed >= 0.5)


def masked_gibibyte(home: Home) -> None:
    """1 GiB of output of a task with three secrets, against the same without."""
    script = home.path / "telling.py"
    script.write_text(
        "import os\nline = b'copied /home/ada/photos/2026/11/24/img_0417.jpg (1804 kB)'\n"
        "told = b'with ' + os.environ.get('API_TOKEN', 'x' * 24).encode()\n"
        "block = b'\\n'.join([line] * 999 + [told, b'']) * 17\n"
        "for _ in range(2**30 // len(block)): os.write(1, block)\n"
    )
    names = ["API_TOKEN", "DB_PASSWORD", "HOOK_URL"]
    home.plan("masked", PYTHON, str(script), secrets=names)
    home.plan("plain", PYTHON, str(script))
    environ = {
        **home.environ,
        "API_TOKEN": "kX9pl4ntedT0kenOf24signs",
        "DB_PASSWORD": "p4ss/word+of&signs",
        "HOOK_URL": "https://example.org/api/webhooks/904172/5Tn7Wk2eBs6Yh3Ug8iOp",
    }
    peak = peak_kib(lambda: home.start("masked", "--quiet", environ=environ))
    words = [home.words(task, "--quiet") for task in ("plain", "masked")]
    plain, masked = medians(words, environ, 3)
    row("1 GiB masked, peak memory", f"{peak / 1024:.1f} MiB", "< 30 MiB", held=peak < 30 * 1024)
    figure = f"{masked / plain:.2f} x, {1024 / masked:.0f} MiB/s"
    row(
        "1 GiB of output, with three secrets : without",
        figure,
        "<= 6.00 x",
        held=masked / plain <= 6,
    )


def events(home: Home) -> None:
    """JSON lines into SQLite."""
    script = home.path / "events.py"
    script.write_text(
        "import sys\n"
        f'for i in range({EVENTS}): sys.stdout.write(\'{{"event": "tick", "i": %d}}\\n\' % i)\n'
    )
    home.plan("events", PYTHON, str(script), output_format="jsonl")
    rate = EVENTS / seconds_of(home.words("events", "--quiet"), home.environ)
    row("JSONL events into SQLite", f"{rate:,.0f} /s", ">= 50,000 /s", held=rate >= 50_000)


def install(directory: Path) -> None:
    """1,000 tasks compiled and written, then compared and left alone."""
    tasks = "".join(
        f"  task-{n}:\n    type: command\n    command: [/bin/true, '{n}']\n"
        f"    schedule: '{n % 60} {n % 24} * * *'\n"
        for n in range(1000)
    )
    home = directory / "home"
    home.mkdir(mode=0o700)
    config = home / "config.yaml"
    config.write_text("tasks:\n" + tasks)
    config.chmod(0o600)
    environ = {
        "HOME": str(directory),
        "DOCKET_HOME": str(home),
        "PATH": "/usr/bin:/bin",
        "XDG_RUNTIME_DIR": str(directory / "none"),
    }
    words = [*DOCKET, "install", "--json"]
    for name, bar in (("all changed", 3.0), ("nothing changed", 1.0)):
        begun = time.perf_counter()
        done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
        taken = time.perf_counter() - begun
        assert done.stdout, done.stderr
        row(f"install of 1,000 tasks, {name}", f"{taken:.2f} s", f"< {bar:.0f} s", held=taken < bar)


def translate() -> None:
    """Cron expressions through `translate --batch`."""
    zone = "Europe/Rome"
    expressions = (f"{n % 60} {n % 24} 1-15/{n % 7 + 1} * 1-5" for n in range(20_000))
    lines = "".join(
        json.dumps({"id": n, "expr": text, "tz": zone}) + "\n" for n, text in enumerate(expressions)
    )
    begun = time.perf_counter()
    done = subprocess.run(
        [*DOCKET, "translate", "--batch"], input=lines, capture_output=True, text=True, check=True
    )
    rate = len(done.stdout.splitlines()) / (time.perf_counter() - begun)
    row("translate --batch", f"{rate:,.0f} /s", ">= 2,000 /s", held=rate >= 2_000)


if __name__ == "__main__":
    sys.exit(main())
