"""The child's side of a Python task: import the file, run the class, hand the result over."""

from __future__ import annotations

import importlib
import importlib.util
import os
import site
import sys
import traceback
from types import ModuleType
from typing import Any

from docket.model.jsontext import dumps, loads
from docket.model.plan import PythonTarget
from docket.store.files import write_all
from docket.task import BaseTask, TaskResult

_LARGEST_RESULT = 1024 * 1024


def run_and_exit(
    target: PythonTarget, environment: dict[str, str], writer: int, *, dry_run: bool
) -> None:
    """Run the task of `target`, write its result to `writer`, and leave the process."""
    os.environ.clear()
    os.environ.update(environment)
    if sys.flags.no_site:
        site.main()  # the runner does without; a task may import what is installed
    code = 0
    try:
        document = _checked(_run(target, dry_run=dry_run))
    except BaseException as error:  # noqa: BLE001  (the task's boundary: whatever it throws)
        document, code = _failure(error), 1
    _flush()
    try:
        write_all(writer, _text(document))
    finally:
        os._exit(code)


def _run(target: PythonTarget, *, dry_run: bool) -> object:
    found = load_class(target)
    found.name = found.name or os.environ.get("DOCKET_TASK_NAME", "")  # an entry point may name it
    task = found()
    config = loads(dumps(target.config))  # the task's to change
    return task.dry_run(config) if dry_run else task.run(config)


def load_class(target: PythonTarget) -> type[BaseTask]:
    """Import what holds a task and return its class; any exception is the task's own."""
    module = importlib.import_module(target.module) if target.module else _module_of(target.path)
    found: Any = module
    for part in target.class_name.split("."):
        found = getattr(found, part, None)
    if not (isinstance(found, type) and issubclass(found, BaseTask)):
        place = target.module or target.path
        raise TypeError(f"{place} has no task class {target.class_name}")
    return found


def _module_of(path: str) -> ModuleType:
    name = "docket_task_" + os.path.basename(path).removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
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


def _text(document: dict[str, Any]) -> bytes:
    try:
        data = dumps(document).encode()
    except (ValueError, TypeError, RecursionError) as error:
        document = {**document, "details": {"details_error": f"not to be said in JSON: {error}"}}
        data = dumps(document).encode()
    if len(data) > _LARGEST_RESULT:
        document["details"] = {"details_error": f"{len(data)} bytes are more than are kept"}
        data = dumps(document).encode()
    return data


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue
