"""The child that imports one drop-in file and says which task classes it holds.

It is started by its path in isolated mode: `python -I probe_child.py ROOT DESCRIPTOR FILE`, where
ROOT is the directory of the package. It answers with one line of JSON and leaves at once, so that
neither threads nor exit handlers of the file can hold it.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

ATTRIBUTES = (
    "name",
    "description",
    "inputs",
    "outputs",
    "schema",
    "required_env",
    "network",
    "destructive",
    "agent_notes",
)
_LONGEST = 300


def main(root: str, descriptor: int, path: str) -> None:
    """Import `path`, write the answer to `descriptor` and leave the process."""
    sys.path.insert(0, root)
    sys.dont_write_bytecode = True
    try:
        answer = {"classes": _classes(path)}
        line = json.dumps(answer, default=_said)
    except BaseException as error:  # noqa: BLE001  (the file's boundary: whatever it throws)
        line = json.dumps(_failure(error, path))
    data = line.encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]
    os._exit(0)


def _classes(path: str) -> list[dict[str, Any]]:
    from importlib.util import (  # noqa: PLC0415  (inside the boundary)
        module_from_spec,
        spec_from_file_location,
    )

    from docket.task import BaseTask  # noqa: PLC0415  (only now is it on the path)

    name = "docket_task_" + os.path.basename(path).removesuffix(".py")
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("this is no Python file")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    found = {}
    for attribute, value in vars(module).items():
        own = isinstance(value, type) and value.__module__ == name
        if own and issubclass(value, BaseTask) and value not in found:
            found[value] = attribute
    return [
        {"class_name": attribute, **{key: getattr(cls, key, None) for key in ATTRIBUTES}}
        for cls, attribute in found.items()
    ]


def _said(value: object) -> Any:
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    raise TypeError(f"an attribute of a task class is a {type(value).__name__}, no plain data")


def _failure(error: BaseException, path: str) -> dict[str, Any]:
    line = None
    if isinstance(error, SyntaxError) and error.filename == path:
        line = error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            line = frame.lineno if frame.filename == path else line
    if isinstance(error, SystemExit):
        sentence = "it calls sys.exit when it is imported"
    else:
        said = getattr(error, "msg", None) if isinstance(error, SyntaxError) else str(error)
        sentence = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return {"error": " ".join(sentence.split())[:_LONGEST], "line": line}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
