"""The median.

`statistics` has one too; importing it loads fractions, decimals and random numbers, which costs a
command 30 million instructions.
"""

from __future__ import annotations

from collections.abc import Iterable


def median(values: Iterable[float]) -> float:
    """Return the value in the middle, or the mean of the two there; IndexError for no values."""
    ordered = sorted(values)
    count = len(ordered)
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2
