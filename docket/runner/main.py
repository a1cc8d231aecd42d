"""`docket exec`: from the command line to an exit code."""

from __future__ import annotations

import os
import sys

from docket.errors import DocketError, EnvironmentRefusedError
from docket.model.states import EXIT_DRY_RUN, EXIT_FAILURE, EXIT_SKIPPED, RunStatus
from docket.paths import discover
from docket.runner.call.arguments import parse
from docket.runner.call.plans import LoadedPlan, load
from docket.runner.call.signals import StopSignals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from docket.paths import Paths
    from docket.runner.call.arguments import Arguments
    from docket.runner.call.plans import Recompile
    from docket.runner.run import Finished

    Follow = Callable[[str, Paths, str | None], int]  # task, places, run


def main(words: list[str], recompile: Recompile, follow: Follow) -> int:
    """Run one task as `words` ask and return the exit code; errors go to stderr.

    `follow` starts the tasks that follow a run which is over.
    """
    result_fd: str | None = None
    try:
        arguments = parse(words)
        result_fd = arguments.result_fd
        paths = discover(
            os.environ,
            system=arguments.system,
            home=arguments.home,
            config=arguments.config,
        )
        if result_fd is not None:
            os.set_inheritable(int(result_fd), False)
        code = _dispatch(arguments, paths, recompile, follow)
    except DocketError as error:
        code = _fail(error, result_fd)
    except OSError as error:
        code = _fail(DocketError(f"docket exec cannot go on: {error}."), result_fd)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # everything is written: a normal exit of the interpreter would only cost time


def _dispatch(arguments: Arguments, paths: Paths, recompile: Recompile, follow: Follow) -> int:
    if arguments.start_followers:
        return follow(arguments.task, paths, arguments.run_id)
    leak = _enclose() if arguments.encloses else None
    if arguments.finalize:
        from docket.runner.finalize import finalize  # noqa: PLC0415  (only for dead runners)

        return finalize(arguments.task, paths, arguments.run_id)
    try:
        keep = not (arguments.dry_run or arguments.environment)
        loaded = load(paths, arguments.task, recompile, keep=keep)
        if leak is not None and loaded.plan.run_as is not None:
            raise leak
    except DocketError as error:
        _record_without_plan(arguments, paths, error)
        raise
    if arguments.prepare:
        from docket.runner.call.preparation import prepare  # noqa: PLC0415  (confined runs alone)

        return prepare(loaded.plan, paths.guarded_dirs)
    if arguments.environment:
        from docket.runner.environmentreport import environment_report  # noqa: PLC0415  (for people)

        _hand_over(environment_report(loaded.plan), arguments.result_fd)
        return 0
    if arguments.notify_test:
        from docket.runner.notifytest import notify_test  # noqa: PLC0415  (only for people)

        _hand_over(notify_test(loaded.plan, arguments.channel), arguments.result_fd)
        return 0
    if arguments.dry_run:
        from docket.runner.dryrun import dry_run  # noqa: PLC0415  (only for people)

        finished = dry_run(arguments, loaded, StopSignals())
    elif arguments.trial is not None:
        from docket.runner.trial import execute_trial  # noqa: PLC0415  (only for people)

        finished = execute_trial(arguments, loaded, StopSignals())
    else:
        from docket.runner.run import execute  # noqa: PLC0415  (after the fork for a new plan)

        _say(loaded)
        finished = execute(arguments, loaded, StopSignals())
    _hand_over(_document(finished), arguments.result_fd)
    return _exit_code(finished)


def _enclose() -> EnvironmentRefusedError | None:
    """Close our sandbox to the processes outside; return why that cannot be, or None.

    Root in it has no capabilities, and so sees into few processes. A user sees into its own.
    """
    from docket.runner.call.enclosure import enclose  # noqa: PLC0415  (strict runs of the system)

    try:
        enclose()
    except OSError as error:
        found = EnvironmentRefusedError(
            "The sandbox cannot be closed to other processes of the task's user: the kernel gives"
            f" no Landlock domain ({error.strerror}).",
            hint="Linux 5.19 or later gives one if `landlock` is among its security modules."
            " The sandbox `standard` does not need it.",
        )
        found.code = "sandbox_open"
        return found
    return None


def _exit_code(finished: Finished) -> int:
    status = RunStatus(finished.row.status)
    if status is RunStatus.SKIPPED:
        return EXIT_SKIPPED
    if finished.row.dry_run and status is RunStatus.SUCCEEDED:
        return EXIT_DRY_RUN
    return status.exit_code


def _say(loaded: LoadedPlan) -> None:
    """Write to the journal that an older plan is used."""
    if loaded.warning is None or loaded.removed:
        return
    from docket.systemd.journal import PLAN_IS_OLD, send  # noqa: PLC0415  (rare)

    message = f"The last good plan of {loaded.plan.task} runs: {loaded.warning}"
    send(message, message_id=PLAN_IS_OLD, priority=4, fields={"DOCKET_TASK": loaded.plan.task})


def _record_without_plan(arguments: Arguments, paths: Paths, error: DocketError) -> None:
    """Write a row for a run without a plan, because a timer's fire is never lost."""
    from docket.runner.planless import record_failure  # noqa: PLC0415  (rare)

    looks = arguments.dry_run or arguments.notify_test or arguments.environment
    if not (looks or arguments.prepare or arguments.trial is not None):
        record_failure(arguments, paths, error)


def _hand_over(document: object, result_fd: str | None) -> None:
    """Write the result, or the error in its place, to the descriptor that the caller waits at."""
    if result_fd is None:
        return
    from docket.files import write_all  # noqa: PLC0415  (loaded already)
    from docket.model.jsontext import dumps  # noqa: PLC0415  (loaded already)

    try:
        write_all(int(result_fd), dumps(document).encode())
    except OSError:  # the caller is gone; the record is written
        return


def _document(finished: Finished) -> dict[str, Any]:
    row = finished.row
    duration = None if row.finished_at is None else (row.finished_at - row.started_at) / 1e6
    return {
        "run_id": row.run_id,
        "task": row.task,
        "status": row.status,
        "error_code": row.error_code,
        "trigger": row.trigger,
        "exit_code": row.exit_code,
        "summary": row.summary,
        "details": row.details,
        "dry_run": row.dry_run,
        "retry_count": row.retry_count,
        "started_at_us": row.started_at,
        "finished_at_us": row.finished_at,
        "duration_seconds": duration,
        "log_path": row.log_path,
        "blocked_by": row.blocked_by,
        "hooks": [
            {
                "kind": hook.kind,
                "command": hook.label,
                "exit_code": hook.exit_code,
                "stdout": hook.stdout,
                "stderr": hook.stderr,
                "state": hook.state,
            }
            for hook in finished.hooks
        ],
        "warnings": finished.warnings,
    }


def _fail(error: DocketError, result_fd: str | None) -> int:
    """Print the error where it is read, and return the exit code."""
    if result_fd is not None:
        _hand_over(error.document(), result_fd)
    else:
        _complain(error)
    return EXIT_FAILURE


def _complain(error: DocketError) -> None:
    text = f"docket: {error.sentence}\n"
    if error.hint:
        text += f"hint: {error.hint}\n"
    try:
        sys.stderr.write(text)
    except (OSError, ValueError):
        return
