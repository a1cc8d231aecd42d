"""What the commands cost beside those of docket-cli 0.2.2, in instructions, in one run.

    python -m tests.bench.commands [PATH_OF_THE_OLD_DOCKET]

Without a path docket-cli is installed from PyPI into an environment of its own. Docket runs on this
machine's Python with the distribution's libraries, as a package would.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.instructions import can_count, instructions
from tests.bench.measure import row

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
DOCKET = [PYTHON, "-I", str(ROOT / "docket" / "libexec" / "docket")]
TASKS = 20
SHARE = 0.8
COMPARED = ("status", "list", "health", "describe t1", "runs", "capabilities")
BARE = (("--version", 130), ("--help", 130))
CAPABILITIES_BYTES, OF_EACH_TASK = 8_000, 600


def home_in(directory: Path) -> dict[str, str]:
    """Make a home of 20 scheduled tasks and return the environment that uses it."""
    (directory / ".docket").mkdir(parents=True, mode=0o700)
    directory.chmod(0o700)
    config = directory / ".docket" / "config.yaml"
    config.write_text(
        "tasks:\n"
        + "".join(
            f"  t{n}:\n    type: command\n    command: echo {n}\n    schedule: '{n} 3 * * *'\n"
            for n in range(TASKS)
        )
    )
    config.chmod(0o600)
    return {
        "HOME": str(directory),
        "PATH": "/usr/bin:/bin",
        "XDG_RUNTIME_DIR": str(directory / "none"),
    }


def reference(directory: Path) -> list[str]:
    """Install docket-cli 0.2.2 into an environment of its own and return how to call it."""
    subprocess.run([PYTHON, "-m", "venv", str(directory)], check=True)
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "-q", "docket-cli==0.2.2"]
    subprocess.run(pip, check=True)
    return [str(directory / "bin" / "docket")]


def main(arguments: Sequence[str]) -> int:
    """Measure every command and print one line each."""
    if not can_count():
        print("valgrind is not installed: instructions are not counted")
        return 0
    with tempfile.TemporaryDirectory(prefix="docket-bench-") as name:
        old = [arguments[0]] if arguments else reference(Path(name, "venv"))
        homes = [home_in(Path(name, side)) for side in ("own", "old")]
        ours, theirs = (DOCKET, homes[0]), (_python_of(old), homes[1])
        _call(*ours, "install")
        for task in range(TASKS):
            for words, environ in (ours, theirs):
                _call(words, environ, "run", f"t{task}")
        compare(ours, theirs)
    return 0


def compare(
    ours: tuple[Sequence[str], Mapping[str, str]], theirs: tuple[Sequence[str], Mapping[str, str]]
) -> None:
    """Print what each command costs in the two homes."""
    for word, millions in BARE:
        own = instructions([*ours[0], word], ours[1]) / 1e6
        figure = f"{own:.0f} M"
        row(f"docket {word}, instructions", figure, f"<= {millions} M", held=own <= millions)
    for words in COMPARED:
        line = ("--json", *words.split())
        count, old = (instructions([*call, *line], environ) for call, environ in (ours, theirs))
        figure = f"{count / 1e6:.0f} M : {old / 1e6:.0f} M = {count / old:.2f}"
        bar = f"<= {SHARE} x docket-cli"
        row(f"docket {words}, instructions", figure, bar, held=count <= SHARE * old)
    size = len(_call(*ours, "--json", "capabilities"))
    most = CAPABILITIES_BYTES + TASKS * OF_EACH_TASK
    row(f"capabilities of {TASKS} tasks", f"{size} B", f"<= {most} B", held=size <= most)


def _call(words: Sequence[str], environ: Mapping[str, str], *more: str) -> bytes:
    done = subprocess.run([*words, *more], env=environ, capture_output=True, check=False)
    return done.stdout


def _python_of(script: Sequence[str]) -> list[str]:
    """Return how to call a script by its interpreter: valgrind follows no `#!`."""
    python = os.path.join(os.path.dirname(script[0]), "python")
    return [python, *script]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
