"""What a drop-in file holds, learned in a child process that may do whatever it wants to."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from docket.model.names import ALLOWED_SENTENCE, is_safe_name
from docket.model.taskclass import BrokenTaskClass, TaskClass

DEADLINE_SECONDS = 10.0

_HERE = os.path.dirname(os.path.abspath(__file__))
_CHILD = os.path.join(_HERE, "probe_child.py")
_ROOT = os.path.dirname(os.path.dirname(_HERE))
_LARGEST_ANSWER = 1024 * 1024
_AT_ONCE = 4
_HINT = "fix the file or move it away; every other task works meanwhile"


@dataclass(frozen=True, slots=True)
class Probed:
    """What became of one file: its tasks, and whether it was still running at the deadline."""

    path: str
    drop_ins: tuple[TaskClass | BrokenTaskClass, ...]
    hung: bool = False


def probe(
    files: Sequence[str], environ: Mapping[str, str], deadline_seconds: float = DEADLINE_SECONDS
) -> list[Probed]:
    """Return what each file holds, in order; a file that cannot be used is a BrokenTaskClass.

    Nothing that a file prints is seen, and no child outlives its deadline (in seconds).
    """
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(lambda path: _probe_file(path, environ, deadline_seconds), files))


def guessed_name(path: str) -> str:
    """Return the name that the task of `path` probably has, where the file does not say."""
    return os.path.basename(path).removesuffix(".py").replace("_", "-")


def _probe_file(path: str, environ: Mapping[str, str], deadline_seconds: float) -> Probed:
    reader, writer = os.pipe()
    try:
        try:
            child = subprocess.Popen(
                [sys.executable, "-I", _CHILD, _ROOT, str(writer), path],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=dict(environ),
                pass_fds=(writer,),
                start_new_session=True,
            )
        finally:
            os.close(writer)
        try:
            answer = _read_line(reader, time.monotonic() + deadline_seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            code = child.wait()
    finally:
        os.close(reader)
    if answer is None:
        sentence = f"it is still being imported after {deadline_seconds:g} s"
        return Probed(path, (_broken(path, sentence),), hung=True)
    if not answer:
        return Probed(path, (_broken(path, f"its import ended the process ({_end(code)})"),))
    return Probed(path, _understood(path, answer))


def _read_line(reader: int, deadline: float) -> bytes | None:
    """Return what was written up to the first line end or the end of it all; None when late."""
    data = b""
    while b"\n" not in data and len(data) < _LARGEST_ANSWER:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return None
        block = os.read(reader, 65536)
        if not block:
            break
        data += block
    return data.partition(b"\n")[0]


def _end(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def _understood(path: str, answer: bytes) -> tuple[TaskClass | BrokenTaskClass, ...]:
    """Return what an answer says. The file may have written it itself, so nothing is trusted."""
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        return (_broken(path, "what it says of itself is no JSON"),)
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        line = document.get("line")
        line = line if isinstance(line, int) and line > 0 else None
        return (_broken(path, document["error"], line),)
    classes = document.get("classes") if isinstance(document, dict) else None
    if not isinstance(classes, list) or not all(isinstance(part, dict) for part in classes):
        return (_broken(path, "what it says of itself cannot be understood"),)
    named = [part for part in classes if part.get("name")]
    if classes and not named:
        return (_broken(path, f"its class {classes[0].get('class_name')} has no `name`"),)
    return tuple(_drop_in(path, part) for part in named)


def _drop_in(path: str, said: Mapping[str, Any]) -> TaskClass | BrokenTaskClass:
    name, class_name = said["name"], said.get("class_name")
    if not isinstance(class_name, str) or not class_name.isidentifier():
        return _broken(path, "what it says of itself cannot be understood")
    if not isinstance(name, str) or not is_safe_name(name):
        shown = ascii(name)[:120]
        return _broken(path, f"{shown} cannot be the name of a task: {ALLOWED_SENTENCE}")
    for key, fits in _SHAPES.items():
        if said.get(key) is not None and not fits(said[key]):
            sentence = f"`{key}` of its class {class_name} must be {_WORDS[key]}"
            return _broken(path, sentence, name=name)
    return TaskClass(
        name=name,
        class_name=class_name,
        path=path,
        description=said.get("description") or "",
        inputs=said.get("inputs") or {},
        outputs=said.get("outputs") or {},
        schema=said.get("schema") or {},
        required_env=tuple(said.get("required_env") or ()),
        network=bool(said.get("network")),
        destructive=bool(said.get("destructive")),
        agent_notes=said.get("agent_notes") or "",
    )


def _broken(
    path: str, sentence: str, line: int | None = None, name: str | None = None
) -> BrokenTaskClass:
    whole = f"the drop-in file {path} cannot be used: {sentence}"
    return BrokenTaskClass(name or guessed_name(path), path, whole, line, _HINT)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(part, str) for part in value.values())


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


_SHAPES = {
    "description": _is_text,
    "inputs": _is_text_map,
    "outputs": _is_text_map,
    "schema": _is_map,
    "required_env": _is_texts,
    "network": _is_switch,
    "destructive": _is_switch,
    "agent_notes": _is_text,
}
_WORDS = {
    "description": "text",
    "inputs": "a mapping of texts",
    "outputs": "a mapping of texts",
    "schema": "a mapping",
    "required_env": "a list of texts",
    "network": "True or False",
    "destructive": "True or False",
    "agent_notes": "text",
}
