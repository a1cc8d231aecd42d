"""The environment of a task: what is inherited, its files, its own values, and Docket's."""

from __future__ import annotations

import os
import time

from docket.errors import EnvironmentRefusedError
from docket.files import read_plain
from docket.runner.record.request import parameter_variables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.plan import Plan
    from docket.model.rows import RunRow
    from docket.runner.call.account import Account

# The runner's own dealings with the service manager are none of the task's.
_KEPT_BACK = (
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "JOURNAL_STREAM",
)


RUN_DIRECTORIES = ("XDG_RUNTIME_DIR", "CREDENTIALS_DIRECTORY")


def account_for(plan: Plan) -> Account | None:
    """Return the user of the task, if that is not the runner's own; AccountError."""
    if plan.run_as is None:
        return None
    from docket.runner.call.account import account_of  # noqa: PLC0415  (tasks with `user`)

    return account_of(plan.run_as)


def task_environment(plan: Plan, account: Account | None, *, in_unit: bool) -> dict[str, str]:
    """Return the environment of the task, without Docket's own variables.

    The environment files are read here, as systemd would read them, and not by the unit: what is
    in them is the job's and must not change its runner. `in_unit` is whether systemd started us.
    Raises EnvironmentRefusedError if a file cannot be read.
    """
    values = _inherited(plan, account, in_unit=in_unit)
    for path in plan.env_files:
        values.update(_read_file(path))
    values.update(_expanded(plan.env))
    return values


def usable_environment(plan: Plan, account: Account | None, *, in_unit: bool) -> dict[str, str]:
    """Return the environment as far as it can be read: a missing file must not silence an alarm."""
    values = _inherited(plan, account, in_unit=in_unit)
    for path in plan.env_files:
        try:
            values.update(_read_file(path))
        except EnvironmentRefusedError:
            continue
    values.update(_expanded(plan.env))
    return values


def _expanded(env: dict[str, str]) -> dict[str, str]:
    """Return the variables with the two directories in them that only a run knows."""
    found = dict(env)
    for name in RUN_DIRECTORIES:
        path = os.environ.get(name)
        if path is None:
            continue
        for key, text in found.items():
            if name in text:
                found[key] = _with_directory(text, name, path)
    return found


def _with_directory(text: str, name: str, path: str) -> str:
    text = text.replace(f"${{{name}}}", path)
    bare = f"${name}"
    if text == bare or text.startswith(bare + "/"):
        return path + text[len(bare) :]
    return text


def _inherited(plan: Plan, account: Account | None, *, in_unit: bool) -> dict[str, str]:
    own = dict(os.environ)
    if account is not None:
        from docket.runner.call.account import inherited  # noqa: PLC0415  (tasks with `user`)

        own = {**inherited(in_unit=in_unit), **account.variables()}
    values = {name: text for name, text in own.items() if name not in _KEPT_BACK}
    if not values.get("PATH"):
        values["PATH"] = plan.path_variable
    return values


def add_run(
    values: dict[str, str],
    plan: Plan,
    row: RunRow,
    params: dict[str, str] | None,
    result_path: str,
    account: Account | None,
) -> None:
    """Add the variables that say which run a child belongs to; nothing can override them.

    `params` are the parameters as they were given; those in the row are for everybody to see.
    `account` is the user of the task, if that is another than the runner's.
    """
    values["DOCKET_RUN_ID"] = row.run_id
    values["DOCKET_TASK_NAME"] = row.task
    values["DOCKET_STATE_PATH"] = plan.state_db
    values["DOCKET_DATA_PATH"] = _data_path(plan, account)
    values["DOCKET_CONFIG"] = plan.config_path
    values["DOCKET_TRIGGER"] = row.trigger
    values["DOCKET_RESULT_FILE"] = result_path
    if params:
        values.update(parameter_variables(params))
    for name, text in (
        ("DOCKET_SCHEDULED_FOR", None if row.scheduled_for is None else iso(row.scheduled_for)),
        ("DOCKET_TRIGGERED_BY", row.triggered_by),
        ("DOCKET_TRIGGER_PATH", row.details.get("trigger_path")),
    ):
        if text is None:
            values.pop(name, None)
        else:
            values[name] = text


def _data_path(plan: Plan, account: Account | None) -> str:
    """Return where the task's state and queues are: beside the history, or in its user's home."""
    if account is None:
        return os.path.join(os.path.dirname(plan.state_db), "data.db")
    return os.path.join(account.home, ".docket", "data.db")


def iso(instant_us: int) -> str:
    """Return an instant as ISO 8601 in UTC, as JSON and hooks show it."""
    seconds, micros = divmod(instant_us, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{micros:06d}+00:00"


def own_units() -> list[str]:
    """Return the names at the end of this process's control groups, if systemd started it."""
    if "INVOCATION_ID" not in os.environ:
        return []
    try:
        with open("/proc/self/cgroup", encoding="utf-8", errors="replace") as file:
            return [line.rpartition("/")[2] for line in file.read().splitlines()]
    except OSError:
        return []


def variables_of_files(paths: list[str]) -> set[str]:
    """Return the names of the variables in environment files; an unreadable one has none."""
    names: set[str] = set()
    for path in paths:
        try:
            names.update(_read_file(path))
        except EnvironmentRefusedError:
            continue
    return names


def _read_file(path: str) -> dict[str, str]:
    from docket.model.text.envfile import (  # noqa: PLC0415  (tasks with such files)
        EnvironmentFileError,
        parse_environment,
    )

    try:
        data, _status = read_plain(os.path.realpath(path))
        return parse_environment(data)
    except EnvironmentFileError as error:
        raise EnvironmentRefusedError(
            f"systemd passes over the whole environment file {path}: {error}.",
            hint="Write it again as UTF-8, one NAME=value on each line.",
        ) from error
    except OSError as error:
        raise EnvironmentRefusedError(
            f"The environment file {path} cannot be read: {error.strerror}.",
            hint="Create it, or take it out of env_file.",
        ) from error
