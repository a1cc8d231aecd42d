"""The request for a run: its parameters, its key, and the file that holds them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

from docket.errors import ParameterError, UsageError
from docket.files import open_private, remove, write_all
from docket.model.plan import Plan
from docket.model.rows import RunRow
from docket.model.text.nearest import nearest
from docket.runfiles import REQUEST, run_file

_LONGEST_KEY = 200
_MOST_BYTES = 64 * 1024  # bytes of one value: the kernel takes 128 KiB in one variable


class Launcher(StrEnum):
    """What starts a run; `auto` is systemd if it runs, else a session of its own."""

    AUTO = "auto"
    SYSTEMD = "systemd"
    DIRECT = "direct"


@contextlib.contextmanager
def requested(plan: Plan, row: RunRow) -> Iterator[None]:
    """Write the request file of a run, and keep it locked while the run is started.

    A pending run whose request is locked is about to begin. OSError if
    it cannot be written. It goes away if the run is not started, else its runner takes it.
    """
    path = run_file(plan.lock_dir, row.run_id, REQUEST)
    document: dict[str, Any] = {
        "params": row.params,
        "idempotency_key": row.idempotency_key,
        "parent_run_id": row.parent_run_id,
        "triggered_by": row.triggered_by,
        "tree": [],
        "details": row.details,
        "unit": row.unit,
    }
    descriptor = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        write_all(descriptor, json.dumps(document).encode())
        yield
    except BaseException:
        remove(path)
        raise
    finally:
        os.close(descriptor)


def checked_key(key: str | None) -> str | None:
    """Return an idempotency key that can be kept; UsageError for one that cannot."""
    if key is None:
        return None
    if not key.strip() or len(key) > _LONGEST_KEY or not key.isprintable():
        raise UsageError(
            f"An idempotency key is 1 to {_LONGEST_KEY} printable characters.",
            hint="Take a word that names the request, such as report-2026-11-20.",
        )
    return key


def checked_params(plan: Plan, pairs: Iterable[tuple[str, str]]) -> dict[str, str] | None:
    """Return the parameters of a run, None for none; ParameterError for one that cannot be given.

    Each must be one of the task's declared inputs; its child finds it as DOCKET_PARAM_NAME.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in plan.inputs:
            raise _undeclared(plan, name)
        if name in found:
            raise _refused(plan, name, "is given twice")
        found[name] = _checked_value(plan, name, value)
    return found or None


def _checked_value(plan: Plan, name: str, value: str) -> str:
    if "\0" in value:
        raise _refused(plan, name, "holds a NUL character")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise _refused(plan, name, "is not valid UTF-8") from None
    if size > _MOST_BYTES:
        raise _refused(plan, name, f"is longer than {_MOST_BYTES // 1024} KiB")
    return value


def _refused(plan: Plan, name: str, why: str) -> ParameterError:
    return ParameterError(
        f"The parameter {name!r} {why}.",
        hint="Give what is long or binary as a file, and its path as the parameter.",
        task=plan.task,
    )


def _undeclared(plan: Plan, name: str) -> ParameterError:
    near = nearest(name, plan.inputs)
    if near:
        hint = f"Did you mean {near!r}?"
    elif plan.inputs:
        hint = f"It takes: {', '.join(plan.inputs)}."
    else:
        hint = "It takes no parameters: its values are in the config."
    shown = name if len(name) <= _LONGEST_KEY else name[:_LONGEST_KEY] + "..."
    return ParameterError(f"Task {plan.task!r} has no input {shown!r}.", hint=hint, task=plan.task)
