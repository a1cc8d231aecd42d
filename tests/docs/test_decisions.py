"""A decision is referred to by its number."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "decisions"
NUMBERS = sorted(path.name[:4] for path in FOLDER.glob("[0-9]*.md"))


def test_the_numbers_have_neither_holes_nor_doubles() -> None:
    assert [f"{number:04}" for number in range(1, len(NUMBERS) + 1)] == NUMBERS


def test_each_number_that_is_referred_to_exists() -> None:
    found = subprocess.run(
        ["grep", "-rhoiE", r"decisions?[ /]0[0-9]{3}\b", *("docket", "docs", "tests", "tools")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert set(re.findall(r"\d{4}", found.stdout)) - set(NUMBERS) == set()
