"""The exit code of a task's own command; the exit code of the run is Docket's own."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def command_exit_code(details: Mapping[str, Any]) -> int | None:
    """Return the exit code of the command itself; None if it has none."""
    code = details.get("exit_code")
    return code if isinstance(code, int) and not isinstance(code, bool) and code >= 0 else None
