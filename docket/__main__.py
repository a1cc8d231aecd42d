"""The fork in the road: `exec` goes to the runner, everything else to the command line.

`--version` needs neither: it is answered here.
"""

from __future__ import annotations

import os
import sys

from docket import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.paths import Paths


def main() -> int:
    """Run the command line that sys.argv holds and return its exit code."""
    if sys.argv[1:2] == ["exec"]:
        from docket.runner.main import main as run_task  # noqa: PLC0415  (branch before import)

        return run_task(sys.argv[2:], _recompile)
    if sys.argv[1:] == ["--version"] and "_DOCKET_COMPLETE" not in os.environ and _said_version():
        return 0
    _use_site()
    from docket.cli import main as command_line  # noqa: PLC0415  (branch before import)

    return command_line(sys.argv[1:])


def _said_version() -> bool:
    """Print the version; False where standard output takes nothing: the command line says why."""
    if sys.stdout is None:
        return False
    line = f"docket, version {__version__}\n".encode()
    try:
        return os.write(sys.stdout.fileno(), line) == len(line)
    except (OSError, ValueError):
        return False


def mcp() -> int:
    """Serve agents as `docket mcp` does, and return its exit code: the script docket-mcp."""
    from docket.cli import main as command_line  # noqa: PLC0415  (branch before import)

    return command_line(["mcp", *sys.argv[1:]])


def _recompile(task: str, paths: Paths, keep: bool) -> str:
    """Compile `task` anew and return its plan; a child of the runner does, which stays small."""
    _use_site()
    from docket.app.catalog.compilation import recompile  # noqa: PLC0415  (the compiler's named seam)

    return recompile(paths, dict(os.environ), task, keep=keep).to_text()


def _use_site() -> None:
    if sys.flags.no_site:
        import site  # noqa: PLC0415  (left out at start)

        site.main()


if __name__ == "__main__":
    sys.exit(main())
