"""`docket schema`: the JSON Schemas of the config, of inputs and of answers."""

from __future__ import annotations

import json

import click
from click.shell_completion import CompletionItem

from docket.app.editing.configure import schema_text
from docket.app.status.list import list_tasks
from docket.app.text.schemafiles import output_names, output_schema
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import complete_task_names, verb
from docket.cli.render.errorcodes import codes_text
from docket.cli.selfdescription import input_names, input_schema
from docket.errorcodes import codes_and_causes
from docket.errors import UsageError

_KINDS = ("config", "errors", "input", "output", "task")


def _complete(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    match tuple(ctx.params.get("what") or ()):
        case ("output",):
            names: list[str] = output_names()
        case ("input",):
            names = input_names()
        case ("task",):
            return complete_task_names(ctx, parameter, incomplete)
        case _:
            names = list(_KINDS)
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@verb("schema")
@click.argument("what", metavar="[KIND [NAME]]", nargs=-1, shell_complete=_complete)
def command(call: Call, what: tuple[str, ...]) -> Answer:
    """Print a JSON Schema: of the config, of what commands and tasks take, or of what is answered.

    KIND is config (also without KIND), input COMMAND, task TASK or output NAME; without a name the
    last three list the names. docket schema errors prints every error code with its meaning.
    """
    match what:
        case () | ("config",):
            return _text(schema_text())
        case ("errors",):
            codes = codes_and_causes()
            document = [code.document() for code in codes]
            return Answer(document, lambda screen: codes_text(codes, screen))
        case (kind,) if kind in _KINDS:
            names = _names(call, kind)
            return Answer(names, lambda _screen: "\n".join(names))
        case (kind, name) if kind in _KINDS:
            return _text(_schema(call, kind, name))
        case _:
            raise _refusal(what)


def _names(call: Call, kind: str) -> list[str]:
    if kind == "task":
        return [task.name for task in list_tasks(call.session()).tasks]
    return output_names() if kind == "output" else input_names()


def _schema(call: Call, kind: str, name: str) -> str:
    match kind:
        case "output":
            return output_schema(name)
        case "input":
            return json.dumps(input_schema(name), indent=2)
        case "task":
            from docket.app.catalog.taskschemas import task_schema  # noqa: PLC0415  (brings yaml)

            return json.dumps(task_schema(call.session(), name), indent=2)
        case _:
            raise _refusal((kind, name))


def _text(text: str) -> Answer:
    return Answer(json.loads(text), lambda _screen: text)


def _refusal(what: tuple[str, ...]) -> UsageError:
    return UsageError(
        f"There is no schema '{' '.join(what)}'.",
        hint="docket schema config, output NAME, input COMMAND, task TASK, or errors",
    )
