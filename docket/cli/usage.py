"""Click's complaints about a command line, as Docket's: one clear sentence and what to do."""

from __future__ import annotations

import click

from docket.errors import UsageError
from docket.model.text.nearest import nearest


def explain(error: click.ClickException) -> UsageError:
    """Return click's error as a UsageError with a hint."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "docket"
    if isinstance(error, click.NoSuchOption):
        return _no_such_option(error, ctx, path)
    if isinstance(error, click.MissingParameter):
        return _missing(error, ctx, path)
    sentence = error.format_message().strip()
    return UsageError(_as_sentence(sentence), hint=f"usage: {_usage_line(ctx)}")


def _no_such_option(error: click.NoSuchOption, ctx: click.Context | None, path: str) -> UsageError:
    known = _known_options(ctx)
    longer = [name for name in known if name.startswith(error.option_name)]
    near = nearest(error.option_name, known) or next(iter(longer), None)
    hint = f"did you mean {near}?" if near else f"{path} --help lists the options"
    return UsageError(f"There is no option {error.option_name} for '{path}'.", hint=hint)


def _missing(error: click.MissingParameter, ctx: click.Context | None, path: str) -> UsageError:
    parameter = error.param
    name = "a value"
    if isinstance(parameter, click.Argument):
        name = parameter.human_readable_name
    elif parameter is not None and parameter.opts:
        name = parameter.opts[0]
    return UsageError(f"'{path}' needs {name}.", hint=f"usage: {_usage_line(ctx)}")


def _known_options(ctx: click.Context | None) -> list[str]:
    if ctx is None:
        return []
    names = [
        name
        for parameter in ctx.command.get_params(ctx)
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    ]
    return sorted(names, key=lambda name: (len(name), name))


def _usage_line(ctx: click.Context | None) -> str:
    if ctx is None:
        return "docket COMMAND"
    pieces = " ".join(ctx.command.collect_usage_pieces(ctx))
    return f"{ctx.command_path} {pieces}".strip()


def _as_sentence(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        return "The command line is wrong."
    return text if text.endswith((".", "!", "?")) else text + "."
