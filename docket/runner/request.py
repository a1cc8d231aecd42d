"""What others ask of a run by files beside its lock: how it begins, and that it be cancelled."""

from __future__ import annotations

import os

from docket.files import read_plain
from docket.model.jsontext import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.store.rows import RunRow

_LARGEST = 1 << 20


def request_path(lock_dir: str, run_id: str) -> str:
    """Return where whoever starts a run in advance says what it is given."""
    return os.path.join(lock_dir, "runs", run_id + ".request")


def cancel_path(lock_dir: str, run_id: str) -> str:
    """Return the file whose presence asks that a run be cancelled."""
    return os.path.join(lock_dir, "runs", run_id + ".cancel")


def is_cancelled(lock_dir: str, run_id: str) -> bool:
    """Whether somebody has asked that the run be cancelled."""
    return os.path.exists(cancel_path(lock_dir, run_id))


def take_request(lock_dir: str, row: RunRow) -> list[str]:
    """Fill the row from the run's request file, where there is one.

    Returns the tasks that have run already in the tree this run belongs to. The parameters are as
    they were given, and may be secrets.
    """
    document = _read(request_path(lock_dir, row.run_id))
    params = document.get("params")
    if isinstance(params, dict):
        row.params = {str(name): str(value) for name, value in params.items()}
    key, parent = document.get("idempotency_key"), document.get("parent_run_id")
    row.idempotency_key = key if isinstance(key, str) else None
    row.parent_run_id = parent if isinstance(parent, str) else None
    details, tree = document.get("details"), document.get("tree")
    if isinstance(details, dict):
        row.details = {**details, **row.details}
    return [str(name) for name in tree] if isinstance(tree, list) else []


def forget(lock_dir: str, run_id: str) -> None:
    """Remove what was asked, once the run is over, and the result that a dead runner never read."""
    stem = os.path.join(lock_dir, "runs", run_id)
    for kind in (".request", ".cancel", ".result", ".details"):
        try:
            os.unlink(stem + kind)
        except OSError:
            continue


def parameter_variables(params: dict[str, str]) -> dict[str, str]:
    """Return the variables that hand the parameters of a run to its child."""
    return {f"DOCKET_PARAM_{_variable(name)}": value for name, value in params.items()}


def _variable(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()


def _read(path: str) -> dict[str, object]:
    try:
        data, _status = read_plain(path, _LARGEST)
        found = loads(data.decode())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
