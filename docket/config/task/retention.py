"""How much of a task's history is kept."""

from __future__ import annotations

from typing import Any

from docket.config.task.entry import TaskEntry
from docket.model.task.task import Retention


def retention(entry: TaskEntry) -> Retention:
    """Return what is kept of a task's history.

    With `runs` or `days` in the config, only these count, and a log is kept as long as its run.
    """
    values: dict[str, Any] = entry.value("retention", {})
    runs, days, log_days = (values.get(key) for key in ("runs", "days", "log_days"))
    found = Retention()
    if runs is not None or days is not None:
        found = Retention(
            runs=None if runs is None else int(runs),
            days=None if days is None else float(days),
            log_days=None,
            whichever_is_more=False,
        )
    return found if log_days is None else found.replace(log_days=float(log_days))
