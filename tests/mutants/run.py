"""`make mutants`: small changes to the product, and whether the tests notice them.

    python -m tests.mutants.run [--count 60] [--seed 1] [--only docket/store] [--jobs 2] [--list]

Each room gets its share of the sample by its size, and at least one mutant. A mutant is killed when
a test of the folders that cover its room (`cover.py`) fails with it, fails with it once more, and
passes without it; or when a test hangs. Survivors are printed with their place. Each one is either
a missing test, or a change that no user can notice: the latter have a sentence in `equivalents.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.cover import stages
from tests.mutants.equivalents import EQUIVALENTS
from tests.mutants.sample import Mutant, sample
from tests.mutants.tree import Tree


def main() -> int:
    """Run a sample; return 1 if under 85 % are killed, or a survivor has no explanation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="docket")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    chosen = sample(options.only, options.count, options.seed)
    if options.list:
        print("\n".join(str(mutant) for mutant in chosen))
        return 0
    survivors = []
    for number, (mutant, killer, took) in enumerate(tried(chosen, options.jobs), 1):
        print(f"{number:3} {killer or 'SURVIVED':60.60} {took:5.0f} s  {mutant}", flush=True)
        if killer is None:
            survivors.append(mutant)
    return report(len(chosen), survivors)


def tried(chosen: list[Mutant], jobs: int) -> Iterator[tuple[Mutant, str | None, float]]:
    """Yield each mutant with the test that killed it, or None, and the seconds that it took."""
    with (
        tempfile.TemporaryDirectory(prefix="docket-mutants-") as folder,
        ThreadPoolExecutor(jobs) as threads,
    ):
        trees: SimpleQueue[Tree] = SimpleQueue()
        for number in range(jobs):
            trees.put(Tree(Path(folder) / str(number)))

        def one(mutant: Mutant) -> tuple[Mutant, str | None, float]:
            begun = time.monotonic()
            tree = trees.get()
            try:
                killer = killed_by(tree, mutant)
            finally:
                trees.put(tree)
            return mutant, killer, time.monotonic() - begun

        yield from threads.map(one, chosen)


def killed_by(tree: Tree, mutant: Mutant) -> str | None:
    """Return the test that fails with the mutant, or None if all pass."""
    if mutant.identity in EQUIVALENTS:
        return None
    done: list[str] = []
    for stage in stages(mutant.path):
        with tree.changed(mutant.path, mutant.mutation):
            failing = tree.first_failure(stage, done)
            # A test that fails by itself now and then proves nothing.
            again = failing and tree.first_failure([failing], [])
        if failing and again and ("::" not in failing or not tree.first_failure([failing], [])):
            return failing.rpartition("::")[2]
        if failing:
            print(f"    not counted, it fails without the mutant or only once: {failing}")
        done += stage
    return None


def report(count: int, survivors: list[Mutant]) -> int:
    """Print what survived and why."""
    killed = count - len(survivors)
    rooms = Counter(mutant.path.split("/")[1] for mutant in survivors)
    print(f"\n{killed} of {count} killed; survivors by room: {dict(rooms)}")
    for mutant in survivors:
        print(f"  {mutant}\n      {EQUIVALENTS.get(mutant.identity, 'NOT EXPLAINED')}")
    explained = all(mutant.identity in EQUIVALENTS for mutant in survivors)
    return 0 if explained and killed >= 0.85 * count else 1


if __name__ == "__main__":
    sys.exit(main())
