"""What is asked of a run before it begins: its parameters, its key, and the file that says so."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from docket.app.wholefiles import make_directory
from docket.errors import UsageError
from docket.model.plan import Plan

_LONGEST_KEY = 200


def request_path(lock_dir: str, run_id: str) -> str:
    """Return the file in which the runner finds what its run was given."""
    return os.path.join(lock_dir, "runs", run_id + ".request")


@contextlib.contextmanager
def requested(
    plan: Plan,
    run_id: str,
    *,
    unit: str | None = None,
    params: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
) -> Iterator[None]:
    """Lay the request of a run before its runner, and keep it locked while the run is started.

    Whoever finds a pending run whose request is locked knows that it is about to begin. OSError
    where it cannot be written. It goes away where the run is not started, else its runner takes it.
    """
    path = request_path(plan.lock_dir, run_id)
    make_directory(os.path.dirname(path), 0o700)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        document: dict[str, Any] = {
            "params": None if params is None else dict(params),
            "idempotency_key": idempotency_key,
            "parent_run_id": None,
            "tree": [],
            "unit": unit,
        }
        json.dump(document, file)
        file.flush()
        try:
            yield
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            raise


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
