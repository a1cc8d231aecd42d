"""The child that imports one drop-in file or entry point and says which task classes it holds.

It is started by its path, `python -IS probe_child.py ROOT DESCRIPTOR CPU_SECONDS FILE` or
`... MODULE ATTRIBUTE`, where ROOT is the directory of the package. It confines
itself first, and looks for modules where the runner will. It answers with one line of JSON and
leaves at once, so that neither threads nor exit handlers of what it imports can hold it.
"""

from __future__ import annotations

import json
import os
import site
import sys
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
_LIBRARY = os.path.dirname(os.__file__)


def main(root: str, descriptor: int, cpu_seconds: int, place: str, attribute: str = "") -> None:
    """Import what is named, write the answer to `descriptor` and leave the process."""
    sys.path.append(root)
    sys.dont_write_bytecode = True
    from docket.tasks.confinement import confine  # noqa: PLC0415  (only now is it on the path)

    confine(descriptor, cpu_seconds)
    site.main()
    try:
        answer = _of_module(place, attribute) if attribute else {"classes": _of_file(place)}
        line = json.dumps(answer, default=_said)
    except BaseException as error:  # noqa: BLE001  (the file's boundary: whatever it throws)
        line = json.dumps(_failure(error, "" if attribute else place))
    data = line.encode() + b"\n"
    while data:
        data = data[os.write(descriptor, data) :]
    os._exit(0)


def _of_file(path: str) -> list[dict[str, Any]]:
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
    return [_described(cls, attribute) for cls, attribute in found.items()]


def _of_module(module_name: str, attribute: str) -> dict[str, Any]:
    from importlib import import_module  # noqa: PLC0415  (inside the boundary)

    from docket.task import BaseTask  # noqa: PLC0415  (only now is it on the path)

    found: object = import_module(module_name)
    for part in attribute.split("."):
        found = getattr(found, part)
    if not (isinstance(found, type) and issubclass(found, BaseTask)):
        raise TypeError(f"{attribute} is not a class made from docket.task.BaseTask")
    files = [getattr(sys.modules.get(n), "__file__", None) for n in (module_name, found.__module__)]
    return {"classes": [_described(found, attribute)], "files": files}


def _described(cls: type, attribute: str) -> dict[str, Any]:
    return {"class_name": attribute, **{key: getattr(cls, key, None) for key in ATTRIBUTES}}


def _said(value: object) -> Any:
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    raise TypeError(f"an attribute of a task class is a {type(value).__name__}, no plain data")


def _failure(error: BaseException, path: str) -> dict[str, Any]:
    """Return what went wrong, and the last line of `path`, or of any file, that took part."""
    import traceback  # noqa: PLC0415  (only if something is wrong)

    file, line = None, None
    if isinstance(error, SyntaxError) and (error.filename == path or not path):
        file, line = error.filename, error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename == path or (not path and _is_of_others(frame.filename)):
                file, line = frame.filename, frame.lineno
    if isinstance(error, SystemExit):
        sentence = "it calls sys.exit when it is imported"
    else:
        said = getattr(error, "msg", None) if isinstance(error, SyntaxError) else str(error)
        sentence = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return {"error": " ".join(sentence.split())[:_LONGEST], "file": file, "line": line}


def _is_of_others(file: str) -> bool:
    """Whether a line of the traceback is neither ours nor the standard library's."""
    own = file == os.path.abspath(__file__) or not file.startswith("/")  # <frozen importlib>
    return not own and (not file.startswith(f"{_LIBRARY}/") or "-packages/" in file)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
