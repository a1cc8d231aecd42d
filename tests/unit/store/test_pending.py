"""The row of a run that is asked for: of one cause there is one run."""

from __future__ import annotations

import threading
from pathlib import Path

from docket.model.rows import RunRow
from docket.store.pending import claim
from docket.store.reader import open_reader


def row(number: int, *, task: str = "deploy", cause: str = "A", trigger: str = "after") -> RunRow:
    run_id = f"20261128T2200{number:02}000000000Z-0000{number:04}"
    return RunRow(
        run_id=run_id,
        task=task,
        trigger=trigger,
        started_at=number,
        status="pending",
        triggered_by=cause,
    )


def test_many_that_start_what_follows_one_run_make_one_row(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    claim(path, row(99, task="other"))
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: found.append(claim(path, row(n)).run_id))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    with open_reader(path) as reader:
        assert len(reader.runs("deploy", 100)) == 1


def test_another_end_or_another_task_is_a_run_of_its_own(tmp_path: Path) -> None:
    path = str(tmp_path / "state.db")
    for number, (task, cause) in enumerate([("deploy", "A"), ("deploy", "B"), ("alarm", "A")]):
        asked = row(number, task=task, cause=cause)
        assert claim(path, asked).run_id == asked.run_id
