"""Writes to standard output and standard error, also if they fail."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from typing import Any

from docket.errors import DocketError

_CLOSED = (errno.EPIPE, errno.ECONNRESET)


class OutputError(DocketError):
    """Standard output takes no more: the disk is full, or it was closed from the start."""

    code = "output.failed"


class ReaderGoneError(Exception):
    """The reader of standard output is gone; there is nobody to tell."""


def prepare() -> None:
    """Let both streams write any text at all: what their encoding lacks is written as an escape."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            with contextlib.suppress(OSError, ValueError):
                reconfigure(errors="backslashreplace")


def is_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout is not None and not sys.stdout.closed and sys.stdout.isatty()


def write_text(text: str) -> None:
    """Write `text` and a final newline to standard output and flush it."""
    if not text:
        return
    _write(text if text.endswith("\n") else text + "\n")
    flush()


def write_parts(parts: Iterable[bytes]) -> None:
    """Write bytes as they come; an empty part flushes, so that a reader waits for nothing."""
    stream = _stdout()
    raw = getattr(stream, "buffer", None)
    for part in parts:
        if not part:
            flush()
        elif raw is not None:
            _guarded(raw.write, part)
        else:
            _write(part.decode(errors="backslashreplace"))
    flush()


def flush() -> None:
    """Hand everything written so far to the operating system."""
    _guarded(_stdout().flush)


def complain(text: str) -> None:
    """Write to standard error; a failing stream is not an error."""
    if sys.stderr is None:
        return
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write(text if text.endswith("\n") else text + "\n")
        sys.stderr.flush()


def discard_output() -> None:
    """Point standard output at nothing, so that the interpreter's own last flush cannot fail."""
    if sys.stdout is None:
        return
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


def _write(text: str) -> None:
    _guarded(_stdout().write, text)


def _stdout() -> Any:
    if sys.stdout is None:
        raise OutputError("Standard output is closed, so the answer could not be given.")
    return sys.stdout


def _guarded(action: Any, *arguments: Any) -> None:
    try:
        action(*arguments)
    except OSError as error:
        if error.errno in _CLOSED:
            raise ReaderGoneError from None
        raise OutputError(
            f"The answer could not be written to standard output: {error.strerror or error}.",
            hint="free some space, or send the output elsewhere",
        ) from None
    except ValueError:  # the stream object was closed
        raise OutputError("Standard output is closed, so the answer could not be given.") from None
