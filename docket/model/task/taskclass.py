"""What is known of a task written in Python without having imported it here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from docket.model.record import Record, field


class Origin(StrEnum):
    """Where a task class comes from; of two with one name, the first in this order wins."""

    BUILT_IN = "built-in"
    ENTRY_POINT = "entry point"
    DROP_IN = "drop-in"

    @property
    def rank(self) -> int:
        """The place in the order; the lowest wins."""
        return list(Origin).index(self)


class TaskClass(Record):
    """One task class, as it describes itself.

    It lies in the drop-in file `path`; if `module` is set it is imported by that name instead
    (a built-in task, an entry point), and `path` is the module's file, "" if it has none.
    `class_name` is the attribute that holds it, with dots if it lies in another class.
    `sources` are the files beside `path` whose change makes it another one.
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
    origin: Origin = Origin.DROP_IN
    package: str = ""  # the name and version of the distribution that an entry point comes from
    sources: tuple[str, ...] = ()
    deletes: Callable[[Mapping[str, Any]], bool] | None = None  # says so from the keys of its entry

    @property
    def place(self) -> str:
        """Where it comes from, as a sentence names it."""
        match self.origin:
            case Origin.BUILT_IN:
                return f"the built-in task {self.name}"
            case Origin.ENTRY_POINT:
                return f"the class {self.module}:{self.class_name} of {self.package}"
            case Origin.DROP_IN:
                return f"the class {self.class_name} in {self.path}"


class BrokenTaskClass(Record):
    """A class that cannot be used; without a `name` its name is guessed.

    `line` counts from 1 and is None if the mistake has no place in the file.
    """

    name: str
    path: str
    sentence: str
    line: int | None = None
    hint: str | None = None
    code: str = "task.broken"
