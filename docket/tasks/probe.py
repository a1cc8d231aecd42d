"""Learns in a confined child which tasks a drop-in file or an entry point holds."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from docket.model.names import ALLOWED_SENTENCE, is_safe_name
from docket.model.record import Record
from docket.model.task.taskclass import BrokenTaskClass, TaskClass
from docket.tasks.targets import DropIn, EntryPoint

DEADLINE_SECONDS = 10.0

_HERE = os.path.dirname(os.path.abspath(__file__))
_CHILD = os.path.join(_HERE, "probe_child.py")
_ROOT = os.path.dirname(os.path.dirname(_HERE))
_LARGEST_ANSWER = 1024 * 1024
_AT_ONCE = 4
_GUARD_SECONDS = 3.0
_ENVIRONMENT = ("HOME", "PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "USER", "LOGNAME", "TMPDIR")
_MOST_FILES = 8


class Probed(Record):
    """The result of one of them: its tasks, and whether it was still running at the deadline."""

    target: DropIn | EntryPoint
    classes: tuple[TaskClass | BrokenTaskClass, ...]
    hung: bool = False


def probe(
    targets: Sequence[DropIn | EntryPoint],
    environ: Mapping[str, str],
    deadline_seconds: float = DEADLINE_SECONDS,
) -> list[Probed]:
    """Return what each of them holds, in order; what cannot be used is a BrokenTaskClass.

    Nothing that they print is seen, and no child outlives its deadline (in seconds). See
    confinement.py for the rest of its limits.
    """
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(lambda target: _probe_one(target, environ, deadline_seconds), targets))


def _probe_one(
    target: DropIn | EntryPoint, environ: Mapping[str, str], deadline_seconds: float
) -> Probed:
    reader, writer = os.pipe()
    cpu = math.ceil(deadline_seconds)
    try:
        try:
            child = subprocess.Popen(
                [sys.executable, "-IS", _CHILD, _ROOT, str(writer), str(cpu), *target.words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={name: environ[name] for name in _ENVIRONMENT if name in environ},
                pass_fds=(writer,),
                start_new_session=True,
            )
        finally:
            os.close(writer)
        try:
            answer = _read_line(reader, time.monotonic() + deadline_seconds)
            if answer == b"":
                _await_end(child)  # its end says why there is no answer
        finally:
            code = _end_of(child)
    finally:
        os.close(reader)
    if not answer and code == -signal.SIGXCPU:
        sentence = f"its import took more than {cpu} s of processor time"
        return Probed(target, (target.broken(sentence),), hung=True)
    if answer is None:
        sentence = f"it is still being imported after {deadline_seconds:g} s"
        return Probed(target, (target.broken(sentence),), hung=True)
    if not answer:
        sentence = f"its import ended the process ({_end(code)})"
        return Probed(target, (target.broken(sentence),))
    return Probed(target, _understood(target, answer))


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


def _await_end(child: subprocess.Popen[bytes]) -> None:
    """Wait a moment for the guard to end; it stays unreaped, so that its number is its own."""
    pidfd = os.pidfd_open(child.pid)
    try:
        select.select([pidfd], [], [], _GUARD_SECONDS)
    finally:
        os.close(pidfd)


def _end_of(child: subprocess.Popen[bytes]) -> int:
    """Let the guard kill all that the import started, and kill what is left of its group."""
    os.kill(child.pid, signal.SIGTERM)
    _await_end(child)
    os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def _end(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


def _understood(
    target: DropIn | EntryPoint, answer: bytes
) -> tuple[TaskClass | BrokenTaskClass, ...]:
    """Return what an answer says. The file may have written it itself, so nothing is trusted."""
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError):
        return (target.broken("its description of itself is not JSON"),)
    if isinstance(document, dict) and isinstance(document.get("error"), str):
        file, line = document.get("file"), document.get("line")
        file = file if isinstance(file, str) and file.startswith("/") else ""
        line = line if isinstance(line, int) and line > 0 else None
        return (target.broken(document["error"], file, line),)
    classes = document.get("classes") if isinstance(document, dict) else None
    if not isinstance(classes, list) or not all(isinstance(part, dict) for part in classes):
        return (target.broken("its description of itself cannot be read"),)
    if isinstance(target, EntryPoint):  # without its own name it gets that of the entry point
        files = _files(document.get("files"))
        return tuple(
            _class(target, {**part, "name": part.get("name") or target.name}, files=files)
            for part in classes[:1]
        )
    named = [part for part in classes if part.get("name")]
    if classes and not named:
        return (target.broken(f"its class {classes[0].get('class_name')} has no `name`"),)
    return tuple(_class(target, part) for part in named)


def _files(said: Any) -> list[str]:
    files = [f for f in said if isinstance(f, str)] if isinstance(said, list) else []
    return [f for f in dict.fromkeys(files) if f.startswith("/") and "\0" not in f][:_MOST_FILES]


def _class(
    target: DropIn | EntryPoint, said: Mapping[str, Any], **more: Any
) -> TaskClass | BrokenTaskClass:
    name, class_name = said["name"], said.get("class_name")
    dotted = class_name.split(".") if isinstance(class_name, str) else [""]
    if not all(part.isidentifier() for part in dotted):
        return target.broken("its description of itself cannot be read")
    if not isinstance(name, str) or not is_safe_name(name):
        shown = ascii(name)[:120]
        return target.broken(f"{shown} cannot be the name of a task: {ALLOWED_SENTENCE}")
    for key, fits in _SHAPES.items():
        if said.get(key) is not None and not fits(said[key]):
            sentence = f"`{key}` of its class {class_name} must be {_WORDS[key]}"
            return target.broken(sentence, name=name)
    return target.good(
        name=name,
        class_name=class_name,
        description=said.get("description") or "",
        inputs=said.get("inputs") or {},
        outputs=said.get("outputs") or {},
        schema=said.get("schema") or {},
        required_env=tuple(said.get("required_env") or ()),
        network=bool(said.get("network")),
        destructive=bool(said.get("destructive")),
        agent_notes=said.get("agent_notes") or "",
        **more,
    )


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
