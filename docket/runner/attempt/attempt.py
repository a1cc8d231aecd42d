"""One attempt: start the child, pump its output, end it at its deadline, see how it went."""

from __future__ import annotations

import os
import resource
import time

from docket.model import signals
from docket.model.excerpt import KEPT_BYTES, KEPT_OF_EVENTS
from docket.model.rows import AttemptRow
from docket.runner.attempt.capture import parser_for
from docket.runner.attempt.pump import Outlets, Pump, Stream
from docket.runner.attempt.spawn import (
    Child,
    SpawnError,
    enter_directory,
    start_command,
    start_python,
)
from docket.runner.call.clock import now_us

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from docket.model.plan import Plan
    from docket.model.text.mask import Mask
    from docket.runner.attempt.capture import PlainOutput
    from docket.runner.attempt.echo import Echo
    from docket.runner.attempt.host import Host
    from docket.runner.attempt.pump import LogSink
    from docket.runner.attempt.reports import ReportPipe
    from docket.runner.call.account import Account
    from docket.runner.call.signals import StopSignals


class Outcome:
    """How an attempt ended.

    `ended_by` is exit, signal, timeout (of the run), attempt_timeout, idle_timeout, spawn or stop.
    `result` is what a Python task returned. `row` is the attempt for the store.
    """

    __slots__ = (
        "ended_by",
        "exit_code",
        "output_bytes",
        "parser",
        "result",
        "row",
        "signal",
        "spawn_error",
        "stderr",
        "stdout",
    )

    def __init__(self, ended_by: str, row: AttemptRow, parser: PlainOutput) -> None:
        self.ended_by = ended_by
        self.row = row
        self.exit_code = row.exit_code
        self.signal = row.signal
        self.parser = parser
        self.stdout = ""
        self.stderr = ""
        self.output_bytes = 0
        self.result: dict[str, Any] | None = None
        self.spawn_error: SpawnError | None = None

    @property
    def went_wrong(self) -> bool:
        """Whether the child did not exit with 0, or a Python task says that it failed."""
        return self.exit_code != 0 or not (self.result or {}).get("ok", True)


class Deadlines:
    """The three clocks of an attempt; the nearest one ends it, and its name says why."""

    __slots__ = ("_attempt", "_idle_seconds", "_run")

    def __init__(self, plan: Plan, started: float, run_deadline: float | None) -> None:
        limit = plan.attempt_timeout_seconds
        self._attempt = None if limit is None else started + limit
        self._run = run_deadline
        self._idle_seconds = plan.idle_timeout_seconds or None

    def nearest(self, last_output: float) -> tuple[float, str] | None:
        """Return (monotonic time, name) of the next deadline, or None."""
        found = []
        if self._run is not None:
            found.append((self._run, "timeout"))
        if self._attempt is not None:
            found.append((self._attempt, "attempt_timeout"))
        if self._idle_seconds is not None:
            found.append((last_output + self._idle_seconds, "idle_timeout"))
        return min(found, default=None)


class AttemptContext:
    """What every attempt of a run shares; `host` is the run itself."""

    __slots__ = (
        "account",
        "echo",
        "environment",
        "host",
        "in_unit",
        "log",
        "mask",
        "plan",
        "run_deadline",
        "stop",
    )

    def __init__(
        self,
        *,
        plan: Plan,
        environment: dict[str, str],
        echo: Echo,
        log: LogSink,
        host: Host,
        stop: StopSignals,
        run_deadline: float | None,
        mask: Mask | None,
        account: Account | None,
        in_unit: bool,
    ) -> None:
        """`account` is the user of the task; `in_unit` whether the run is in its task's unit."""
        self.account = account
        self.in_unit = in_unit
        self.plan = plan
        self.environment = environment
        self.echo = echo
        self.log = log
        self.host = host
        self.stop = stop
        self.run_deadline = run_deadline
        self.mask = mask


def run_attempt(context: AttemptContext, number: int, argv: list[str], *, dry_run: bool) -> Outcome:
    """Run one attempt to its end and return how it went; never raises for what the child does."""
    started_us = now_us()
    parser = _parser(context)
    try:
        child = _start(context, argv, dry_run=dry_run)
    except SpawnError as error:
        row = AttemptRow(
            number=number,
            started_at=started_us,
            finished_at=now_us(),
            exit_code=None,
            signal=None,
            ended_by="spawn",
            peak_memory_bytes=None,
            cpu_us=None,
        )
        outcome = Outcome("spawn", row, parser)
        outcome.spawn_error = error
        return outcome
    return _watch(context, child, parser, number, started_us)


def _start(context: AttemptContext, argv: list[str], *, dry_run: bool) -> Child:
    if context.account is not None:
        return _start_as(context, context.account, argv, dry_run=dry_run)
    enter_directory(context.plan.cwd, context.environment)
    if context.plan.python is not None:
        return start_python(
            context.plan.python, context.environment, context.host.let_go, dry_run=dry_run
        )
    return start_command(argv, context.environment)


