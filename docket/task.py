"""What a Python task is made of: the one import path that task files know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass
class TaskResult:
    """What one run of a task came to. `details` is anything that JSON can say."""

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
        """Do the work and return what came of it; an exception is a failure."""
        raise NotImplementedError(f"{type(self).__name__} has no run(config)")

    def dry_run(self, config: dict[str, Any]) -> TaskResult:
        """Say what `run` would do, without doing it."""
        del config
        return TaskResult(ok=True, summary=f"Would run {self.name}", dry_run=True)
