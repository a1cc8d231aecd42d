"""`docket exec --notify-test`: one message through every channel of a task, for no run at all."""

from __future__ import annotations

import os

from docket.errors import DocketError
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.runner.after.notifications import Notifier
from docket.runner.call.clock import now_us
from docket.runner.call.environment import usable_environment
from docket.runner.record.record import Recorder
from docket.runner.run import mask_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from docket.model.plan import Plan

_SUMMARY = "This is a test of its notifications; nothing has happened"


class NoChannelError(DocketError):
    """The task has no channel, or none of that kind."""

    code = "notify.no_channel"


def notify_test(plan: Plan, channel: str | None) -> dict[str, Any]:
    """Send it, and return the outcome of each; nothing is recorded."""
    kinds = [one.kind for one in plan.notify.channels] if plan.notify is not None else []
    if not kinds or (channel is not None and channel not in kinds):
        what = "no channel to send it through" if not kinds else f"no channel {channel!r}"
        raise NoChannelError(
            f"Task {plan.task!r} has {what}.",
            hint="Add one under `notify`." if not kinds else f"It has {', '.join(kinds)}.",
            task=plan.task,
        )
    now = now_us()
    row = RunRow(
        run_id=make_run_id(now, os.urandom(4)),
        task=plan.task,
        trigger="manual",
        started_at=now,
        finished_at=now,
        status="test",
        exit_code=0,
        summary=_SUMMARY,
    )
    environment = usable_environment(plan, None, in_unit=False)
    recorder = Recorder(plan.state_db, plan.lock_dir, row, now_us)
    mask = mask_for(plan, environment)
    outcomes = Notifier(plan, row, environment, recorder, now_us, mask).tried(channel)
    return {
        "task": plan.task,
        "channels": [
            {
                "channel": outcome.label.partition(":")[2],
                "state": outcome.state,
                "exit_code": outcome.exit_code,
                "stdout": outcome.stdout,
                "stderr": outcome.stderr,
                "duration_seconds": (outcome.duration_us or 0) / 1e6,
            }
            for outcome in outcomes
        ],
    }
