"""`docket notify test`: a message through every channel of a task, by the code that a run has."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docket.app.catalog.lookup import current_plan
from docket.app.runs.foreground import run_in_foreground
from docket.app.runs.options import Attachment
from docket.app.runs.run import refusal_of
from docket.app.session.session import Session
from docket.errors import RunnerDiedError
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.runs.shapes import DeliveryDocument, NotifyTestDocument

DELIVERED = "delivered"


class ChannelOutcome(Record):
    """The outcome of the message of one channel; `problem` is a sentence, "" if it arrived."""

    channel: str
    state: str
    exit_code: int | None
    said: str
    problem: str
    duration_seconds: float

    @property
    def ok(self) -> bool:
        """Whether the other side accepted the message."""
        return self.state == DELIVERED

    def document(self) -> DeliveryDocument:
        """Return the outcome as a JSON object."""
        return {
            "channel": self.channel,
            "ok": self.ok,
            "state": self.state,
            "exit_code": self.exit_code,
            "stdout": self.said,
            "stderr": self.problem,
            "duration_seconds": self.duration_seconds,
        }


class NotifyTest(Record):
    """The outcomes of all channels; `warnings` are sentences."""

    task: str
    channels: tuple[ChannelOutcome, ...]
    warnings: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every channel accepted the message."""
        return all(channel.ok for channel in self.channels)

    def document(self) -> NotifyTestDocument:
        """Return the outcomes as `docket notify test --json` prints them."""
        return {
            "ok": self.ok,
            "task": self.task,
            "channels": [channel.document() for channel in self.channels],
            "warnings": list(self.warnings),
        }


def notify_test(
    session: Session, exec_command: Sequence[str], task: str, channel: str | None = None
) -> NotifyTest:
    """Send a test message through the channels of a task, or through those of one kind.

    `exec_command` are the words that start `docket exec`. Raises the errors of compiling,
    RunnerDiedError, and an error with the code `notify.no_channel` if there is none.
    """
    plan = current_plan(session, task)
    command = [*exec_command, task, *session.paths.exec_arguments(), "--notify-test"]
    command += [] if channel is None else ["--channel", channel]
    try:
        ended = run_in_foreground(command, session.environ, Attachment(echo=False))
        document = json.loads(ended.result)
    except (OSError, ValueError):
        raise RunnerDiedError(
            f"The test of the notifications of task {task!r} ended without a result.",
            hint="docket doctor examines the installation.",
            task=task,
        ) from None
    if "error" in document:
        raise refusal_of(document)
    credentials = any(one[0].startswith("LoadCredential") for one in plan.service)
    warning = "The task's credentials exist only in its unit, and were not available to this test."
    return NotifyTest(
        task=task,
        channels=tuple(_outcome(one) for one in document["channels"]),
        warnings=(warning,) if credentials else (),
    )


def _outcome(told: Mapping[str, Any]) -> ChannelOutcome:
    return ChannelOutcome(
        channel=told["channel"],
        state=told["state"],
        exit_code=told["exit_code"],
        said=told["stdout"],
        problem=told["stderr"],
        duration_seconds=told["duration_seconds"],
    )
