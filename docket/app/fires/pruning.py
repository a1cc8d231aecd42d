"""Removing the history that `retention` does not keep."""

from __future__ import annotations

import os
from collections.abc import Mapping

from docket.app.catalog.lookup import known_names
from docket.app.session.session import Session
from docket.model.record import Record, field
from docket.model.task.task import Config, Retention, Task
from docket.model.time.period import REACH_US
from docket.store.maintenance.pruning import open_pruning
from docket.store.maintenance.retention import Keep
from docket.systemd.journal import HISTORY_PRUNED, send

_DAY_US = 86_400_000_000
_NOTICE = 5  # the priority `notice` of syslog


class Pruned(Record):
    """How many runs and logs were removed, by task; `more` says that the next round goes on.

    `notice` is the sentence for the first time that anything is removed in a home.
    """

    runs: Mapping[str, int] = field(default_factory=dict)
    logs: Mapping[str, int] = field(default_factory=dict)
    more: bool = False
    notice: str | None = None


def prune(session: Session, config: Config) -> Pruned:
    """Remove what is not kept, of tasks too that are not in the config any more.

    Nothing of a task that cannot be used is removed: nobody knows what is to be kept. Raises
    StoreError.
    """
    if not os.path.exists(config.state_db):
        return Pruned()
    unknown = set(known_names(config)) - set(config.tasks)
    now_us = session.now_us()
    with open_pruning(config.state_db, config.log_dir, now_us) as pruning:
        for name in pruning.tasks():
            if name not in unknown:
                task = config.tasks.get(name)
                kept = config.retention if task is None else task.retention
                pruning.prune(name, _keep(kept, task, now_us), _ago(now_us, kept.log_days))
        changes_before = _ago(now_us, config.retention.days)
        if changes_before is not None:
            pruning.forget_changes(changes_before)
        notice = _notice(pruning.runs, pruning.logs) if pruning.first else None
        done = Pruned(dict(pruning.runs), dict(pruning.logs), pruning.more, notice)
    if notice is not None:
        send(notice, message_id=HISTORY_PRUNED, priority=_NOTICE, fields={})
    return done


def _keep(kept: Retention, task: Task | None, now_us: int) -> Keep:
    period = None if task is None else task.once_per
    return Keep(
        runs=kept.runs,
        after_us=_ago(now_us, kept.days),
        whichever_is_more=kept.whichever_is_more,
        successes_after_us=None if period is None else now_us - REACH_US[period],
    )


def _ago(now_us: int, days: float | None) -> int | None:
    return None if days is None else now_us - int(days * _DAY_US)


def _notice(runs: Mapping[str, int], logs: Mapping[str, int]) -> str:
    default = Retention()
    return (
        f"Old history is removed here for the first time: {sum(runs.values())} runs and the logs of"
        f" {sum(logs.values())} more. Without `retention` in the config, Docket keeps the runs of"
        f" {default.days:.0f} days and the newest {default.runs:,} of each task, whichever is more,"
        f" and logs for {default.log_days:.0f} days."
    )
