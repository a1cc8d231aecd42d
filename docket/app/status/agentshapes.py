"""The shapes of what `capabilities` answers."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from docket.app.text.shapes import SchemaReferenceDocument
from docket.model.jsonkinds import JsonObject, Rule
from docket.model.shapes import ProblemDocument


class BriefTaskDocument(TypedDict):
    """What a task is, in short."""

    name: Annotated[str, "The task."]
    description: Annotated[str, "What it does."]
    agent_notes: Annotated[str, "What agents should know."]
    inputs: Annotated[dict[str, str], "What it takes: the description of each input."]
    outputs: Annotated[dict[str, str], "What it returns: the description of each output."]
    schema: Annotated[JsonObject, "The task's own rules for its config keys."]
    required_env: Annotated[list[str], "Environment variables that must be set."]
    destructive: Annotated[bool, "Whether it may delete, overwrite or spend."]
    network: Annotated[bool, "Whether it uses the network."]
    configured: Annotated[bool, "Whether the config has an entry for it."]
    config: Annotated[JsonObject, "The entry as written, with every secret replaced."]


class BriefFormDocument(TypedDict):
    """One way to call a command, in short."""

    name: Annotated[str, "The command as it is called."]
    summary: Annotated[str, "What it does."]
    agent_use: Annotated[str, "When an agent calls it; empty if agents do not call it."]
    json: Annotated[bool, "Whether it answers in JSON."]


class PlacesDocument(TypedDict):
    """Where everything is."""

    state_dir: Annotated[str, "The database of runs."]
    tasks_dir: Annotated[str, "The directory of drop-in tasks."]
    logs_dir: Annotated[str, "The directory of logs."]
    path: Annotated[str, "The config."]


class MoreDocument(TypedDict):
    """The commands that say more."""

    command: Annotated[str, "Of one command: options, exit codes and schemas."]
    task: Annotated[str, "Of one task: how it is run, and its present state."]
    task_schema: Annotated[str, "The JSON Schema of what a task takes."]
    input_schema: Annotated[str, "The JSON Schema of what a command takes."]
    output_schema: Annotated[str, "The JSON Schema of an answer."]
    config_schema: Annotated[str, "The JSON Schema of the config."]
    error_codes: Annotated[str, "Every value of error_code, with its meaning."]


class CapabilitiesDocument(TypedDict):
    """What this Docket can do here."""

    tool: Annotated[Literal["docket"], "Always docket."]
    version: Annotated[str, "The version of Docket."]
    agent_contract_version: Annotated[
        int, "It stays the same until a key is removed or changes its type."
    ]
    config: Annotated[PlacesDocument, "Where everything is."]
    more: Annotated[MoreDocument, "The commands that say more."]
    exit_codes: Annotated[dict[str, str], "What each exit code means."]
    commands: Annotated[list[BriefFormDocument], "Every way to call a command."]
    tasks: Annotated[list[BriefTaskDocument], "Every task that can be used."]
    built_in: Annotated[list[str], "Built-in tasks that the config has no entry for."]
    problems: Annotated[list[ProblemDocument], "What is wrong with the other tasks."]


class FormDocument(BriefFormDocument):
    """One way to call a command."""

    output_schema: Annotated[SchemaReferenceDocument | None, "Its answer with --json."]
    line_schema: Annotated[SchemaReferenceDocument | None, "Each line, if it answers in lines."]
    exit_codes: Annotated[list[int], "The exit codes that it ends with."]


class ParameterDocument(TypedDict):
    """One argument or option of a command."""

    name: Annotated[str, "Its name in programs."]
    flags: Annotated[list[str], "Its spellings on the command line; empty for an argument."]
    type: Annotated[
        str,
        Rule(enum=["flag", "text", "integer", "number", "choice", "span", "instant", "path"]),
        "What it takes.",
    ]
    required: Annotated[bool, "Whether it must be given."]
    many: Annotated[bool, "Whether it may be given several times."]
    default: Annotated[str | float | bool | None, "Its value if it is not given."]
    choices: Annotated[list[str], "The words that it takes; empty if it takes others too."]
    help: Annotated[str, "What it does."]
    metavar: Annotated[str, "The name of its value in the usage."]
    minimum: Annotated[float | None, "The least number that it takes."]
    maximum: Annotated[float | None, "The greatest number that it takes."]


class CommandDocument(TypedDict):
    """One command in full."""

    command: Annotated[str, "The command."]
    help: Annotated[str, "What it does."]
    usage: Annotated[str, "How it is called."]
    forms: Annotated[list[FormDocument], "Every way to call it."]
    arguments: Annotated[list[ParameterDocument], "Its arguments, in order."]
    options: Annotated[list[ParameterDocument], "Its own options."]
    shared_options: Annotated[list[ParameterDocument], "The options of every command."]
    input_schema: Annotated[SchemaReferenceDocument | None, "What it takes."]
