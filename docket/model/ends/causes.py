"""Every cause of a run's end, of a skip and of a missed fire, with its sentences.

A cause is one entry here. `docket why`, `docket health`, `docket schema errors` and docs/errors.md
take from it what they say. The code that finds a cause names it by its word; tests/docs checks that
each word has an entry. The runner itself does not load this file.
"""

from __future__ import annotations

from docket.model.ends.absences import OF_NO_RUN
from docket.model.ends.cause import ENABLE, INSTALL, RUNS, SHOW_UNIT, UNMASK, Cause
from docket.model.states import RunStatus

_DESCRIBE = ("docket describe {task}", "shows what it runs, and with what")
_LIMITS = ("docket configure", "opens the config, which holds its limits")
_CATCH_UP = ("docket configure", "opens the config: catch_up lets a missed fire run later")

_OF_COMMANDS = (
    Cause(
        "exit_code",
        "The command ended with an exit code that does not mean success.",
        (RunStatus.FAILED,),
        "The command ended with exit code {exit_code}.",
    ),
    Cause(
        "signal",
        "The command was ended by a signal; `killed` if somebody sent it, `failed` if it crashed.",
        (RunStatus.KILLED, RunStatus.FAILED),
        "The command was ended by {signal}.",
    ),
    Cause(
        "oom_kill",
        "The kernel killed it for memory. If its unit passed a limit of its own,"
        " `details.limits_passed` has `limit` (`memory`, `tasks`), `value` and `peak` (null where"
        " the kernel keeps none), as after every failed attempt.",
        (RunStatus.KILLED,),
        "The kernel killed it: {memory}",
        step=_LIMITS,
    ),
    Cause(
        "timeout",
        "The whole run reached `timeout`.",
        (RunStatus.TIMED_OUT,),
        "The run took longer than its timeout of {timeout}, and was ended.",
        step=_LIMITS,
    ),
    Cause(
        "attempt_timeout",
        "One attempt reached `timeout_seconds`.",
        (RunStatus.TIMED_OUT,),
        "One attempt took longer than its timeout of {attempt_timeout}, and was ended.",
        step=_LIMITS,
    ),
    Cause(
        "idle_timeout",
        "The command printed nothing for `idle_timeout_seconds`.",
        (RunStatus.TIMED_OUT,),
        "The command printed nothing for {idle_timeout}, and was ended.",
        step=_LIMITS,
    ),
    Cause(
        "unit_timeout",
        "systemd ended the unit.",
        (RunStatus.TIMED_OUT,),
        "systemd ended the unit because its time was over.",
        step=_LIMITS,
    ),
    Cause(
        "parse_error",
        "The output is not the JSON that `output_format` promises, is larger than 1 MiB, or is"
        " nested more than 100 levels deep.",
        (RunStatus.FAILED,),
        "The command ended well, but what it printed is not the JSON that it promises.",
    ),
    Cause(
        "task_failed",
        "A Python task returned `ok=False`.",
        (RunStatus.FAILED,),
        "The Python task returned a failure.",
    ),
    Cause(
        "no_result",
        "A Python task ended without a result.",
        (RunStatus.FAILED,),
        "The Python task ended without a result: an exception, or an exit of its own.",
    ),
    Cause(
        "spawn_failed",
        "The command could not be started: it is missing, or its directory is.",
        (RunStatus.FAILED,),
        "The command could not be started: the program or its directory is missing.",
        step=_DESCRIBE,
    ),
    Cause(
        "user_unavailable",
        "The `user` of the task, or its group, no longer exists on this machine.",
        (RunStatus.FAILED,),
        "The user of the task, or its group, no longer exists on this machine.",
        step=_DESCRIBE,
    ),
    Cause(
        "sandbox_open",
        "The kernel cannot close the sandbox to the user's other processes (no Landlock).",
        (RunStatus.FAILED,),
        "The sandbox cannot be closed to other processes of the task's user.",
        step=_DESCRIBE,
    ),
    Cause(
        "env_file_missing",
        "An `env_file` cannot be read, or systemd passes over it as a whole.",
        (RunStatus.FAILED,),
        "An environment file of the task cannot be read.",
        step=_DESCRIBE,
    ),
    Cause(
        "credential_unusable",
        "The credential for a variable is missing, is larger than 100 KiB, or is not UTF-8 text.",
        (RunStatus.FAILED,),
        "The credential for a variable is missing or is not text.",
        step=_DESCRIBE,
    ),
    Cause(
        "required_env_missing",
        "A variable of `required_env` is not set.",
        (RunStatus.FAILED,),
        "A variable that the task requires is not set.",
        step=_DESCRIBE,
    ),
    Cause(
        "dependency",
        "A task of `depends_on` did not succeed, so this one was not run; `blocked_by` is the run"
        " of the other. It is `skipped` if the other one ended with an exit code that means"
        " `skip`.",
        (RunStatus.FAILED, RunStatus.SKIPPED),
    ),
)
_OF_RUNNERS = (
    Cause(
        "cancelled",
        "Ctrl-C, `docket cancel`, or `overlap: replace`.",
        (RunStatus.CANCELLED,),
        "Somebody cancelled the run.",
        step=RUNS,
    ),
    Cause(
        "stopped",
        "The unit was stopped, or the machine was shut down.",
        (RunStatus.INTERRUPTED,),
        "The unit was stopped while the run was under way, or the machine was shut down.",
    ),
    Cause(
        "reboot",
        "The machine went down while the run was under way.",
        (RunStatus.INTERRUPTED,),
        "The machine went down while the run was under way.",
    ),
    Cause(
        "runner_killed",
        "The runner itself was killed.",
        (RunStatus.KILLED,),
        "Docket's own process that looked after the run was killed: {service_signal}.",
    ),
    Cause("runner_failed", "The runner ended before it could record the run.", (RunStatus.FAILED,)),
    Cause("unit_failed", "systemd could not run the unit.", (RunStatus.FAILED,)),
    Cause(
        "lost",
        "The runner is gone, and neither systemd nor the journal knows how it ended.",
        (RunStatus.LOST,),
        "Its runner is gone, and neither systemd nor the journal knows how it ended.",
    ),
)
_SKIPS = (
    Cause(
        "exit_code_skip",
        "The command ended with an exit code that `exit_codes` calls `skip`.",
        (RunStatus.SKIPPED,),
    ),
    Cause(
        "overlap",
        "Another run of the task was still under way, or (under `overlap: queue`) another one"
        " waited already.",
        (RunStatus.SKIPPED,),
        "Another run of the task was still under way{blocker_run}.",
        step=("docket status --run-id {blocker}", "shows the run in the way"),
    ),
    Cause(
        "paused",
        "The task is paused; `docket resume` ends that.",
        (RunStatus.SKIPPED, RunStatus.MISSED),
        missed="the task was paused",
        step=("docket resume {task}", "lets it run again"),
        intended=True,
    ),
    Cause(
        "skip_next",
        "`docket skip-next` skipped this fire.",
        (RunStatus.SKIPPED,),
        intended=True,
    ),
    Cause(
        "needs_systemd",
        "A task with limits, credentials or directives of a unit cannot run as another's"
        " dependency.",
        (RunStatus.SKIPPED,),
    ),
    Cause(
        "sandbox",
        "It has to run in a sandbox, and was started outside of a unit that gives it: as the"
        " dependency of a task with a looser one, or by `docket exec` by hand.",
        (RunStatus.SKIPPED,),
        step=_DESCRIBE,
    ),
    Cause(
        "once_per",
        "It has succeeded in this hour, day, week, month or year, and `once_per` allows no more.",
        (RunStatus.SKIPPED,),
        intended=True,
    ),
    Cause(
        "require",
        "Something that `require` names did not hold, or no default route came in time.",
        (RunStatus.SKIPPED,),
        step=_DESCRIBE,
    ),
    Cause(
        "unattended",
        "A destructive task was started by a timer without `unattended: allow`.",
        (RunStatus.SKIPPED,),
        "The task is destructive, and a timer may not start it by itself.",
        step=_DESCRIBE,
    ),
    Cause(
        "destructive_refused",
        "An agent started a task that it may not run: a destructive one, a built-in without an"
        " entry, or one whose plan is not up to date.",
        (RunStatus.SKIPPED,),
    ),
    Cause(
        "too_late",
        "A missed fire is older than `catch_up` allows.",
        (RunStatus.SKIPPED,),
        "The missed fire is too old: catch_up does not allow it to run any more.",
        step=_LIMITS,
    ),
    Cause(
        "already_done",
        "A one-shot has succeeded before.",
        (RunStatus.SKIPPED,),
        "The task is to run once, and has succeeded already.",
        step=RUNS,
        intended=True,
    ),
    Cause(
        "task_removed",
        "The task is no longer in the config.",
        (RunStatus.SKIPPED,),
        "The task is no longer in the config, but its timer is still there.",
        absence="The task is no longer in the config.",
        step=("docket uninstall {task}", "takes its timer away"),
        intended=True,
    ),
)
_OF_MISSED_FIRES = (
    Cause(
        "machine_off",
        "The machine was off: no boot covers the instant.",
        (RunStatus.MISSED,),
        missed="the machine was off",
        step=_CATCH_UP,
    ),
    Cause(
        "suspended",
        "The machine was suspended.",
        (RunStatus.MISSED,),
        missed="the machine was suspended",
        step=_CATCH_UP,
    ),
    Cause(
        "linger_off",
        "Linger is off and the user was not logged in.",
        (RunStatus.MISSED,),
        missed="linger was off and nobody was logged in",
        step=("docket install --linger", "lets timers run while you are logged out"),
    ),
    Cause(
        "manager_off",
        "The user's service manager was not running.",
        (RunStatus.MISSED,),
        missed="the user's service manager was not running",
    ),
    Cause(
        "timer_disabled",
        "The timer was disabled.",
        (RunStatus.MISSED,),
        absence="The timer {unit} is disabled.",
        missed="the timer was disabled",
        step=ENABLE,
    ),
    Cause(
        "timer_masked",
        "The timer was masked.",
        (RunStatus.MISSED,),
        absence="The timer {unit} is masked: systemd refuses to start it.",
        missed="the timer was masked",
        absence_step=UNMASK,
    ),
    Cause(
        "timer_stopped",
        "The timer was stopped, or enabled and not started.",
        (RunStatus.MISSED,),
        absence="The timer {unit} is enabled, but stopped.",
        missed="the timer was stopped",
        step=ENABLE,
    ),
    Cause(
        "timer_gone",
        "systemd did not know the timer.",
        (RunStatus.MISSED,),
        absence="The timer {unit} is not installed.",
        missed="systemd did not know the timer",
        step=INSTALL,
    ),
    Cause(
        "condition_failed",
        "A `Condition...=` of its unit was not met, so systemd started nothing.",
        (RunStatus.SKIPPED,),
        "A condition of its unit was not met, so systemd started nothing.",
        absence="It was due, but a condition of the unit was not met, so systemd started nothing.",
        missed="a condition of its unit was not met",
        absence_step=("{systemctl} cat {unit}", "shows the unit with its conditions"),
    ),
    Cause(
        "assert_failed",
        "An `Assert...=` of its unit was not met, so systemd started nothing.",
        (RunStatus.MISSED,),
        "An assert of its unit was not met, so systemd started nothing.",
        absence="It was due, but an assert of the unit was not met, so systemd started nothing.",
        missed="an assert of its unit was not met",
        absence_step=("{systemctl} cat {unit}", "shows the unit with its asserts"),
    ),
    Cause(
        "unit_exec",
        "systemd could not start the unit; the word is that of its exit code (203/EXEC):"
        " `unit_chdir`, `unit_credentials`, `unit_namespace`, `unit_user` ...",
        (RunStatus.MISSED,),
        absence_step=SHOW_UNIT,
    ),
    Cause(
        "not_started",
        "The timer was on, and nothing says why it did not start the task. For a run in the "
        "background: it could not be started.",
        (RunStatus.MISSED, RunStatus.FAILED),
        absence="The fire of {fire} had no run. The timer is on, and nothing shows why: the machine"
        " may have been off.",
        missed="nothing says why it did not start",
        absence_step=("{systemctl} list-timers {unit}", "shows what systemd plans"),
    ),
)
OF_RUNS = (*_OF_COMMANDS, *_OF_RUNNERS, *_SKIPS, *_OF_MISSED_FIRES)
CAUSES = {cause.code: cause for cause in (*OF_RUNS, *OF_NO_RUN)}


def is_intended(code: str | None) -> bool:
    """Whether a skip or a missed fire of this cause was wanted, and so is not odd."""
    return code in CAUSES and CAUSES[code].intended
