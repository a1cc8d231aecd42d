"""A database of state and queues, with a clock that a test sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from docket.data.database import Database

SECOND = 1_000_000
NOON = 1_795_953_600 * SECOND


class Clock:
    """Microseconds since the epoch, as the test wants them."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path, clock: Clock) -> Database:
    return Database(str(tmp_path / "home" / "data.db"), clock)
