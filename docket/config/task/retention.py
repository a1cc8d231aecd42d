"""How much of a task's history is kept."""

from __future__ import annotations

from typing import Any

from docket.config.task.entry import TaskEntry
from docket.model.task.task import Retention


def retention(entry: TaskEntry) -> Retention:
    """Return what is kept of a task's history; without the key, all of it."""
    values: dict[str, Any] = entry.value("retention", {})
    runs, days = values.get("runs"), values.get("days")
    return Retention(
        runs=None if runs is None else int(runs), days=None if days is None else float(days)
    )
