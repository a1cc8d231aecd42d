"""One run of one task, in the order of the contract (docs/architecture.md, "The life of a run")."""

from __future__ import annotations

import os
import select
import time

from docket.errors import EnvironmentRefusedError
from docket.model import signals
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.model.states import RunStatus, Trigger
from docket.runfiles import (
    BESIDE_THE_LOCK,
    RESULT,
    boot_id,
    is_cancelled,
    remove_run_files,
    run_file,
)
from docket.runner.admission.admission import Admission
from docket.runner.attempt.attempt import AttemptContext, run_attempt
from docket.runner.attempt.echo import Echo
from docket.runner.attempt.host import RunHost
from docket.runner.attempt.verdict import Verdict, judge, name_limits, result_file, short_summary
from docket.runner.call.clock import now_us
from docket.runner.call.environment import (
    account_for,
    add_run,
    own_units,
    task_environment,
    usable_environment,
)
from docket.runner.record.locks import RunLock
from docket.runner.record.record import Recorder
from docket.runner.record.request import take_request
from docket.store.logfiles import RunLog, log_path
from docket.systemd.notify import notify_status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.model.rows import HookRow
    from docket.model.text.mask import Mask
    from docket.runner.after.notifications import Notifier
    from docket.runner.call.account import Account
    from docket.runner.call.arguments import Arguments
    from docket.runner.call.plans import LoadedPlan
    from docket.runner.call.signals import StopSignals
    from docket.runner.record.handover import Handover


class Finished:
    """A run that is over: its row, the outcomes of its hooks, and what else is to be said."""

    __slots__ = ("hooks", "row", "warnings")

    def __init__(self, row: RunRow, hooks: list[HookRow], warnings: list[str]) -> None:
        self.row = row
        self.hooks = hooks
        self.warnings = warnings


def execute(arguments: Arguments, loaded: LoadedPlan, stop: StopSignals) -> Finished:
    """Run the task of the plan once and return the finished run."""
    return _Run(arguments, loaded, stop).execute()


def new_row(plan: Plan, run_id: str | None, trigger: str, started_us: int) -> RunRow:
    """Return the row of a run that begins now."""
    return RunRow(
        run_id=run_id or make_run_id(started_us, os.urandom(4)),
        task=plan.task,
        trigger=trigger,
        started_at=started_us,
        unit=own_unit(plan, run_id),
        invocation_id=os.environ.get("INVOCATION_ID"),
        boot_id=boot_id(),
        pid=os.getpid(),
        plan_hash=plan.plan_hash,
    )


def own_unit(plan: Plan, run_id: str | None) -> str | None:
    """Return the unit of the task, or of this one run, if this process runs in it, else None."""
    units = own_units()
    transient = f"{plan.unit.removesuffix('.service')}-{run_id}.service"
    return next((unit for unit in (plan.unit, transient) if unit in units), None)


