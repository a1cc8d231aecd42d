"""Reads a command line with click, and runs the command that it names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from docket.cli import streams
from docket.cli.answer import Answer, AnswerStream
from docket.cli.clickgroup import SpokenError, program
from docket.cli.usage import explain

if TYPE_CHECKING:
    from docket.cli.call import Call


def answer_of(arguments: Sequence[str], call: Call) -> Answer | AnswerStream | int:
    """Return the answer of the command, or the exit code if it only printed a help text."""
    group = program()
    try:
        with group.make_context("docket", list(arguments), obj=call) as ctx:
            answer = group.invoke(ctx)
    except SpokenError as spoken:
        streams.write_text(spoken.text)
        return 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, EOFError):
        raise KeyboardInterrupt from None
    except click.ClickException as error:
        raise explain(error) from None
    return answer if isinstance(answer, (Answer, AnswerStream)) else 0
