"""`make mutants`: small changes to the product, and whether the tests of that room notice them.

    python -m tests.mutants.run [--count 60] [--seed 1] [--only docket/store] [--list]

Each room gets its share of the sample by its size. A mutant is killed when a test of the folders
that cover its room fails, or hangs past its time. Survivors are printed with their place: each is
a missing test, a second line of defence, or a change that means nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.mutants.mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 400  # for the tests of one mutant
# Which tests cover a folder beside tests/unit/ of the same name; the longest path wins.
COVER = {
    "docket/runner": ["tests/unit/runner"],
    "docket/store": ["tests/unit/store", "tests/unit/runner"],
    "docket/notify": ["tests/unit/notify"],
    "docket/mcp": ["tests/unit/mcp"],
    "docket/model": ["tests/unit/model", "tests/unit/config", "tests/unit/compiler"],
    "docket/schedule": ["tests/unit/schedule", "tests/unit/crontab"],
    "docket/compiler": ["tests/unit/compiler", "tests/golden", "tests/unit/install"],
    "docket/systemd": ["tests/unit/systemd", "tests/unit/app"],
    "docket/app": ["tests/unit/app", "tests/unit/install", "tests/unit/cli", "tests/unit/api"],
    "docket/cli": ["tests/unit/cli"],
    "docket/tasks": ["tests/unit/tasks", "tests/unit/plugins"],
    "docket/config": ["tests/unit/config"],
    "docket/crontab": ["tests/unit/crontab"],
}
LEFT_OUT = ("docket/schemas", "docket/libexec")


class Mutant(NamedTuple):
    """One changed file."""

    path: str
    mutation: Mutation

    def __str__(self) -> str:
        """Return the place and the change in one line."""
        before, after = (" ".join(t.split()) for t in (self.mutation.before, self.mutation.after))
        return f"{self.path}:{self.mutation.line}: {before} -> {after}"


def main() -> int:
    """Run a sample of mutants and print what came of each; 1 where under 85 % are killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="docket")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    chosen = sample(options.only, options.count, random.Random(options.seed))
    if options.list:
        print("\n".join(str(mutant) for mutant in chosen))
        return 0
    survivors = []
    rooms: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="docket-mutants-") as folder:
        tree = copy_of_the_tree(Path(folder) / "tree")
        for number, mutant in enumerate(chosen, 1):
            begun = time.monotonic()
            killer = killed_by(tree, mutant)
            took = time.monotonic() - begun
            print(f"{number:3} {killer or 'SURVIVED':60.60} {took:5.0f} s  {mutant}", flush=True)
            if killer is None:
                survivors.append(mutant)
                rooms[mutant.path.split("/")[1]] += 1
    killed = len(chosen) - len(survivors)
    print(f"\n{killed} of {len(chosen)} killed; survivors by room: {dict(rooms)}")
    print("\n".join(f"  {mutant}" for mutant in survivors))
    return 0 if killed >= 0.85 * len(chosen) else 1


def sample(only: str, count: int, chance: random.Random) -> list[Mutant]:
    """Return `count` mutants, drawn from all files as they are long."""
    every = [
        Mutant(path, mutation)
        for path in product_files(only)
        for mutation in mutations((ROOT / path).read_text(encoding="utf-8"))
    ]
    return sorted(chance.sample(every, min(count, len(every))))


def product_files(only: str) -> Iterator[str]:
    """Yield the source files of the product."""
    for path in sorted((ROOT / "docket").rglob("*.py")):
        name = str(path.relative_to(ROOT))
        if (
            name.startswith(only)
            and not name.startswith(LEFT_OUT)
            and not name.endswith("shapes.py")
        ):
            yield name


def copy_of_the_tree(tree: Path) -> Path:
    """Copy what the tests need, so that the checkout stays as it is."""
    ignored = shutil.ignore_patterns(".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, tree, ignore=ignored, symlinks=True)
    for name in (".venv", ".venv-mcp"):
        if (ROOT / name).exists():
            os.symlink(ROOT / name, tree / name)
    return tree


def killed_by(tree: Path, mutant: Mutant) -> str | None:
    """Return the test that fails with the mutant, or None where all pass."""
    path = tree / mutant.path
    text = path.read_text(encoding="utf-8")
    path.write_text(mutant.mutation.applied(text), encoding="utf-8")
    try:
        return first_failure(tree, cover(mutant.path))
    finally:
        path.write_text(text, encoding="utf-8")


def cover(path: str) -> list[str]:
    """Return the folders of tests that cover a file; those of its own subroom come first."""
    room = max((room for room in COVER if path.startswith(room)), key=len, default="docket")
    folders = list(COVER.get(room, ["tests/unit/cli", "tests/unit/runner"]))
    own = os.path.join("tests/unit", os.path.dirname(path).removeprefix("docket/"))
    if (ROOT / own).is_dir() and own not in folders:
        folders.insert(0, own)
    return [folder for folder in folders if (ROOT / folder).exists()]


def first_failure(tree: Path, folders: list[str]) -> str | None:
    """Return the first test that fails; `hung` where they take too long."""
    words = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *folders]
    environ = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            words,
            cwd=tree,
            env=environ,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "hung"
    if done.returncode == 0:
        return None
    lines = [
        line.split(" ")[1]
        for line in done.stdout.splitlines()
        if line.startswith(("FAILED ", "ERROR "))
    ]
    return lines[0].rpartition("::")[2] if lines else "broken"


if __name__ == "__main__":
    sys.exit(main())
