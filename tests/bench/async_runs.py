"""Many runs started in the background at once, on a really booted systemd: none lost, none doubled.

`tests/bench/async_runs.py [COUNT [AT_ONCE]]` (as root; 1,000 runs, 50 at a time) prints the figures
as JSON and ends with 1 if a run is missing, stuck, doubled, or has failed. A second part has 20
starters at once ask for each of some idempotency keys: one run for each key.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.system.host import PrivateHost, why_not
from tests.system.jobs import command
from tests.system.seat import REPOSITORY, HostSeat, Seat

_TASKS = 50
_KEYS = 10
_STARTERS = 20
_PATIENCE_SECONDS = 600.0


def start(seat: Seat, *words: str) -> tuple[float, dict[str, Any]]:
    """Start one run in the background; return what that took, in seconds, and the receipt."""
    begun = time.monotonic()
    receipt: dict[str, Any] = seat.answer("run", *words, "--async")
    return time.monotonic() - begun, receipt


def runs_when_over(seat: Seat) -> list[dict[str, Any]]:
    """Return all runs, once none is pending or running any more or the patience is at its end."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        found: list[dict[str, Any]] = seat.answer("runs", "--limit", "100000")
        open_runs = [run for run in found if run["finished_at"] is None]
        if not open_runs or time.monotonic() > deadline:
            return found
        time.sleep(1)


def many(seat: Seat, count: int, at_once: int) -> dict[str, Any]:
    """Start `count` runs, `at_once` at a time, and return their outcomes."""
    begun = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        lines = [(f"job{i % _TASKS}", "--force") for i in range(count)]
        answers = list(pool.map(lambda line: start(seat, *line), lines))
    started = time.monotonic() - begun
    runs = runs_when_over(seat)
    ids = [receipt["run_id"] for _, receipt in answers]
    by_status: dict[str, int] = {}
    for run in runs:
        by_status[run["status"]] = by_status.get(run["status"], 0) + 1
    return {
        "runs": count,
        "at_once": at_once,
        "receipts": len(set(ids)),
        "rows": len(runs),
        "rows_without_receipt": len({run["run_id"] for run in runs} - set(ids)),
        "statuses": by_status,
        "receipts_per_second": round(count / started, 1),
        "receipt_median_seconds": round(statistics.median(took for took, _ in answers), 3),
        "all_over_after_seconds": round(time.monotonic() - begun, 1),
    }


def one_key_each(seat: Seat) -> dict[str, Any]:
    """Have many starters at once ask for each key; return how many runs that made."""
    receipts: set[str] = set()
    with ThreadPoolExecutor(_STARTERS) as pool:
        for key in range(_KEYS):
            words = ("keyed", "--force", "--idempotency-key", f"key{key}")
            found = list(pool.map(lambda _, line=words: start(seat, *line)[1], range(_STARTERS)))
            receipts.update(json.dumps(receipt, sort_keys=True) for receipt in found)
    return {"keys": _KEYS, "starters": _STARTERS, "receipts": len(receipts)}


def main(arguments: list[str]) -> int:
    """Measure and print; return 1 if a promise is broken."""
    reason = why_not()
    if reason is not None:
        print(json.dumps({"not_run": reason}))
        return 0
    count = int(arguments[0]) if arguments else 1000
    at_once = int(arguments[1]) if len(arguments) > 1 else 50
    host = PrivateHost([REPOSITORY, sys.prefix])
    host.boot()
    try:
        seat = HostSeat(host, "ada")
        seat.forget()
        jobs = {f"job{i}": command("true") for i in range(_TASKS)}
        seat.configure({**jobs, "keyed": command("sleep", "3")})
        figures = many(seat, count, at_once)
        keyed = one_key_each(seat)
        keyed["rows"] = len([run for run in runs_when_over(seat) if run["task_name"] == "keyed"])
    finally:
        host.close()
    print(json.dumps({"many": figures, "one_key": keyed}, indent=2))
    good = figures["statuses"] == {"succeeded": count} and figures["receipts"] == count
    return 0 if good and keyed["receipts"] == keyed["rows"] == _KEYS else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
