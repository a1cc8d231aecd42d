"""Claimers are killed at any moment: no item is lost, none is settled twice, no count is lost.

`make bench` runs it at full size: 1,000 items, 20 workers, 300 kills.
"""

from __future__ import annotations

from pathlib import Path

from tests.unit.data.fire import under_fire


def test_nothing_is_lost_and_nothing_is_settled_twice(tmp_path: Path) -> None:
    items, workers, kills = 150, 4, 40
    left = under_fire(tmp_path, items, workers, kills, seed=7)
    assert (left.done, left.other, left.settled_twice) == (items, 0, [])
    # A worker can die between the increment and its note of it, and in no other way.
    assert left.promised <= left.counted <= left.promised + kills
