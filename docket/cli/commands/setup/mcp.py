"""`docket mcp`: the server of the Model Context Protocol, for agents."""

from __future__ import annotations

import os
import sys
from importlib.metadata import PackageNotFoundError, version

from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.internal import internal_error
from docket.cli.parameters import verb
from docket.cli.selfdescription import forms
from docket.cli.streams import complain
from docket.errors import ExtraMissingError, UsageError
from docket.libraries import how_to_add

_SUPPORTED = 2  # the major version of the SDK
_SDK = "mcp>=2,<3"


@verb("mcp")
def command(call: Call) -> Answer:
    """Serve agents over the Model Context Protocol, at standard input and output.

    An agent starts this by itself, from its own config; docs/mcp.md shows how. docket-mcp is the
    same. It ends when its standard input does.
    """
    _refuse_without_sdk()
    _refuse_without_streams()
    from docket.mcp.server import serve  # noqa: PLC0415  (brings the SDK)
    from docket.mcp.toolcall import ServerContext  # noqa: PLC0415  (only if there is an SDK)

    code = serve(
        ServerContext(
            call.session().replace(tool="mcp"),
            forms(),
            lambda error: internal_error(error, call),
        )
    )
    sys.stderr.flush()
    os._exit(code)  # threads that wait for runs would hold up an orderly end


def _refuse_without_streams() -> None:
    try:
        for number in (0, 1):
            os.fstat(number)
    except OSError:
        raise UsageError(
            "docket mcp speaks over standard input and output, and one of them is closed.",
            hint="An agent starts it by itself; docs/mcp.md shows how.",
        ) from None
    if os.isatty(0):
        complain("docket: an agent is expected at standard input; Ctrl-C ends this.")


def _refuse_without_sdk() -> None:
    hint = how_to_add(_SDK, None)
    try:
        found = version("mcp")
    except PackageNotFoundError:
        raise ExtraMissingError(
            "docket mcp needs the Python SDK of the Model Context Protocol,"
            " which is not installed.",
            hint=hint,
        ) from None
    if found.partition(".")[0] != str(_SUPPORTED):
        raise ExtraMissingError(
            f"docket mcp works with version {_SUPPORTED} of the library mcp, not with {found}.",
            hint=hint,
        )
