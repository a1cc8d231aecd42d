"""Queues: pushes and claims a second, and the full fire of workers that are killed."""

from __future__ import annotations

import time
from pathlib import Path

from docket.app.data.queues import Wish, push_lines
from docket.app.session.session import open_session
from docket.data.database import Database
from docket.data.queue import Queue
from tests.bench.table import figure
from tests.unit.data.fire import under_fire

_PUSHES = 20_000
_CLAIMS = 4_000
_ITEMS, _WORKERS, _KILLS = 1000, 20, 300


def measure(folder: Path) -> None:
    """Print a row for each figure."""
    session = open_session({"HOME": str(folder), "DOCKET_DATA_PATH": str(folder / "data.db")})
    lines = (b'{"id": %d, "to": "ada@example.org"}\n' % number for number in range(_PUSHES))
    begun = time.monotonic()
    push_lines(session, "bench", lines, Wish(), key_field="id")
    pushes = _PUSHES / (time.monotonic() - begun)
    figure("queue: pushes a second, as lines with keys", pushes, 10_000, at_least=True)
    queue = Queue(Database(str(folder / "data.db")), "bench")
    begun = time.monotonic()
    for _ in range(_CLAIMS):
        queue.done(queue.claim_some()[0].token or "")
    claims = _CLAIMS / (time.monotonic() - begun)
    figure("queue: claims and settlements a second", claims, 2_000, at_least=True)
    (folder / "fire").mkdir(mode=0o700)
    left = under_fire(folder / "fire", _ITEMS, _WORKERS, _KILLS, seed=1)
    name = f"queue: {_ITEMS:,} items, {_WORKERS} workers, {_KILLS} killed"
    figure(f"{name}: done", left.done, _ITEMS, at_least=True)
    figure(f"{name}: settled twice", len(left.settled_twice), 0)
