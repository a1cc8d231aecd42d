"""Queues and state under fire: workers that are killed at any moment, and what must hold then."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from pathlib import Path
from typing import NamedTuple

from docket.data.database import Database
from docket.data.entries import State
from docket.data.queue import NewItem, Queue
from docket.errors import StaleClaimError

LEASE_SECONDS = 2.0


class Outcome(NamedTuple):
    """What was left: states of items, settlements by item, increments promised and found."""

    kills: int
    done: int
    other: int
    settled_twice: list[int]
    promised: int
    counted: int


def under_fire(folder: Path, items: int, workers: int, kills: int, seed: int) -> Outcome:
    """Let `workers` claim and settle `items`, and kill `kills` of them at random moments.

    Each worker is a process. After each success it notes that in a file of its own, so a note is a
    promise that was made; a killed worker is replaced.
    """
    chance = random.Random(seed)
    path = str(folder / "data.db")
    queue = Queue(Database(path), "work")
    queue.push_all([NewItem(str(number), max_attempts=1000) for number in range(items)])
    running = [_worker(path, folder) for _ in range(workers)]
    done = 0
    while done < kills:
        time.sleep(chance.uniform(0, 0.02))
        victim = chance.randrange(workers)
        os.kill(running[victim], signal.SIGKILL)
        os.waitpid(running[victim], 0)
        done += 1
        running[victim] = _worker(path, folder)
    for process in running:
        assert os.waitpid(process, 0)[1] == 0
    return _outcome(path, folder, kills)


def _worker(path: str, folder: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        _work(path, folder)
    finally:
        os._exit(1)


def _work(path: str, folder: Path) -> None:
    """Claim, settle and count until everything is done."""
    database = Database(path)
    queue, state = Queue(database, "work"), State(database, "fire")
    with open(folder / f"notes-{os.getpid()}", "a", buffering=1, encoding="utf-8") as notes:
        while True:
            found = queue.claim_some(lease=LEASE_SECONDS)
            if found:
                time.sleep(0.002)
                with contextlib.suppress(StaleClaimError):
                    queue.done(found[0].token or "")
                    notes.write(f"done {found[0].id}\n")
                state.increment("n")
                notes.write("counted\n")
            elif not _open_items(database):
                os._exit(0)
            else:
                time.sleep(0.05)


def _open_items(database: Database) -> int:
    with database.reading() as connection:
        assert connection is not None
        question = "SELECT count(*) FROM queue_items WHERE state <> 'done'"
        return int(connection.execute(question).fetchone()[0])


def _outcome(path: str, folder: Path, kills: int) -> Outcome:
    database = Database(path)
    notes = [line for file in folder.glob("notes-*") for line in file.read_text().splitlines()]
    settled = [int(line.split()[1]) for line in notes if line.startswith("done ")]
    with database.reading() as connection:
        assert connection is not None
        done = connection.execute(
            "SELECT count(*) FROM queue_items WHERE state = 'done'"
        ).fetchone()[0]
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    return Outcome(
        kills,
        done,
        _open_items(database),
        sorted({item for item in settled if settled.count(item) > 1}),
        notes.count("counted"),
        State(database, "fire").get("n", 0),
    )
