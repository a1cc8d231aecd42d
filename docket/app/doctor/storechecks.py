"""The checks of what the record of runs holds, and of the room that it takes."""

from __future__ import annotations

import os

from docket.app.doctor.check import Check, CheckStatus, Examined, check, verdict_of
from docket.errors import StoreError
from docket.model.text.size import size_text
from docket.store.reader import open_reader
from docket.store.spool import spool_directories

_CLOCK_SLACK_US = 60_000_000  # a clock that was set back a little is not a finding
_MOST_NAMED = 5
_WEEK_US = 7 * 86_400_000_000


@check("future_runs")
def future_runs(seen: Examined) -> Check:
    """Whether runs lie in the future: the clock was ahead then, or is behind now."""
    try:
        with open_reader(seen.own_state_db, seen.session.now_us()) as reader:
            count, latest = reader.in_the_future(_CLOCK_SLACK_US, _MOST_NAMED)
    except StoreError as error:
        return Check(CheckStatus.WARNING, f"Not known: {error.sentence}")
    named = ", ".join(f"{run.run_id} ({run.task})" for run in latest)
    return Check(
        verdict_of(count),
        f"Runs that began in the future: {count}, as {named}." if count else "",
        "The clock was ahead when they ran, or it is behind now: see timedatectl."
        if count
        else None,
        {"runs": count, "run_ids": [run.run_id for run in latest]},
    )


@check("late_records")
def late_records(seen: Examined) -> Check:
    """Which runs of the last week were recorded late, as the database could not be written."""
    try:
        with open_reader(seen.own_state_db, seen.session.now_us()) as reader:
            since_us = seen.session.now_us() - _WEEK_US
            count, latest = reader.recorded_late(since_us, _MOST_NAMED)
    except StoreError as error:
        return Check(CheckStatus.WARNING, f"Not known: {error.sentence}")
    named = ", ".join(f"{run.run_id} ({run.task})" for run in latest)
    return Check(
        CheckStatus.OK,
        f"Recorded late, as the database could not be written then: {count} runs, as {named}."
        if count
        else "",
        "See whether the disk was full then, or a program held the database." if count else None,
        {"runs": count, "run_ids": [run.run_id for run in latest]},
    )


@check("disk_use")
def disk_use(seen: Examined) -> Check:
    """How many bytes the history, the logs and the spool take."""
    spools = spool_directories(seen.state_db, seen.session.paths.lock_dir)
    history = sum(_size(seen.state_db + end) for end in ("", "-wal", "-shm"))
    logged, spooled = _size_of_files(seen.log_dir), sum(map(_size_of_files, spools))
    return Check(
        CheckStatus.OK,
        f"History {size_text(history)}, logs {size_text(logged)}, spool {size_text(spooled)}.",
        None,
        {"history_bytes": history, "logs_bytes": logged, "spool_bytes": spooled},
    )


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0


def _size_of_files(directory: str) -> int:
    """Return the bytes of the files in a directory; a file that is removed meanwhile counts 0."""
    try:
        names = os.listdir(directory)
    except OSError:
        return 0
    return sum(_size(os.path.join(directory, name)) for name in names)
