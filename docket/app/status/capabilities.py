"""What an agent reads first: the version, the places, the commands and the tasks, in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from docket import __version__
from docket.app.catalog.lookup import built_in_names, config_or_none_yet, shown_names
from docket.app.session.session import Session
from docket.app.status.taskdocument import brief_document
from docket.app.text import schemafiles
from docket.model.problem import Problem
from docket.model.record import Record
from docket.model.task.task import Config

if TYPE_CHECKING:
    from docket.app.status.agentshapes import (
        BriefFormDocument,
        CapabilitiesDocument,
        CommandDocument,
        FormDocument,
        MoreDocument,
        ParameterDocument,
    )

AGENT_CONTRACT_VERSION = 1
EXIT_CODES: Mapping[int, str] = {
    0: "Success; so is a run skipped by once_per.",
    1: "A failure of any kind: a failed run, a wrong command line, a config that cannot be used.",
    2: "A dry run completed.",
    130: "Interrupted by Ctrl-C, or the run was cancelled.",
}
# The command that says more of each thing.
_MORE: MoreDocument = {
    "command": "docket capabilities --command NAME",
    "task": "docket describe TASK",
    "task_schema": "docket schema task TASK",
    "input_schema": "docket schema input COMMAND",
    "output_schema": "docket schema output NAME",
    "config_schema": "docket schema config",
    "error_codes": "docket schema errors",
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

    def document(self) -> ParameterDocument:
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


class CommandForm(Record):
    """One way to call a command; `agent_use` says when an agent does so.

    `output` and `lines` name the schemas of its answer and, if it is followed, of each line.
    """

    name: str
    summary: str
    agent_use: str
    output: str = ""
    lines: str = ""
    exit_codes: tuple[int, ...] = (0, 1)

    def brief(self) -> BriefFormDocument:
        """Return the form as an element of `commands` in `docket capabilities --json`."""
        return {
            "name": self.name,
            "summary": self.summary,
            "agent_use": self.agent_use,
            "json": bool(self.output or self.lines),
        }

    def document(self) -> FormDocument:
        """Return the form with its schemas and exit codes."""
        return {
            **self.brief(),
            "output_schema": schemafiles.reference("output", self.output),
            "line_schema": schemafiles.reference("output", self.lines),
            "exit_codes": list(self.exit_codes),
        }


class CommandDetail(Record):
    """One command in full: every form, argument and option; `shared` options fit every command."""

    name: str
    help: str
    usage: str
    forms: tuple[CommandForm, ...]
    arguments: tuple[ParameterSummary, ...]
    options: tuple[ParameterSummary, ...]
    shared: tuple[ParameterSummary, ...]

    def document(self) -> CommandDocument:
        """Return the command as `docket capabilities --command NAME --json` prints it."""
        return {
            "command": self.name,
            "help": self.help,
            "usage": self.usage,
            "forms": [form.document() for form in self.forms],
            "arguments": [argument.document() for argument in self.arguments],
            "options": [option.document() for option in self.options],
            "shared_options": [option.document() for option in self.shared],
            "input_schema": schemafiles.reference("input", self.name),
        }


class Capabilities(Record):
    """What this Docket can do here. A broken task is in `broken` and not among the tasks."""

    config: Config
    forms: Sequence[CommandForm]

    @property
    def broken(self) -> tuple[Problem, ...]:
        """What is wrong with tasks that cannot be used."""
        return tuple(problem for problem in self.config.problems if problem.task is not None)

    def document(self) -> CapabilitiesDocument:
        """Return the capabilities as `docket capabilities --json` prints them."""
        config = self.config
        names = [name for name in shown_names(config) if name in config.tasks]
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
            "more": _MORE,
            "exit_codes": {str(code): meaning for code, meaning in EXIT_CODES.items()},
            "commands": [form.brief() for form in self.forms],
            "tasks": [brief_document(config.tasks[name]) for name in names],
            "built_in": [name for name in built_in_names(config) if name not in names],
            "problems": [problem.document() for problem in self.broken],
        }


def capabilities(session: Session, forms: Sequence[CommandForm]) -> Capabilities:
    """Return what can be done here; `forms` are the ways to call the command line.

    Raises ConfigError.
    """
    return Capabilities(config_or_none_yet(session), forms)
