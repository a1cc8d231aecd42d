"""The request file of a run, beside its lock."""

from __future__ import annotations

from docket.files import read_plain
from docket.model.jsontext import loads
from docket.runfiles import REQUEST, run_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.model.rows import RunRow

_LARGEST = 1 << 20


def take_request(lock_dir: str, row: RunRow) -> list[str]:
    """Fill the row from the run's request file, if there is one.

    Returns the tasks that have run already in the tree this run belongs to. The parameters are as
    they were given, and may be secrets.
    """
    document = _read(run_file(lock_dir, row.run_id, REQUEST))
    params = document.get("params")
    if isinstance(params, dict):
        row.params = {str(name): str(value) for name, value in params.items()}
    key, parent = document.get("idempotency_key"), document.get("parent_run_id")
    row.idempotency_key = key if isinstance(key, str) else None
    row.parent_run_id = parent if isinstance(parent, str) else None
    cause = document.get("triggered_by")
    row.triggered_by = cause if isinstance(cause, str) else None
    details, tree = document.get("details"), document.get("tree")
    if isinstance(details, dict):
        row.details = {**details, **row.details}
    return [str(name) for name in tree] if isinstance(tree, list) else []


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
