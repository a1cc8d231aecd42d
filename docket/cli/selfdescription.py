"""The command line as data: its commands with their arguments and options."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import click

from docket.app.status.capabilities import CommandDetail, CommandForm, ParameterSummary
from docket.app.text.schemafiles import no_schema, output_names
from docket.cli.call import Call
from docket.cli.clickgroup import is_shared, program, shared_options, unknown_command
from docket.cli.commandtable import USAGES, VERBS, Usage
from docket.cli.parameters import InstantOption, SpanOption

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DEFAULT_IN_HELP = re.compile(r"\s*\[default: [^]]*\]")
_KINDS: tuple[tuple[type[click.ParamType], str], ...] = (
    (click.Choice, "choice"),
    (click.IntRange, "integer"),
    (type(click.INT), "integer"),
    (type(click.FLOAT), "number"),
    (click.FloatRange, "number"),
    (SpanOption, "span"),
    (InstantOption, "instant"),
    (click.Path, "path"),
)
_RANGES = (click.IntRange, click.FloatRange)
_JSON_TYPES = {"flag": "boolean", "integer": "integer", "number": "number"}


def forms() -> tuple[CommandForm, ...]:
    """Return every way to call every command; no command is imported for it."""
    listed = {form.name.split()[0] for form in USAGES}
    rest = [
        Usage(verb.name, verb.summary, "") for verb in VERBS.values() if verb.name not in listed
    ]
    names = frozenset(output_names())
    return tuple(_form(form, names) for form in (*USAGES, *rest))


def command_detail(name: str) -> CommandDetail:
    """Return one command in full; UsageError if there is no such command."""
    command = _known(name)
    own = _own(command)
    ctx = click.Context(command, info_name=f"docket {name}")
    return CommandDetail(
        name=name,
        help=inspect.cleandoc(command.help or ""),
        usage=" ".join([ctx.command_path, *command.collect_usage_pieces(ctx)]),
        forms=tuple(form for form in forms() if form.name.split()[0] == name),
        arguments=_parameters(p for p in own if isinstance(p, click.Argument)),
        options=_parameters(p for p in own if isinstance(p, click.Option)),
        shared=_parameters(shared_options()),
    )


def help_text(name: str | None) -> str:
    """Return the help page of the program, or of one command; UsageError for an unknown one."""
    group = program()
    ctx = click.Context(group, info_name="docket", obj=Call())
    if name is None:
        return group.get_help(ctx)
    command = _known(name)
    return command.get_help(click.Context(command, info_name=name, parent=ctx))


def input_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of what a command takes; UsageError if there is no such command."""
    if name not in VERBS:
        raise no_schema("input", name, list(VERBS))
    parameters = [_parameter(parameter) for parameter in _own(_known(name))]
    return {
        "$schema": _DIALECT,
        "title": f"What docket {name} takes",
        "description": VERBS[name].summary,
        "type": "object",
        "properties": {parameter.name: _property(parameter) for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
    }


def input_names() -> list[str]:
    """Return the names of the commands, each of which has a schema of what it takes."""
    return sorted(VERBS)


def _form(form: Usage, names: frozenset[str]) -> CommandForm:
    verb = form.name.split()[0]
    return CommandForm(
        name=form.name,
        summary=form.summary,
        agent_use=form.agent_use,
        output=form.output if form.output is not None else verb if verb in names else "",
        lines=form.lines,
        exit_codes=form.exit_codes,
    )


def _known(name: str) -> click.Command:
    if name not in VERBS:
        raise unknown_command(name)
    group = program()
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return command


def _own(command: click.Command) -> list[click.Parameter]:
    return [
        parameter
        for parameter in command.params
        if not is_shared(parameter) and "--help" not in parameter.opts
    ]


def _parameters(parameters: Iterable[click.Parameter]) -> tuple[ParameterSummary, ...]:
    return tuple(_parameter(parameter) for parameter in parameters)


def _parameter(parameter: click.Parameter) -> ParameterSummary:
    is_option = isinstance(parameter, click.Option)
    kind = parameter.type
    default = parameter.default
    return ParameterSummary(
        name=_name(parameter),
        flags=(*parameter.opts, *parameter.secondary_opts) if is_option else (),
        kind=_kind(parameter),
        required=parameter.required,
        many=parameter.multiple or parameter.nargs == -1,
        default=default if isinstance(default, (str, int, float, bool)) else None,
        choices=tuple(map(str, kind.choices)) if isinstance(kind, click.Choice) else (),
        help=_help(parameter),
        metavar=parameter.metavar or ("" if _kind(parameter) == "flag" else _name(parameter)),
        minimum=kind.min if isinstance(kind, _RANGES) else None,
        maximum=kind.max if isinstance(kind, _RANGES) else None,
    )


def _name(parameter: click.Parameter) -> str:
    """Return the name that a program gives: the longest flag as a word, or the argument's."""
    if not isinstance(parameter, click.Option):
        return str(parameter.name)
    return max(parameter.opts, key=len).lstrip("-").replace("-", "_")


def _kind(parameter: click.Parameter) -> str:
    if isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count):
        return "flag" if parameter.is_flag else "integer"
    return next((word for kind, word in _KINDS if isinstance(parameter.type, kind)), "text")


def _help(parameter: click.Parameter) -> str:
    text = getattr(parameter, "help", None) or ""
    return _DEFAULT_IN_HELP.sub("", text)


def _property(parameter: ParameterSummary) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _JSON_TYPES.get(parameter.kind, "string")}
    if parameter.choices:
        schema["enum"] = list(parameter.choices)
    for bound in ("minimum", "maximum"):
        if getattr(parameter, bound) is not None:
            schema[bound] = getattr(parameter, bound)
    if parameter.many:
        schema = {"type": "array", "items": schema}
        if parameter.required:
            schema["minItems"] = 1
    if parameter.help:
        schema["description"] = parameter.help
    if parameter.default is not None:
        schema["default"] = parameter.default
    return schema
