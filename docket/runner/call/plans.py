"""Finding the plan of a task: the one on disk if it is fresh, a new one if it is not.

A config that is broken now does not cost tonight's backup: the last good plan runs, and says so.
"""

from __future__ import annotations

import os
import select

from docket.errors import DocketError, PlanError
from docket.files import is_ours, is_safe_lock_directory, read_plain, write_all
from docket.model import signals
from docket.model.jsontext import dumps, loads
from docket.model.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from docket.model.shapes import ErrorDocument
    from docket.paths import Paths

    # (task, its places, whether the plan is written) to the text of the plan
    Recompile = Callable[[str, Paths, bool], str]

_COMPILE_SECONDS = 60


class LoadedPlan:
    """A plan to obey. `warning` says why it is not the one that the config asks for now."""

    __slots__ = ("plan", "removed", "warning")

    def __init__(self, plan: Plan, warning: str | None = None, *, removed: bool = False) -> None:
        self.plan = plan
        self.warning = warning
        self.removed = removed


def load(paths: Paths, task: str, recompile: Recompile, *, keep: bool) -> LoadedPlan:
    """Return the plan of the task, compiled again if a file that it came from has changed.

    Without `keep` a new plan is not written. Raises DocketError if there is none and none can be
    made.
    """
    plan = read_plan(paths.plan(task))
    if plan is not None and _is_fresh(plan):
        return LoadedPlan(plan)
    found = _recompile_in_child(task, paths, recompile, keep=keep)
    if isinstance(found, Plan):
        return LoadedPlan(found)
    failure = found
    if plan is None:
        raise _error_of(failure)
    removed = failure["error_code"] == "task.unknown"
    return LoadedPlan(plan, str(failure["error"]), removed=removed)


def read_plan(path: str) -> Plan | None:
    """Return the plan in a file of ours; None if it is missing, torn or of another version."""
    try:
        data, status = read_plain(path)
    except OSError:
        return None
    if status.st_uid not in (0, os.geteuid()):
        raise PlanError(
            f"The plan {path} belongs to user {status.st_uid}, who is neither you nor root.",
            hint=f"Ask as that user: sudo -u '#{status.st_uid}' docket ...",
        )
    if not is_ours(status):
        raise PlanError(
            f"The plan {path} can be written by others.",
            hint=f"Remove it (rm {path}) and see who else may write there; it is made again.",
        )
    try:
        plan = Plan.from_text(data.decode(errors="surrogateescape"))
    except ValueError:
        return None
    # One that was compiled after `su` names the runtime directory of another user: not for us.
    return plan if is_safe_lock_directory(plan.lock_dir) else None


def _is_fresh(plan: Plan) -> bool:
    for source in plan.sources:
        try:
            found = os.stat(source.path)
        except OSError:
            if source.mtime_ns != -1:
                return False
            continue
        identity = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        if identity != source.identity():
            return False
    return True


def _recompile_in_child(
    task: str, paths: Paths, recompile: Recompile, *, keep: bool
) -> Plan | ErrorDocument:
    """Compile in a forked child, so that the runner itself never loads YAML.

    Returns the plan, or the error as a document.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        _compile_and_exit(lambda: recompile(task, paths, keep), writer)
    os.close(writer)
    try:
        return _await(child, reader)
    finally:
        os.close(reader)


def _compile_and_exit(compiled: Callable[[], str], writer: int) -> None:
    document: object
    try:
        document = {"plan": compiled()}
    except DocketError as error:
        document = error.document()
    except BaseException as error:  # noqa: BLE001  (the child's boundary)
        document = PlanError(f"Compiling failed: {type(error).__name__}: {error}").document()
    write_all(writer, dumps(document).encode())
    os._exit(0)


def _await(child: int, reader: int) -> Plan | ErrorDocument:
    waiting = select.poll()
    waiting.register(reader, select.POLLIN)
    data = b""
    while True:
        if not waiting.poll(_COMPILE_SECONDS * 1000):
            os.kill(child, signals.SIGKILL)
            break
        chunk = os.read(reader, 1 << 16)
        if not chunk:
            break
        data += chunk
    os.waitpid(child, 0)
    try:
        document = loads(data.decode())
        return Plan.from_text(document["plan"]) if "plan" in document else document
    except ValueError:
        return PlanError("Compiling the task took too long or was killed.").document()


def _error_of(document: ErrorDocument) -> DocketError:
    error = DocketError(str(document["error"]), hint=document.get("hint"))
    error.code = str(document["error_code"])
    return error
