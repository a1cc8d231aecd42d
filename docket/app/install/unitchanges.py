"""What an install did to each task, for the audit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docket.app.install.changes import Action
from docket.app.install.plan import InstallPlan, InstallReport
from docket.app.record.audit import ChangeRow
from docket.compiler.header import content_hash

_SHOWN = 12  # characters of a hash


def unit_changes(verb: str, plan: InstallPlan, report: InstallReport) -> Iterator[ChangeRow]:
    """Yield a change for each task with units that were written, removed or enabled."""
    before: dict[str, dict[str, Any]] = {}
    after: dict[str, dict[str, Any]] = {}
    for change in plan.every:
        old, new = before.setdefault(change.task, {}), after.setdefault(change.task, {})
        if change.action.writes or change.action is Action.REMOVE:
            old[change.name] = _hash(change.before)
            new[change.name] = _hash(change.after) if change.action.writes else None
        if change.name in report.enabled:
            old["enabled"], new["enabled"] = False, True
    for task, old in before.items():
        yield ChangeRow(verb, task, old, after[task])


def _hash(text: str | None) -> str | None:
    return None if text is None else content_hash(text)[:_SHOWN]
