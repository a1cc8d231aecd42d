"""How property tests look for cases: the same ones each time, or, with TESTS_FUZZ=N, new ones.

With N, each test tries N times as many (`make fuzz`). What it finds becomes an explicit example.
"""

from __future__ import annotations

import os

from hypothesis import settings

_TIMES = int(os.environ.get("TESTS_FUZZ", "0"))
_USUAL = 100


def load_profile() -> None:
    """Make the way of searching the default of every property test that is imported later."""
    settings.register_profile(
        "same-cases", max_examples=_USUAL, derandomize=True, database=None, deadline=None
    )
    settings.register_profile(
        "new-cases", max_examples=_USUAL * max(_TIMES, 1), print_blob=True, deadline=None
    )
    settings.load_profile("new-cases" if _TIMES else "same-cases")


def examples(number: int) -> settings:
    """Return the settings of a test that tries so many cases."""
    return settings(max_examples=number * max(_TIMES, 1))
