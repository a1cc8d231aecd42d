"""The fork in the road: `exec` goes to the runner, everything else to the command line."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.paths import Paths


def exec_command() -> list[str]:
    """Return the words that start `docket exec` of this very installation, all absolute.

    Isolated mode keeps a task's PYTHONPATH out of the runner; leaving `site` out saves a fifth of
    the start.
    """
    return [sys.executable, "-IS", _launcher(), "exec"]


def main() -> int:
    """Run the command line that sys.argv holds and return its exit code."""
    if sys.argv[1:2] == ["exec"]:
        from docket.runner.main import main as run_task  # noqa: PLC0415  (branch before import)

        return run_task(sys.argv[2:], _recompile)
    _use_site()
    from docket.cli import main as command_line  # noqa: PLC0415  (branch before import)

    return command_line(sys.argv[1:])


def _recompile(task: str, paths: Paths) -> None:
    """Compile `task` anew; the runner calls this in a child, so that it stays as small as it is."""
    _use_site()
    from docket.app.compiling import recompile  # noqa: PLC0415  (the compiler's named seam)

    recompile(paths, dict(os.environ), task)


def _use_site() -> None:
    if sys.flags.no_site:
        import site  # noqa: PLC0415  (left out at start)

        site.main()


def _launcher() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "libexec", "docket")


if __name__ == "__main__":
    sys.exit(main())
