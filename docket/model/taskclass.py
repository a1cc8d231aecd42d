"""What is known of a task written in Python without having imported it here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TaskClass:
    """One task class, as it describes itself.

    It lies in the drop-in file `path`; where `module` is set it is imported by that name instead
    (a built-in task, an entry point), and `path` is the module's file, "" where it has none.
    """

    name: str
    class_name: str
    path: str
    module: str = ""
    description: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    required_env: tuple[str, ...] = ()
    network: bool = False
    destructive: bool = False
    agent_notes: str = ""


@dataclass(frozen=True, slots=True)
class BrokenTaskClass:
    """A file whose tasks cannot be used; `name` is guessed from the file's own name.

    `line` counts from 1 and is None where the mistake has no place in the file.
    """

    name: str
    path: str
    sentence: str
    line: int | None = None
    hint: str | None = None
    code: str = "task.broken"
