"""The one tree of errors: each class owns its sentence, its stable code and its hint."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from docket.model.shapes import ErrorDocument


class DocketError(Exception):
    """An error that one sentence explains to the user.

    `code` is stable and machine-readable, `hint` says what to do next, and `facts` are the
    identifying keys that the JSON form of the error carries beside them (`task`, `run_id`, ...).
    """

    code = "error"

    def __init__(self, sentence: str, *, hint: str | None = None, **facts: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.facts = facts

    def document(self) -> ErrorDocument:
        """The error as the JSON object that every command prints for it."""
        document: ErrorDocument = {
            "ok": False,
            "error": self.sentence,
            "error_code": self.code,
            "hint": self.hint,
        }
        return _joined(document, self.facts)

    def document_with(self, **known: Any) -> ErrorDocument:
        """The error with what could be said anyway, under keys of the published error."""
        return _joined(self.document(), known)


def _joined(document: ErrorDocument, more: dict[str, Any]) -> ErrorDocument:
    joined: Any = {**document, **more}
    found: ErrorDocument = joined
    return found


class UsageError(DocketError):
    """The command line itself is wrong."""

    code = "usage"


class ConfigError(DocketError):
    """The configuration cannot be used; `problems` lists every mistake with its place."""

    code = "config.invalid"

    def __init__(
        self, sentence: str, problems: Sequence[Any] = (), *, hint: str | None = None, **facts: Any
    ) -> None:
        super().__init__(sentence, hint=hint, **facts)
        self.problems = tuple(problems)

    def document(self) -> ErrorDocument:
        """The error with its problems, each as an object with file, line, column and key."""
        return {**super().document(), "problems": [p.document() for p in self.problems]}


class ConfigMissingError(ConfigError):
    """There is no configuration file at the expected path."""

    code = "config.missing"


class UnsafeFileError(ConfigError):
    """A config, task file or plan that others can write is refused, as ssh does."""

    code = "config.unsafe_permissions"


class ConfigChangedError(ConfigError):
    """The configuration was changed by somebody else while it was being edited."""

    code = "config.changed_meanwhile"


class NameRefusedError(DocketError):
    """A task name that is not safe in a unit name or a file name."""

    code = "task.name_refused"


class UnknownTaskError(DocketError):
    """No task of that name."""

    code = "task.unknown"


class BrokenTaskError(DocketError):
    """The task exists, but its file does not import or its configuration is wrong."""

    code = "task.broken"


class PartError(DocketError):
    """A file of `conf.d` cannot be changed as it was asked for."""

    code = "config.part_refused"


class TaskExistsError(DocketError):
    """A new task cannot be written: its name or its file is taken."""

    code = "task.exists"


class ScheduleError(DocketError):
    """A schedule that is refused; `code` says why, `hint` what to write instead."""

    code = "schedule.invalid"

    def __init__(self, sentence: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(sentence, hint=hint)
        if code is not None:
            self.code = code


class CompileError(DocketError):
    """A task that cannot be said in unit files: a newline in a value, a refused directive."""

    code = "compile.refused"


class InstallError(DocketError):
    """Installing could not be finished; the sentence says what was done and what was not."""

    code = "install.failed"


class InstallPlanError(InstallError):
    """A file for `install --plan` cannot be written, or one for `--apply` is no plan."""

    code = "install.plan_unusable"


class StaleInstallPlanError(InstallError):
    """Something changed since a plan was made, so it is not applied."""

    code = "install.plan_stale"


class PlanError(DocketError):
    """A plan is missing, torn or of another version, and could not be made again."""

    code = "plan.unusable"


class StoreError(DocketError):
    """The record of runs cannot be read or written now."""

    code = "store.unusable"


class StoreNewerError(StoreError):
    """The database was written by a newer Docket."""

    code = "store.newer"


class StoreOlderError(StoreError):
    """The database is of an older Docket, and there is no time to upgrade it now."""

    code = "store.older"


class StoreOfAnotherError(StoreError):
    """The record of runs belongs to another user, or others can write to it."""

    code = "store.of_another"


class StoreForeignError(StoreError):
    """The file is a database of another program, and is left as it is."""

    code = "store.foreign"


class StoreReferenceError(StoreError):
    """The database still has the format of docket-cli 0.2, and a job does not convert it."""

    code = "store.not_taken_over"


class RunNotFoundError(DocketError):
    """No run of that id."""

    code = "run.not_found"


class RunAmbiguousError(RunNotFoundError):
    """Several runs fit a part of an id; `candidates` are their ids."""

    code = "run.ambiguous"


class RunPrunedError(RunNotFoundError):
    """The run was removed by `retention`."""

    code = "run.pruned"


class RunLogError(DocketError):
    """There is no log to show of a run; `code` says why."""

    code = "run.no_log"

    def __init__(
        self, sentence: str, *, code: str | None = None, hint: str | None = None, **facts: Any
    ) -> None:
        super().__init__(sentence, hint=hint, **facts)
        if code is not None:
            self.code = code


class RunnerDiedError(DocketError):
    """`docket exec` ended before it could report how the run ended."""

    code = "run.runner_died"


class NeedsSystemdError(DocketError):
    """The task needs a systemd unit for what its contract promises."""

    code = "run.needs_systemd"


class CredentialMissingError(DocketError):
    """The file of a credential is not there, or may not be read, so that no unit can start."""

    code = "run.credential_missing"


class SecretError(DocketError):
    """A secret that cannot be kept, found or removed; the sentence never holds its value."""

    code = "secret.refused"


class DataError(DocketError):
    """The database of state and queues cannot be read or written now."""

    code = "data.unusable"


class DataNewerError(DataError):
    """The database of state and queues was written by a newer Docket."""

    code = "data.newer"


class DataRefusedError(DocketError):
    """A name or a value that cannot be kept in state or in a queue."""

    code = "data.refused"


class AbsentError(DocketError):
    """Nothing is kept under that key."""

    code = "data.absent"


class ConflictError(DocketError):
    """A value has changed since it was read, so it was not set."""

    code = "data.conflict"


class QueueEmptyError(DocketError):
    """No item of the queue waits now."""

    code = "queue.empty"


class StaleClaimError(DocketError):
    """A token that holds no item any more: its lease ran out, or it was settled before."""

    code = "queue.stale_claim"


class NotStartedError(DocketError):
    """A run could not be started in the background; its row says so too."""

    code = "run.not_started"


class KeyTakenError(DocketError):
    """The idempotency key already belongs to another request."""

    code = "run.key_taken"


class DestructiveRefusedError(DocketError):
    """A destructive task, or one that runs such a task first, that may not run here."""

    code = "task.destructive_refused"


class ParameterError(DocketError):
    """A parameter that the task does not declare, or whose value no run can be given."""

    code = "run.param_refused"


class EnvironmentRefusedError(DocketError):
    """What a task needs around it is missing: an environment file, a variable, its user."""

    code = "env_file_missing"


class AlreadyRunningError(DocketError):
    """The task's lock is held by another run."""

    code = "run.already_running"


class BusError(DocketError):
    """The service manager cannot be reached or refused the call."""

    code = "systemd.bus"


class BusAbsentError(BusError):
    """There is no service manager to talk to: a container, a user without a session or linger."""

    code = "systemd.no_bus"


class BusLibraryMissingError(BusAbsentError):
    """No library that speaks D-Bus can be imported by the Python that runs Docket."""

    code = "systemd.no_library"


class ExtraMissingError(DocketError):
    """A library that only an optional part of Docket needs is missing, or of another version."""

    code = "tool.extra_missing"


class ToolMissingError(DocketError):
    """A program that the command needs is not installed."""

    code = "tool.missing"
