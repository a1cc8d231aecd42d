"""A decision is referred to by its number."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "decisions"


def test_no_two_decisions_have_one_number() -> None:
    numbers = Counter(path.name[:4] for path in FOLDER.glob("[0-9]*.md"))
    assert [number for number, notes in numbers.items() if notes > 1] == []
