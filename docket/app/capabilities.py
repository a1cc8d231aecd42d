"""What an agent reads first: the version, the places, the commands and every task's contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from docket import __version__
from docket.app.describing import task_document
from docket.app.lookup import config_or_none_yet, known_names
from docket.app.session import Session
from docket.model.task import Config, Problem

AGENT_CONTRACT_VERSION = 1


@dataclass(frozen=True, slots=True)
class CommandSummary:
    """One command as agents are told of it; `agent_use` says when an agent calls it."""

    name: str
    summary: str
    agent_use: str
    json: bool = True

    def document(self) -> dict[str, Any]:
        """Return the command as a JSON object."""
        return {
            "name": self.name,
            "summary": self.summary,
            "agent_use": self.agent_use,
            "json": self.json,
        }


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that this Docket can do here. A broken task is among `broken`, not among the tasks."""

    config: Config
    commands: tuple[CommandSummary, ...]

    @property
    def broken(self) -> tuple[Problem, ...]:
        """What is wrong with tasks that cannot be used."""
        return tuple(problem for problem in self.config.problems if problem.task is not None)

    def document(self) -> dict[str, Any]:
        """Return the capabilities as `docket capabilities --json` prints them."""
        config = self.config
        tasks = [config.tasks[name] for name in known_names(config) if name in config.tasks]
        return {
            "tool": "docket",
            "version": __version__,
            "agent_contract_version": AGENT_CONTRACT_VERSION,
            "config": {
                "state_dir": config.state_db,
                "tasks_dir": config.task_dir,
                "logs_dir": config.log_dir,
                "path": config.path,
            },
            "commands": [command.document() for command in self.commands],
            "tasks": [task_document(task) for task in tasks],
            "problems": [problem.document() for problem in self.broken],
        }


def capabilities(session: Session, commands: Sequence[CommandSummary]) -> Capabilities:
    """Return what can be done here; `commands` is the command line's own table.

    Raises ConfigError.
    """
    return Capabilities(config_or_none_yet(session), tuple(commands))
