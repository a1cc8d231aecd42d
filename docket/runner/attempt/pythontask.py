"""The child's side of a Python task: import it, run the class, report, hand the result over."""

from __future__ import annotations

import importlib
import importlib.util
import math
import os
import site
import sys
import threading
import traceback
from collections.abc import Mapping
from datetime import date, time
from types import ModuleType
from typing import Any

from docket.files import write_all
from docket.model.jsontext import dumps, loads
from docket.model.plan import PythonTarget
from docket.runner.attempt.reports import LARGEST_EVENT, LARGEST_RESULT
from docket.task import BaseTask, TaskResult, report_to

_DEEPEST = 60


class _Pipe:
    """The way back to the runner; lines of several threads do not mix."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._file = _identity(descriptor)
        self._lock = threading.RLock()
        os.register_at_fork(after_in_child=self._renew)

    def write(self, kind: str, text: str) -> None:
        """Write one line; it is not an error if the runner is gone or the task closed the pipe."""
        line = f"{kind}{text}\n".encode()
        with self._lock:
            try:
                # A task may have closed all it found, and opened a file of its own in this place.
                if _identity(self._descriptor) == self._file:
                    write_all(self._descriptor, line)
            except OSError:
                return

    def _renew(self) -> None:
        self._lock = threading.RLock()  # a thread that the fork did not copy may hold the old one


def run_given(given: int, writer: int) -> None:
    """Run the task that the descriptor `given` describes, and leave the process."""
    with open(given, encoding="utf-8") as file:
        document = loads(file.read())
    os.set_inheritable(writer, False)
    run_and_exit(
        PythonTarget(**document["target"]),
        dict(os.environ),
        writer,
        dry_run=document["dry_run"],
        source=document["source"],
    )


def run_and_exit(
    target: PythonTarget,
    environment: dict[str, str],
    writer: int,
    *,
    dry_run: bool,
    source: str | None = None,
) -> None:
    """Run the task of `target`, write what it reports to `writer`, and leave the process.

    `source` is the text of the file that has the class, if this process cannot read it.
    """
    os.environ.clear()
    os.environ.update(environment)
    if sys.flags.no_site:
        site.main()  # the runner does not need this; a task may import installed packages
    own, pipe = os.getpid(), _Pipe(writer)
    report_to(lambda kind, event: pipe.write(kind[0], _event_text(event)))
    code = 0
    try:
        document = _checked(_run(target, source, dry_run=dry_run))
    except BaseException as error:  # noqa: BLE001  (the task's boundary: whatever it throws)
        document, code = _failure(error), 1
    try:
        _flush()
        if os.getpid() == own:  # otherwise this is a process that the task forked and left running
            pipe.write("r", _result_text(document))
    finally:
        os._exit(code)


def _run(target: PythonTarget, source: str | None, *, dry_run: bool) -> object:
    found = load_class(target, source)
    found.name = found.name or os.environ.get("DOCKET_TASK_NAME", "")  # an entry point may name it
    task = found()
    config = loads(dumps(target.config))  # a copy that the task may change
    return task.dry_run(config) if dry_run else task.run(config)


def load_class(target: PythonTarget, source: str | None = None) -> type[BaseTask]:
    """Import what holds a task and return its class; any exception is the task's own."""
    if target.module:
        module = importlib.import_module(target.module)
    else:
        module = _module_of(target.path, source)
    found: Any = module
    for part in target.class_name.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and issubclass(found, BaseTask)):
        place = target.module or target.path
        raise TypeError(f"{place} has no task class {target.class_name}")
    return found


def _module_of(path: str, source: str | None) -> ModuleType:
    name = "docket_task_" + os.path.basename(path).removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.dont_write_bytecode = True
    if source is None:
        spec.loader.exec_module(module)
    else:
        exec(compile(source, path, "exec"), module.__dict__)  # noqa: S102  (the task's own file)
    return module


def _checked(result: object) -> dict[str, Any]:
    if not isinstance(result, TaskResult):
        raise TypeError(f"run() returned {type(result).__name__}, not a TaskResult")
    return {
        "ok": bool(result.ok),
        "summary": str(result.summary),
        "details": result.details,
        "dry_run": bool(result.dry_run),
    }


def _failure(error: BaseException) -> dict[str, Any]:
    traceback.print_exception(error)
    if isinstance(error, SystemExit):
        said = f"Task called sys.exit({error.code!r})"
    else:
        said = f"Task raised unexpected error: {type(error).__name__}: {error}"
    return {"ok": False, "summary": said, "details": {"exception": type(error).__name__}}


def _result_text(document: dict[str, Any]) -> str:
    try:
        text = dumps({**document, "details": as_json_value(document["details"])})
    except Exception as error:  # noqa: BLE001  (objects of the task's: whatever their text throws)
        text = _without_details(document, f"not to be said in JSON: {error}")
    if len(text) > LARGEST_RESULT:
        text = _without_details(document, f"{len(text)} bytes are more than are kept")
    return text


def _without_details(document: dict[str, Any], why: str) -> str:
    summary = document["summary"][:LARGEST_EVENT]
    return dumps({**document, "summary": summary, "details": {"details_error": why}})


def _event_text(event: Mapping[str, Any]) -> str:
    kind = str(event.get("event") or event.get("type") or event.get("status") or "")[:100]
    try:
        text = dumps(as_json_value(event))
    except Exception as error:  # noqa: BLE001  (objects of the task's: whatever their text throws)
        return dumps({"event": kind, "event_error": f"not to be said in JSON: {error}"[:1000]})
    if len(text) < LARGEST_EVENT:
        return text
    why = f"{len(text)} bytes are more than the {LARGEST_EVENT} that an event may have"
    return dumps({"event": kind, "event_error": why})


def as_json_value(value: Any, depth: int = 0) -> Any:
    """Return `value` as JSON can say it: an instant as ISO 8601, bytes as text, a set as a list.

    A number that is none becomes null, and what has no form of its own its `str`. ValueError if
    it is nested too deeply, or in itself.
    """
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    match value:
        case Mapping():
            return {str(key): as_json_value(part, depth + 1) for key, part in value.items()}
        case list() | tuple():
            return [as_json_value(part, depth + 1) for part in value]
        case set() | frozenset():
            return sorted((as_json_value(part, depth + 1) for part in value), key=str)
        case _:
            return _scalar(value)


def _scalar(value: object) -> str | int | float | None:
    match value:
        case None | str() | int():  # True and False too
            return value
        case float():
            return value if math.isfinite(value) else None
        case bytes() | bytearray():
            return value.decode("utf-8", "backslashreplace")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def _identity(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
