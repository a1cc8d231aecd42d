"""The click frame: commands are imported one at a time, and every one takes the shared options."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from docket import __version__
from docket.cli.commandtable import SECTIONS, VERBS
from docket.cli.plaincall import overview
from docket.errors import UsageError
from docket.model.text.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

    from docket.cli.answer import Answer
    from docket.cli.call import Call

SHARED_TITLE = "Options of every command"


class SpokenError(Exception):
    """Parsing ended early with a text for standard output: the help or the version."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Command(click.Command):
    """A command that takes the shared options after its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        own = kwargs.get("params") or []
        kwargs["params"] = [*own, _help_option(), *shared_options()]
        kwargs["add_help_option"] = False
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after the verb; every complaint knows the command that it is about."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options, then those that every command takes."""
        options = [p for p in self.params if isinstance(p, click.Option)]
        own = [option for option in options if not is_shared(option)]
        _write_options("Options", own, ctx, formatter)
        shared = [option for option in options if is_shared(option)]
        _write_options(SHARED_TITLE, shared, ctx, formatter)


class DocketGroup(click.Group):
    """`docket` itself: the table of verbs behind click's interface."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of the help page."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None if there is none of that name."""
        del ctx
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        module = importlib.import_module(f"docket.cli.commands.{verb.module}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` begin with; UsageError with the nearest name else."""
        if args[0] not in VERBS:
            if ctx.resilient_parsing:  # a shell completes a line that is not finished
                return None, None, []
            raise unknown_command(args[0])
        return args[0], self.get_command(ctx, args[0]), args[1:]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the verbs and options that begin with `incomplete`, importing no command."""
        verbs = [
            CompletionItem(verb.name, help=verb.summary)
            for verb in VERBS.values()
            if verb.name.startswith(incomplete)
        ]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, from the table only."""
        del ctx
        widest = max(map(len, VERBS))
        for section in SECTIONS:
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (verb.name.ljust(widest), verb.summary)
                        for verb in VERBS.values()
                        if verb.section == section
                    ]
                )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands first, which are what is looked for, and the options after them."""
        self.format_commands(ctx, formatter)
        options = [p for p in self.params if isinstance(p, click.Option)]
        _write_options("Options", options, ctx, formatter)


def program() -> DocketGroup:
    """Return the command `docket`."""
    return DocketGroup(
        "docket",
        help="Scheduled and on-demand jobs: systemd owns the timing, Docket the execution."
        "\n\nJobs are defined in one YAML file. The shared options may come before or after the "
        "command. Without a command, docket says how the tasks are doing and what to do next.",
        epilog="docket COMMAND --help shows the options of one command.",
        params=[
            *shared_options(),
            click.Option(
                ["--version"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_version,
                help="Print the version.",
            ),
            _help_option(),
        ],
        add_help_option=False,
        invoke_without_command=True,
        no_args_is_help=False,
        callback=_without_command,
    )


def shared_options() -> list[click.Option]:
    """Return the options that are taken before and after every verb."""
    return [
        _shared("--json", "json", "Answer with one JSON document on standard output."),
        _shared("--system", "system", "Work on the system's tasks (as root), not the user's."),
        _shared("--home", "home", "The Docket home to use.  [default: ~/.docket]", metavar="DIR"),
        _shared("--config", "config", "The config file to use.", metavar="FILE"),
        _shared("-v", "verbose", "Say more on standard error; twice says most.", count=True),
    ]


def is_shared(parameter: click.Parameter) -> bool:
    """Whether every command takes `parameter`."""
    return isinstance(parameter, click.Option) and parameter.callback in _REMEMBERING.values()


def unknown_command(name: str) -> UsageError:
    """Return the error for a verb that does not exist, with the nearest one as its hint."""
    if name == "exec":
        return UsageError(
            "exec must be the first word after docket.", hint="docket exec TASK [OPTIONS]"
        )
    near = nearest(name, VERBS)
    hint = f"did you mean: docket {near}" if near else "docket --help lists the commands"
    return UsageError(f"There is no command '{name}'.", hint=hint)


def _shared(
    flag: str, name: str, text: str, *, metavar: str | None = None, count: bool = False
) -> click.Option:
    flags = [flag, "--verbose"] if count else [flag]
    options: dict[str, Any] = {"metavar": metavar} if metavar else {}
    if count:
        options["count"] = True
    elif not metavar:
        options["is_flag"] = True
    return click.Option(
        [*flags, f"shared_{name}"],
        expose_value=False,
        callback=_REMEMBERING[name],
        help=text,
        **options,
    )


def _remembering(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
        call: Call = ctx.obj
        if name == "verbose":
            call.verbose += value or 0
        elif value is not None and value is not False:
            setattr(call, name, value)

    return remember


_REMEMBERING = {
    name: _remembering(name) for name in ("json", "system", "home", "config", "verbose")
}


def _help_option() -> click.Option:
    return click.Option(
        ["-h", "--help"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_print_help,
        help="Print this help.",
    )


def _print_help(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        raise SpokenError(ctx.get_help())


def _print_version(ctx: click.Context, _parameter: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        raise SpokenError(f"docket, version {__version__}")


def _without_command() -> Answer | None:
    ctx = click.get_current_context()
    if ctx.invoked_subcommand is not None:
        return None
    call: Call = ctx.obj
    if call.json:
        raise UsageError("A command is missing.", hint="docket capabilities --json lists them")
    return overview(call)()


def _write_options(
    title: str,
    parameters: list[click.Option],
    ctx: click.Context,
    formatter: click.HelpFormatter,
) -> None:
    records = [record for p in parameters if (record := p.get_help_record(ctx)) is not None]
    if records:
        with formatter.section(title):
            formatter.write_dl([(_flags(left), right) for left, right in records])


def _flags(left: str) -> str:
    """Return click's option column without the brackets newer versions differ in."""
    return re.sub(r"\s+", " ", left)
