"""The arguments and options that several commands share."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from docket.cli.answer import Answer, AnswerStream
from docket.cli.call import Call
from docket.cli.clickgroup import Command
from docket.errors import UsageError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])
MOST_ROWS = 1_000_000


def verb(name: str, **settings: Any) -> Callable[[Callable[..., Answer | AnswerStream]], Command]:
    """Make a function the command `name`; it is called with the Call before its own arguments."""

    def wrap(function: Callable[..., Answer | AnswerStream]) -> Command:
        made = click.command(name, cls=Command, **settings)(click.pass_obj(function))
        assert isinstance(made, Command)
        return made

    return wrap


def task_argument(*, required: bool = True) -> Callable[[Decorated], Decorated]:
    """Take one task's name."""
    return click.argument(
        "task",
        metavar="TASK" if required else "[TASK]",
        required=required,
        shell_complete=complete_task_names,
    )


def tasks_argument() -> Callable[[Decorated], Decorated]:
    """Take any number of task names."""
    return click.argument(
        "tasks", metavar="[TASK]...", nargs=-1, shell_complete=complete_task_names
    )


def some_tasks_argument() -> Callable[[Decorated], Decorated]:
    """Take one or more task names."""
    return click.argument(
        "tasks", metavar="TASK...", nargs=-1, required=True, shell_complete=complete_task_names
    )


def require_names_or_all(name: str, tasks: Sequence[str], *, everything: bool) -> None:
    """Refuse a call that names neither tasks nor all of them, or both."""
    if not tasks and not everything:
        raise UsageError(
            f"'docket {name}' needs TASK or --all.",
            hint=f"docket {name} TASK for one task, docket {name} --all for all of them",
        )
    if tasks and everything:
        raise UsageError("TASK and --all exclude each other.", hint="leave one of the two out")


def one_expression(name: str, words: Sequence[str]) -> str:
    """Return the one expression that was meant; many words are one whose quotes are missing."""
    if len(words) == 1:
        return words[0]
    raise UsageError(
        f"'docket {name}' takes one expression, and got {len(words)} words.",
        hint=f"put it in quotes, or the shell takes it apart: docket {name} '0 9 * * 1-5'",
    )


def run_id_argument() -> Callable[[Decorated], Decorated]:
    """Take the id of one run."""
    return click.argument("run_id", metavar="RUN", shell_complete=complete_run_ids)


def run_ids_argument() -> Callable[[Decorated], Decorated]:
    """Take the ids of one or more runs."""
    return click.argument(
        "run_ids", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_run_ids
    )


class KnownWord(click.Choice):
    """One of the words of a closed set; `kind` is what they are called together."""

    def __init__(self, kind: str, words: type[StrEnum]) -> None:
        super().__init__([str(word) for word in words])
        self.kind = kind
        self.words = words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word as a member of the set."""
        from docket.app.runs.refusals import known_word  # noqa: PLC0415  (kept out of --help)

        del param, ctx
        return known_word(self.kind, str(value), self.words)


class SpanOption(click.ParamType):
    """A span of time such as 90, 5min or 1h 30min, in seconds; never below 0."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds of the span."""
        from docket.model.time.span import parse_span  # noqa: PLC0415  (only if one is given)

        try:
            return parse_span(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class InstantOption(click.ParamType):
    """An instant such as `2026-11-20 09:00`, `yesterday` or `2d ago`, in microseconds.

    A span without a direction counts back from now, or forward if `ahead`.
    """

    name = "instant"

    def __init__(self, *, ahead: bool = False) -> None:
        self.ahead = ahead

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the instant; without a zone it is in the machine's."""
        from docket.model.time.instant import read_instant  # noqa: PLC0415  (only if one is given)

        del ctx
        name = param.opts[0] if param is not None else "TIME"
        return read_instant(name, str(value), time.time_ns() // 1000, ahead=self.ahead)


def param_option() -> Callable[[Decorated], Decorated]:
    """Take values for the inputs of a run; `named_values` reads them."""
    return click.option(
        "--param",
        "params",
        metavar="NAME=VALUE",
        multiple=True,
        help="Give the run a value for one of the task's inputs. May be repeated.",
    )


def named_values(params: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return each NAME=VALUE as a pair; UsageError for one that is not."""
    found = []
    for text in params:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--param takes NAME=VALUE, and got {text!r}.", hint="--param folder=/srv/photos"
            )
        found.append((name, value))
    return tuple(found)


def limit_option(default: int, what: str) -> Callable[[Decorated], Decorated]:
    """Take how many rows are wanted at most."""
    return click.option(
        "--limit",
        type=click.IntRange(1, MOST_ROWS),
        default=default,
        metavar="N",
        help=f"Show at most N {what}.  [default: {default}]",
    )


def complete_task_names(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the names of tasks that begin with `incomplete`, for shells."""
    from docket.app.status.list import list_tasks  # noqa: PLC0415  (asked for by shells only)

    found = list_tasks(_call(ctx).session())
    return [
        CompletionItem(task.name, help=task.description)
        for task in found.tasks
        if task.name.startswith(incomplete)
    ]


def complete_run_ids(
    ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the ids of the newest runs that begin with `incomplete`, for shells."""
    from docket.app.history.history import runs  # noqa: PLC0415  (asked for by shells only)

    found = runs(_call(ctx).session(), None, 50)
    return [
        CompletionItem(run.run_id, help=f"{run.task} {run.status}")
        for run in found.runs
        if run.run_id.startswith(incomplete)
    ]


def _call(ctx: click.Context) -> Call:
    call = ctx.find_object(Call)
    return call if call is not None else Call()
