"""Unforeseen errors: one sentence for the user, the traceback into a private file."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from datetime import UTC, datetime

from docket import __version__
from docket.cli.call import Call
from docket.errors import DocketError, ToolMissingError
from docket.files import write_whole

REPORT = "last-error.txt"


class InternalError(DocketError):
    """A fault of Docket's own."""

    code = "internal"


def internal_error(error: BaseException, call: Call) -> DocketError:
    """Return the error to show for an unforeseen one; its traceback is kept in a 0600 file."""
    from docket.app.text.redaction import redact_text  # noqa: PLC0415  (only after a fault)

    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("docket"):
        return ToolMissingError(
            f"Docket needs the Python library '{error.name}', which is not installed.",
            hint="install Docket again with everything that it needs",
        )
    trace = redact_text("".join(traceback.format_exception(error)))
    if call.environ.get("DOCKET_DEBUG") == "1" and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(trace)
    sentence = f"Something went wrong inside Docket ({type(error).__name__})."
    path = _report(trace, call)
    if path is None:
        return InternalError(sentence, hint="DOCKET_DEBUG=1 in the environment shows where")
    return InternalError(
        sentence, hint=f"please report it with the contents of {path}", report=path
    )


def _report(trace: str, call: Call) -> str | None:
    """Write the traceback whole into the home; None if that cannot be done."""
    try:
        path = os.path.join(call.paths().home, REPORT)
        now = datetime.now(tz=UTC).isoformat()
        text = f"docket {__version__}, Python {sys.version.split()[0]}, {now}\n{trace}"
        write_whole(path, text.encode(errors="backslashreplace"))
    except (OSError, ValueError, DocketError):
        return None
    return path
