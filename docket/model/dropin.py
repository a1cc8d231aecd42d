"""What is known of a drop-in Python task without having imported its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class DropIn:
    """One task class of a drop-in file, as the class describes itself."""

    name: str
    class_name: str
    path: str
    description: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    required_env: tuple[str, ...] = ()
    network: bool = False
    destructive: bool = False
    agent_notes: str = ""


@dataclass(frozen=True, slots=True)
class BrokenDropIn:
    """A drop-in file whose tasks cannot be used; `name` is guessed from the file's own name.

    `line` counts from 1 and is None where the mistake has no place in the file.
    """

    name: str
    path: str
    sentence: str
    line: int | None = None
    hint: str | None = None
    code: str = "task.broken"
