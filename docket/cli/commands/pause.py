"""`docket pause`: the timers of tasks are held back for a while."""

from __future__ import annotations

import time
from typing import Any

import click

from docket.app.pausing import pause
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import Instant, some_tasks_argument, verb
from docket.cli.render.pauses import pause_text


class Later(Instant):
    """An instant to come, or a span of time from now, in microseconds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the instant; without an offset it is in the machine's zone."""
        from docket.model.span import parse_span  # noqa: PLC0415  (only where one is given)

        try:
            return time.time_ns() // 1000 + int(parse_span(value) * 1e6)
        except (ValueError, OverflowError):
            return super().convert(value, param, ctx)


@verb("pause")
@some_tasks_argument()
@click.option(
    "--until",
    type=Later(),
    metavar="TIME",
    help="Go on by itself then: an instant such as 2026-12-01 08:00, or a span such as 2h.",
)
@click.option("--reason", metavar="TEXT", help="Keep TEXT with each fire that is skipped.")
def command(call: Call, tasks: tuple[str, ...], until: int | None, reason: str | None) -> Answer:
    """Skip every fire of the timers of each TASK, until `docket resume` or the given time.

    The timers themselves go on, and each fire leaves a skipped run. Runs by hand are not held back.
    """
    report = pause(call.session(), tasks, until, reason)
    return Answer(report.document(), lambda _screen: pause_text(report))
