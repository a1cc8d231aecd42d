"""The one way in: parse, run the command, print its answer, and turn every error into a code."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from docket.app.text.jsonform import document_text
from docket.cli import streams
from docket.cli.answer import Answer, AnswerStream
from docket.cli.call import Call
from docket.cli.plaincall import plain_call
from docket.cli.render.layout.screen import screen_of
from docket.errors import DocketError

if TYPE_CHECKING:
    from docket.cli.render.layout.screen import Screen

EXIT_INTERRUPTED = 130


class InterruptedByUserError(DocketError):
    """Ctrl-C."""

    code = "interrupted"


def main(argv: Sequence[str]) -> int:
    """Run the command line `argv` (without the program's name) and return its exit code."""
    streams.prepare()
    call = Call()
    if "_DOCKET_COMPLETE" in call.environ:
        from docket.cli.completion import complete  # noqa: PLC0415  (asked for by shells only)

        return complete(call)
    arguments = list(argv)
    try:
        return _show(_answer(arguments, call), call)
    except streams.ReaderGoneError:
        streams.discard_output()
        return 1
    except KeyboardInterrupt:
        return _fail(InterruptedByUserError("Interrupted."), arguments, call, EXIT_INTERRUPTED)
    except DocketError as error:
        return _fail(error, arguments, call)
    except Exception as error:  # noqa: BLE001  (the process boundary; the cause is recorded)
        from docket.cli.internal import internal_error  # noqa: PLC0415  (error path)

        return _fail(internal_error(error, call), arguments, call)


def _answer(arguments: list[str], call: Call) -> Answer | AnswerStream | int:
    plain = plain_call(arguments, call)
    if plain is not None:
        return plain()
    from docket.cli.parsing import answer_of  # noqa: PLC0415  (click is dear to load)

    return answer_of(arguments, call)


def _show(answer: Answer | AnswerStream | int, call: Call) -> int:
    if isinstance(answer, int):
        streams.flush()
        return answer
    if isinstance(answer, AnswerStream):
        try:
            streams.write_parts(answer.parts)
        except KeyboardInterrupt:
            if not answer.endless:
                raise
    elif call.json:
        streams.write_text(document_text(answer.document, indented=streams.is_terminal()))
        if answer.warnings and not _holds_warnings(answer.document):
            _complain_beside(answer, call)
    else:
        streams.write_text(answer.text(call.screen()))
        if answer.error is not None:
            from docket.cli.render.errors import error_text  # noqa: PLC0415  (if needed)

            streams.complain(error_text(answer.error, _error_screen(call)))
        if answer.warnings or answer.problems:
            _complain_beside(answer, call)
    if call.notices:
        _complain_beside(Answer(None, str, warnings=tuple(call.notices)), call)
    call.note(f"took {time.monotonic() - call.started:.3f} s")
    return answer.exit_code


def _holds_warnings(document: Any) -> bool:
    return isinstance(document, dict) and "warnings" in document


def _complain_beside(answer: Answer, call: Call) -> None:
    from docket.cli.render.errors import beside_text  # noqa: PLC0415  (if needed)

    streams.complain(beside_text(answer.problems, answer.warnings, _error_screen(call)))


def _fail(error: DocketError, arguments: list[str], call: Call, code: int = 1) -> int:
    """Say what went wrong, in the form that was asked for, and return the exit code."""
    from docket.cli.render.errors import error_text  # noqa: PLC0415  (error path)

    if not wants_json(arguments, call):
        _give_up_output(error)
        streams.complain(error_text(error, _error_screen(call)))
        return code
    try:
        streams.write_text(document_text(error.document(), indented=streams.is_terminal()))
    except streams.ReaderGoneError:
        streams.discard_output()
    except streams.OutputError as second:  # only standard error is left
        _give_up_output(second)
        streams.complain(error_text(second, _error_screen(call)))
    return code


def _give_up_output(error: DocketError) -> None:
    """If standard output fails, buffered text must not fail a second time."""
    if isinstance(error, streams.OutputError):
        streams.discard_output()


def wants_json(arguments: Sequence[str], call: Call) -> bool:
    """Whether `--json` was given, also if the command line broke off before it was reached."""
    before_dashes = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return call.json or "--json" in before_dashes


def _error_screen(call: Call) -> Screen:
    return screen_of(sys.stderr, call.environ, time.time_ns() // 1000)
