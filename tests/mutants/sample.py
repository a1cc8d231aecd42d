"""Which mutants are tried: the same ones each time, as long as their lines are the same."""

from __future__ import annotations

import functools
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.mutants.mutations import Mutation, mutations

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ("docket/schemas", "docket/libexec")


class Mutant(NamedTuple):
    """One changed file. The identity names the changed line by its text, not by its number."""

    path: str
    mutation: Mutation
    identity: str

    def __str__(self) -> str:
        """Return the place and the change in one line."""
        return f"{self.path}:{self.mutation.line}: {change(self.mutation)}"


def change(mutation: Mutation) -> str:
    """Return what is replaced by what, in one line."""
    return " -> ".join(" ".join(text.split()) for text in (mutation.before, mutation.after))


def sample(only: str, count: int, seed: int) -> list[Mutant]:
    """Return `count` mutants: of each room by its size, at least one.

    A change of one line of the product changes the sample by one mutant at most.
    """
    rooms: defaultdict[str, list[Mutant]] = defaultdict(list)
    for path in product_files(only):
        rooms[path.split("/")[1]] += mutants_of(path)
    total = sum(map(len, rooms.values()))
    chosen: list[Mutant] = []
    for room in sorted(rooms):
        share = max(1, round(count * len(rooms[room]) / total)) if rooms[room] else 0
        chosen += sorted(rooms[room], key=lambda mutant: _drawn(mutant, seed))[:share]
    return sorted(chosen)


def _drawn(mutant: Mutant, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {mutant.identity}".encode()).digest()


@functools.cache
def mutants_of(path: str) -> list[Mutant]:
    """Return every mutant of one file."""
    found = []
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = text.splitlines()
    seen: Counter[str] = Counter()
    for mutation in mutations(text):
        identity = f"{path}: {lines[mutation.line - 1].strip()}: {change(mutation)}"
        seen[identity] += 1
        number = f" ({seen[identity]})" if seen[identity] > 1 else ""
        found.append(Mutant(path, mutation, identity + number))
    return found


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