def _start_as(
    context: AttemptContext, account: Account, argv: list[str], *, dry_run: bool
) -> Child:
    from docket.runner.attempt.userspawn import (  # noqa: PLC0415  (tasks with `user`)
        ChildSetting,
        start_command_as,
        start_python_as,
    )

    around = ChildSetting(context.environment, context.plan.cwd, in_unit=context.in_unit)
    if context.plan.python is not None:
        return start_python_as(account, context.plan.python, around, dry_run=dry_run)
    return start_command_as(account, argv, around)


def _watch(
    context: AttemptContext, child: Child, parser: PlainOutput, number: int, started_us: int
) -> Outcome:
    kept = KEPT_OF_EVENTS if context.plan.output_format == "jsonl" else KEPT_BYTES
    streams = [
        Stream(child.stdout, is_error=False, kept_bytes=kept),
        Stream(child.stderr, is_error=True),
    ]
    result = _report_pipe(context, child)
    outlets = Outlets(context.echo, context.log, parser, _heading(context.plan, number))
    pump = _pump(context, child.pidfd, streams, outlets, context.stop, context.host.tick, result)
    ended_by = _until_it_ends(context, child, pump)
    signal_group(child.pid, signals.SIGTERM)  # what it left in the background
    pump.drain()
    if pump.listening:
        signal_group(child.pid, signals.SIGKILL)
    pump.close()
    parser.finish()
    row = _reap(child, ended_by, number, started_us)
    outcome = Outcome(row.ended_by, row, parser)
    outcome.stdout, outcome.stderr = streams[0].excerpt.text(), streams[1].excerpt.text()
    outcome.result = None if result is None else result.close()
    outcome.output_bytes = sum(stream.excerpt.total for stream in streams)
    if context.mask is not None:
        outcome.result = context.mask.value(outcome.result)
    return outcome


def _heading(plan: Plan, number: int) -> bytes:
    """Return the line between a later attempt's output and that of the one before."""
    if number == 1:
        return b""
    return f"[docket: attempt {number} of {plan.retry + 1}]\n".encode()


def _parser(context: AttemptContext) -> PlainOutput:
    output_format = context.plan.output_format
    if context.mask is None or output_format != "jsonl":
        return parser_for(output_format, context.host.report)
    from docket.runner.attempt.masking import MaskedLines  # noqa: PLC0415  (tasks with secrets)

    return MaskedLines(context.mask, context.host.report)


def _pump(context: AttemptContext, *arguments: Any) -> Pump:
    if context.mask is None:
        return Pump(*arguments)
    from docket.runner.attempt.masking import MaskedPump  # noqa: PLC0415  (tasks with secrets)

    return MaskedPump(context.mask, *arguments)


def _report_pipe(context: AttemptContext, child: Child) -> ReportPipe | None:
    if child.result is None:
        return None
    from docket.runner.attempt.reports import ReportPipe  # noqa: PLC0415  (only Python tasks)

    return ReportPipe(child.result, context.host.report, context.host.progress)


def _until_it_ends(context: AttemptContext, child: Child, pump: Pump) -> str:
    """Wait for the child, and end it if it must not go on; return what ended it, or ''."""
    deadlines = Deadlines(context.plan, time.monotonic(), context.run_deadline)

    def next_deadline() -> float | None:
        nearest = deadlines.nearest(pump.last_output)
        return None if nearest is None else nearest[0]

    pump.wait_until_exit(next_deadline, heed_stop=True)
    if pump.exited:
        return ""
    if context.stop.received:
        ended_by = "stop"
    else:
        nearest = deadlines.nearest(pump.last_output)
        ended_by = nearest[1] if nearest else "stop"
    _kill(context, child, pump)
    return ended_by


def _kill(context: AttemptContext, child: Child, pump: Pump) -> None:
    """TERM, the grace, KILL: to the group, and to the rest of the run."""
    # The rest comes first: a process that loses its parent is not found later.
    context.host.kill_rest(child.pid, signals.SIGTERM)
    signal_group(child.pid, signals.SIGTERM)
    until = time.monotonic() + context.plan.grace_seconds
    pump.wait_until_exit(lambda: until, heed_stop=False)
    context.host.kill_rest(child.pid, signals.SIGKILL)
    signal_group(child.pid, signals.SIGKILL)
    pump.wait_until_exit(lambda: None, heed_stop=False)


def _reap(child: Child, ended_by: str, number: int, started_us: int) -> AttemptRow:
    _, status, usage = os.wait4(child.pid, 0)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    os.close(child.pidfd)
    code = os.waitstatus_to_exitcode(status)
    number_of_signal = -code if code < 0 else None
    return AttemptRow(
        number=number,
        started_at=started_us,
        finished_at=now_us(),
        exit_code=code if code >= 0 else None,
        signal=number_of_signal,
        ended_by=ended_by or ("signal" if number_of_signal else "exit"),
        # ru_maxrss of a forked child starts at our own peak: ignore it unless it is larger.
        peak_memory_bytes=usage.ru_maxrss * 1024 if usage.ru_maxrss > own else None,
        cpu_us=int((usage.ru_utime + usage.ru_stime) * 1e6),
    )


def signal_group(leader: int, number: int) -> None:
    """Send a signal to the process group of a child that has not been reaped yet.

    Until it is reaped the kernel gives its number to nobody else.
    """
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        pass
