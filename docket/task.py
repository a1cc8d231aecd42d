"""What a Python task is made of: the one import path that task files know."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from docket.data.entries import Collection, State
    from docket.data.queue import Queue

Reporter = Callable[[str, dict[str, Any]], None]


@dataclass
class TaskResult:
    """The result of one run of a task. `details` is anything that JSON can say."""

    ok: bool
    summary: str
    details: dict[str, Any] = field(default_factory=dict)
    dry_run: bool = False


class BaseTask:
    """A task written in Python. Give it a `name` and a `run`; the rest is for those who read it.

    `inputs` and `outputs` name what the task expects and returns, one sentence each. `schema`
    describes the keys of its config: `{"api_url": {"type": "string", "required": True}}`.
    `required_env` names variables without which a run is refused.
    """

    name: ClassVar[str] = ""
    description: ClassVar[str] = ""
    inputs: ClassVar[Mapping[str, str]] = {}
    outputs: ClassVar[Mapping[str, str]] = {}
    schema: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    required_env: ClassVar[list[str]] = []
    network: ClassVar[bool] = False
    destructive: ClassVar[bool] = False

    def run(self, config: dict[str, Any]) -> TaskResult:
        """Do the work and return the result; an exception is a failure."""
        raise NotImplementedError(f"{type(self).__name__} has no run(config)")

    def dry_run(self, config: dict[str, Any]) -> TaskResult:
        """Say what `run` would do, without doing it."""
        del config
        return TaskResult(ok=True, summary=f"Would run {self.name}", dry_run=True)

    def event(self, event: str | Mapping[str, Any], /, **fields: Any) -> None:
        """Record that something happened: its kind and what belongs to it, or one mapping of both.

        `docket events` shows it at once. Outside of Docket nothing happens. May be called from any
        thread.
        """
        if isinstance(event, str):
            document = {"event": event, **fields}
        elif isinstance(event, Mapping):
            document = {**event, **fields}
        else:
            raise TypeError(f"an event is text or a mapping, not {type(event).__name__}")
        _reporting.send("event", document)

    def progress(self, fraction: float | None, message: str = "") -> None:
        """Say how far the run is: a fraction from 0 to 1 (None: not known), and what it is at.

        Call it as often as you like: what comes too fast to be read is left out, the last never.
        A fraction outside of 0 to 1 becomes 0 or 1. Outside of Docket nothing happens.
        """
        document = {"event": "progress", "fraction": _reporting.fraction(fraction)}
        if message:
            document["message"] = str(message)
        _reporting.send("progress", document)

    @property
    def state(self) -> State:
        """The small facts that this task keeps between its runs: `self.state.get("cursor")`."""
        from docket.data import owntask  # noqa: PLC0415  (only tasks that keep something)

        return owntask.state()

    def items(self, collection: str) -> Collection:
        """Return a set of this task's items, each with a value: `self.items("seen").add(id)`."""
        from docket.data import owntask  # noqa: PLC0415  (as above)

        return owntask.collection(collection)

    def queue(self, name: str) -> Queue:
        """Return a queue, which all tasks of this home share.

        `with self.queue("mail").claim() as item:` holds its first item, or None.
        """
        from docket.data import owntask  # noqa: PLC0415  (as above)

        return owntask.queue(name)


class _Reporting:
    """Where events and progress of this process go; nowhere until `report_to` is called."""

    def __init__(self) -> None:
        self.reporter: Reporter | None = None
        self._warned = False

    def send(self, kind: str, document: dict[str, Any]) -> None:
        if self.reporter is not None:
            self.reporter(kind, document)

    def fraction(self, value: float | None) -> float | None:
        """Return what a bar can show of `value`; TypeError if it is not a number."""
        if value is None:
            return None
        if isinstance(value, bool) or not hasattr(value, "__float__"):
            raise TypeError(f"progress() takes a number from 0 to 1, not {type(value).__name__}")
        number = float(value)
        if number != number:  # noqa: PLR0124  (only NaN is not itself)
            return None
        if not 0.0 <= number <= 1.0 and not self._warned:
            self._warned = True
            sys.stderr.write(f"progress({value!r}): the fraction goes from 0 to 1, 40% is 0.4\n")
        return min(max(number, 0.0), 1.0)


_reporting = _Reporting()


def report_to(reporter: Reporter | None) -> None:
    """Have the events and the progress of this process's tasks handed to `reporter`.

    It is called with "event" or "progress" and the mapping. Docket does this in the process of a
    run; a test can do it to see what its task reports, and undo it with None.
    """
    _reporting.reporter = reporter
