"""What an agent reads first: the version, the places, the commands and every task's contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from docket import __version__
from docket.app import schemafiles
from docket.app.describing import task_document
from docket.app.lookup import config_or_none_yet, known_names
from docket.app.session import Session
from docket.model.record import Record, field
from docket.model.task import Config, Problem

AGENT_CONTRACT_VERSION = 1
EXIT_CODES: Mapping[int, str] = {
    0: "Success; a run that a guard skipped counts as one.",
    1: "A failure of any kind: a failed run, a wrong command line, a config that cannot be used.",
    2: "A dry run completed.",
    130: "Interrupted by Ctrl-C, or the run was cancelled.",
}


class ParameterSummary(Record):
    """One argument or option of a command; `flags` are empty for an argument."""

    name: str
    flags: tuple[str, ...]
    kind: str  # flag, text, integer, number, choice, span, instant, path
    required: bool
    many: bool
    default: Any
    choices: tuple[str, ...]
    help: str
    metavar: str
    minimum: float | None = None
    maximum: float | None = None

    def document(self) -> dict[str, Any]:
        """Return the parameter as a JSON object."""
        return {
            "name": self.name,
            "flags": list(self.flags),
            "type": self.kind,
            "required": self.required,
            "many": self.many,
            "default": self.default,
            "choices": list(self.choices),
            "help": self.help,
            "metavar": self.metavar,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }


class CommandSummary(Record):
    """One way to call a command; `agent_use` says when an agent does so.

    `output` and `lines` name the schemas of its answer and, where it is followed, of each line.
    """

    name: str
    summary: str
    agent_use: str
    command: str = ""
    usage: str = ""
    arguments: tuple[ParameterSummary, ...] = ()
    options: tuple[ParameterSummary, ...] = ()
    output: str = ""
    lines: str = ""
    exit_codes: tuple[int, ...] = (0, 1)

    def document(self) -> dict[str, Any]:
        """Return the command as a JSON object."""
        return {
            "name": self.name,
            "summary": self.summary,
            "agent_use": self.agent_use,
            "json": bool(self.output or self.lines),
            "command": self.command,
            "usage": self.usage,
            "arguments": [argument.document() for argument in self.arguments],
            "options": [option.document() for option in self.options],
            "input_schema": schemafiles.reference("input", self.command),
            "output_schema": schemafiles.reference("output", self.output),
            "line_schema": schemafiles.reference("output", self.lines),
            "exit_codes": list(self.exit_codes),
        }


class CommandLine(Record):
    """The whole command line: every way to call it, and the options that all of them take."""

    commands: tuple[CommandSummary, ...]
    options: tuple[ParameterSummary, ...] = ()


class Capabilities(Record):
    """All that this Docket can do here. A broken task is among `broken`, not among the tasks."""

    config: Config
    command_line: CommandLine
    codes: Sequence[str] = field(default_factory=tuple)

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
            "commands": [command.document() for command in self.command_line.commands],
            "options": [option.document() for option in self.command_line.options],
            "exit_codes": {str(code): meaning for code, meaning in EXIT_CODES.items()},
            "error_schema": schemafiles.reference("output", "error"),
            "error_codes": list(self.codes),
            "schemas": schemafiles.document(),
            "tasks": [task_document(task) for task in tasks],
            "problems": [problem.document() for problem in self.broken],
        }


def capabilities(session: Session, command_line: CommandLine) -> Capabilities:
    """Return what can be done here; `command_line` is told by the command line itself.

    Raises ConfigError.
    """
    codes = tuple(code.code for code in schemafiles.error_codes())
    return Capabilities(config_or_none_yet(session), command_line, codes)