class _Run:
    """The state of the run while it goes through the steps of the contract."""

    def __init__(self, arguments: Arguments, loaded: LoadedPlan, stop: StopSignals) -> None:
        self._arguments = arguments
        self._loaded = loaded
        self._plan = loaded.plan
        self._stop = stop
        self._begun = time.monotonic()
        started = now_us()
        trigger = arguments.trigger or Trigger.MANUAL.value
        self._row = new_row(self._plan, arguments.run_id, trigger, started)
        self._tree: list[str] = []
        if arguments.run_id is not None:
            self._tree = take_request(self._plan.lock_dir, self._row)
        self._params = self._row.params
        if self._params and self._plan.secrets:
            from docket.model.text.secretnames import hidden_parameters  # noqa: PLC0415  (few tasks)

            self._row.params = hidden_parameters(self._params, self._plan.secrets)
        self._mask: Mask | None = None
        self._row.log_path = log_path(self._plan.log_dir, self._row.run_id)
        self._row.sandbox = self._sandbox()
        self._recorder = Recorder(self._plan.state_db, self._plan.lock_dir, self._row, now_us)
        self._late_us = 0 if arguments.trigger else self._name_fire()
        self._lock: RunLock | None = None
        self._admission = Admission(arguments, loaded, self._recorder, stop, self._deadline())
        self._environment: dict[str, str] = {}
        self._account: Account | None = None
        self._handover: Handover | None = None
        self._hooks: list[HookRow] = []
        self._notifier: Notifier | None = None
        self._warnings = [loaded.warning] if loaded.warning else []

    def execute(self) -> Finished:
        self._take_run_lock()
        if self._is_cancelled():
            self._close_as(Verdict(RunStatus.CANCELLED, "cancelled", "Cancelled before it began"))
            self._row.log_path = None
        elif (refusal := self._admission.refusal(self._late_us, self._tree)) is None:
            self._recorder.begin()
            self._run_attempts()
        else:
            self._close_as(refusal.verdict())
            self._row.blocked_by = refusal.blocked_by
            self._row.log_path = None
        self._warnings += self._admission.warnings
        self._recorder.end()
        self._run_hooks()
        self._notify()
        self._recorder.close()
        if self._recorder.problem:
            self._warnings.append(self._recorder.problem)
        if self._handover is not None:
            self._handover.remove()
        if self._arguments.run_id is not None or self._stop.received:
            remove_run_files(self._plan.lock_dir, self._row.run_id, BESIDE_THE_LOCK)
        if self._lock is not None:
            self._lock.release()
        self._start_followers()
        self._hold_back()
        return Finished(self._row, self._hooks, self._warnings)

    def _sandbox(self) -> str:
        """Return what confines this process, as its unit says and the kernel bears out."""
        word = self._arguments.sandbox
        if word == "none":
            return word
        from docket.runner.admission.confinement import in_force  # noqa: PLC0415  (confined runs)

        return in_force(word)

    def _name_fire(self) -> int:
        """Say in the row which fire of its timer the run is for; returns how late it is in µs."""
        if "INVOCATION_ID" not in os.environ:
            return 0
        from docket.runner.admission.due import fire_of  # noqa: PLC0415  (a run in its own unit)

        found = fire_of(self._plan, self._recorder)
        if found is None:
            return 0
        trigger, self._row.scheduled_for, late = found
        self._row.trigger = trigger.value
        if trigger is Trigger.PATH and len(self._plan.paths) == 1:
            self._row.note(trigger_path=self._plan.paths[0][0])
        return late

    def _take_run_lock(self) -> None:
        """Hold the run's own lock to the end; the run goes on if its directory is full."""
        try:
            self._lock = RunLock(self._plan.lock_dir, self._row.run_id)
            self._lock.describe(self._row.to_json())
            self._recorder.keep_end = self._lock.keep_end
        except FileExistsError:
            raise
        except OSError as error:
            self._warnings.append(f"The run's lock could not be taken: {error.strerror}.")

    def _deadline(self) -> float | None:
        limit = self._plan.timeout_seconds
        return None if limit is None else self._begun + limit

    def _run_attempts(self) -> None:
        plan, row = self._plan, self._row
        log = RunLog(row.log_path or "", plan.log_max_bytes)
        try:
            result_path = self._become()
            in_unit = row.unit is not None
            self._environment = task_environment(plan, self._account, in_unit=in_unit)
            add_run(self._environment, plan, row, self._params, result_path, self._account)
            self._mask = mask_for(plan, self._environment)
            own = [] if self._lock is None else [self._lock]
            host = RunHost(
                self._recorder, [*own, *self._admission.locks], self._mask, self._account
            )
            context = self._context(log, host)
            if plan.notify is not None:
                self._make_notifier(self._environment).began()
            self._close_as(self._until_settled(context, host, result_path))
        except EnvironmentRefusedError as error:
            self._close_as(Verdict(RunStatus.FAILED, error.code, error.sentence))
        finally:
            log.finish()
        if not log.exists:
            row.log_path = None
        if log.problem:
            self._warnings.append(log.problem)
            row.note(log_problem=log.problem)

    def _become(self) -> str:
        """Look up the user of the task; return the path of its result file."""
        plan, run_id = self._plan, self._row.run_id
        self._account = account_for(plan)
        if self._account is None:
            return run_file(plan.lock_dir, run_id, RESULT)
        from docket.runner.record.handover import Handover  # noqa: PLC0415  (tasks with `user`)

        self._handover = Handover(plan.lock_dir, run_id, self._account.uid, self._account.gid)
        try:
            self._handover.give_credentials()
        except OSError as error:
            sentence = f"The credentials cannot be given to {self._account.name}: {error.strerror}."
            raise EnvironmentRefusedError(sentence) from error
        return self._handover.result_path

    def _context(self, log: RunLog, host: RunHost) -> AttemptContext:
        plan = self._plan
        environment = self._environment
        if plan.env_credentials:
            from docket.runner.call.credentials import child_environment  # noqa: PLC0415  (few tasks)

            environment = child_environment(plan, environment)
        missing = [name for name in plan.required_env if not environment.get(name)]
        if missing:
            error = EnvironmentRefusedError(
                "Missing required environment variables: " + ", ".join(missing)
            )
            error.code = "required_env_missing"
            self._row.note(missing_env=missing)
            raise error
        return AttemptContext(
            plan=plan,
            environment=environment,
            echo=Echo(-1 if self._arguments.quiet else 1, plan.log_max_bytes),
            log=log,
            host=host,
            stop=self._stop,
            run_deadline=self._deadline(),
            mask=self._mask,
            account=self._account,
            in_unit=self._row.unit is not None,
        )

    def _until_settled(self, context: AttemptContext, host: RunHost, result_path: str) -> Verdict:
        """Make attempts until one settles the run: success, no retries left, or no time left."""
        number = 0
        while True:
            number += 1
            verdict = self._attempt(context, host, number, result_path)
            if not verdict.retryable or number > self._plan.retry:
                return verdict
            self._recorder.save_attempts()
            wait = min(self._plan.backoff_base**number, self._plan.backoff_max_seconds)
            if not self._wait(context, wait, f"attempt {number} failed, next in {wait:g}s"):
                return self._cut_short(context, verdict)
            self._row.retry_count += 1

    def _attempt(
        self, context: AttemptContext, host: RunHost, number: int, result_path: str
    ) -> Verdict:
        plan = self._plan
        for environment in (self._environment, context.environment):
            environment["DOCKET_ATTEMPT"] = str(number)
        status = f"attempt {number} of {plan.retry + 1}, run {self._row.run_id}"
        host.begin_attempt(status)
        notify_status(status)
        if self._handover is not None:
            self._lay_out_result(self._handover)
        outcome = run_attempt(context, number, plan.argv, dry_run=False)
        host.end_attempt(time.monotonic())
        self._recorder.attempt(outcome.row)
        self._add_usage(outcome.row.peak_memory_bytes, outcome.row.cpu_us)
        self._row.output_bytes = outcome.output_bytes
        mask = self._mask
        killed, passed = host.limits_passed() if outcome.went_wrong else (False, [])
        verdict = judge(
            plan,
            plan.argv if mask is None else mask.value(plan.argv),
            outcome,
            stop_signal=self._stop_signal(),
            out_of_memory=outcome.signal == signals.SIGKILL and killed,
        )
        if passed and verdict.status is not RunStatus.SUCCEEDED:
            name_limits(verdict, passed)
        owner = None if self._account is None else self._account.uid
        verdict.details.update(result_file(result_path, owner))
        return verdict

    def _lay_out_result(self, handover: Handover) -> None:
        try:
            handover.begin_result()
        except OSError as error:
            self._warnings.append(f"The result file cannot be made: {error.strerror}.")

    def _wait(self, context: AttemptContext, seconds: float, status: str) -> bool:
        """Sleep between attempts; False if a stop signal or the run's deadline comes first."""
        notify_status(status)
        end = time.monotonic() + seconds
        if context.run_deadline is not None and end >= context.run_deadline:
            return False
        waiting = select.poll()
        waiting.register(self._stop.descriptor, select.POLLIN)
        while not self._stop.received and (left := end - time.monotonic()) > 0:
            self._recorder.flush_events()
            again = self._recorder.tick(time.monotonic())
            if again is not None:
                left = min(left, max(again - time.monotonic(), 0.0))
            waiting.poll(left * 1000)
        return not self._stop.received

    def _cut_short(self, context: AttemptContext, last: Verdict) -> Verdict:
        """Return the status of a run whose next attempt never came."""
        if self._stop_signal() == signals.SIGINT:
            verdict = Verdict(RunStatus.CANCELLED, "cancelled", f"Cancelled. {last.summary}")
        elif self._stop_signal():
            name = signals.signal_name(self._stop.received)
            summary = f"Stopped by {name} between attempts. {last.summary}"
            verdict = Verdict(RunStatus.INTERRUPTED, "stopped", summary)
        else:
            last.details["retries_cut_short_by_timeout_seconds"] = context.plan.timeout_seconds
            return last
        verdict.details = last.details
        return verdict

    def _is_cancelled(self) -> bool:
        return (self._arguments.run_id is not None or bool(self._stop.received)) and is_cancelled(
            self._plan.lock_dir, self._row.run_id
        )

    def _stop_signal(self) -> int:
        """Return the signal that asks us to stop; a recorded request to cancel is as Ctrl-C."""
        if self._stop.received and self._is_cancelled():
            return signals.SIGINT
        return self._stop.received

    def _close_as(self, verdict: Verdict) -> None:
        row = self._row
        row.status = verdict.status.value
        row.error_code = verdict.error_code
        row.summary = short_summary(verdict.summary)
        row.exit_code = verdict.status.exit_code
        row.details.update(verdict.details)
        if self._mask is not None:
            # Defence in depth: argv, events and results are masked before they get here.
            row.summary = self._mask.text(row.summary)
            row.details = self._mask.value(row.details)
        if self._loaded.warning:
            row.note(plan_warning=self._loaded.warning)
        row.finished_at = now_us()

    def _run_hooks(self) -> None:
        if not self._plan.hooks:
            return
        from docket.runner.after.hooks import HookRunner  # noqa: PLC0415  (only tasks with hooks)

        notify_status(f"hooks of run {self._row.run_id}")
        environment = self._environment_left()
        mask = self._mask or mask_for(self._plan, environment)
        runner = HookRunner(self._plan, self._row, environment, self._recorder, now_us, mask)
        self._hooks = runner.run(set())

    def _notify(self) -> None:
        if self._plan.notify is None:
            return
        # The task is over: a slow channel does not keep the next run from starting.
        self._admission.release()
        notifier = self._notifier or self._make_notifier(self._environment_left())
        notify_status(f"notifications of run {self._row.run_id}")
        self._hooks += notifier.ended(set())

    def _start_followers(self) -> None:
        """Start the tasks that follow this one, where no unit of the run's own does."""
        if not self._plan.followers or self._row.unit is not None or self._row.sandbox != "none":
            return
        from docket.runner.after.followers import start_followers  # noqa: PLC0415  (few tasks)

        start_followers(self._plan, self._row)

    def _hold_back(self) -> None:
        """Stay for a while if the path would start the unit again at once, to be refused again."""
        if self._row.trigger != Trigger.PATH or self._row.status != RunStatus.SKIPPED:
            return
        from docket.runner.after.repetition import hold_back  # noqa: PLC0415  (few tasks)

        hold_back(self._plan, self._stop)

    def _environment_left(self) -> dict[str, str]:
        """Return the task's environment, or what could be read of it if it was refused."""
        if self._environment:
            return self._environment
        return usable_environment(self._plan, self._account, in_unit=self._row.unit is not None)

    def _make_notifier(self, environment: dict[str, str]) -> Notifier:
        from docket.runner.after.notifications import Notifier  # noqa: PLC0415  (few tasks)

        mask = self._mask or mask_for(self._plan, environment)
        self._notifier = Notifier(self._plan, self._row, environment, self._recorder, now_us, mask)
        return self._notifier

    def _add_usage(self, peak_memory_bytes: int | None, cpu_us: int | None) -> None:
        row = self._row
        row.peak_memory_bytes = max(row.peak_memory_bytes or 0, peak_memory_bytes or 0) or None
        row.cpu_us = (row.cpu_us or 0) + (cpu_us or 0)


def mask_for(plan: Plan, environment: dict[str, str]) -> Mask | None:
    """Return the mask over the task's secrets; None, with nothing loaded, if it has none."""
    if not plan.masks:
        return None
    from docket.runner.attempt.masking import mask_of  # noqa: PLC0415  (tasks with secrets)

    return mask_of(plan, environment)
