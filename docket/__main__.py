"""The entry point: `exec` goes to the runner, everything else to the command line.

`--version` and `--help` need neither: they are answered here.
"""

from __future__ import annotations

import gc
import os
import sys

from docket import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from docket.paths import Paths


# Loading the runner makes thousands of objects and no garbage: not looking for it among them saves
# every job 3 million instructions.
_COLLECTED_AFTER = 50_000


def main() -> int:
    """Run the command line that sys.argv holds and return its exit code."""
    if sys.argv[1:2] == ["exec"]:
        gc.set_threshold(_COLLECTED_AFTER)
        from docket.runner.main import main as run_task  # noqa: PLC0415  (branch before import)

        return run_task(sys.argv[2:], _recompile, _start_followers)
    if "_DOCKET_COMPLETE" not in os.environ and _answered(sys.argv[1:]):
        return 0
    _use_site()
    from docket.cli import main as command_line  # noqa: PLC0415  (branch before import)

    return command_line(sys.argv[1:])


def _answered(words: list[str]) -> bool:
    """Print the version or the help page and return True; False for everything else."""
    if words == ["--version"]:
        return _written(f"docket, version {__version__}\n")
    if words in (["--help"], ["-h"]) and _is_wide():
        from docket.helptext import HELP  # noqa: PLC0415  (asked for)

        return _written(HELP)
    return False


def _is_wide() -> bool:
    """Whether standard output is not a terminal, or is one as wide as the text."""
    if "COLUMNS" in os.environ:
        return False
    try:
        return os.get_terminal_size(1).columns >= 80
    except OSError:
        return True


def _written(text: str) -> bool:
    """Write the text; False if standard output takes nothing: the command line says why."""
    if sys.stdout is None:
        return False
    data = text.encode()
    try:
        return os.write(sys.stdout.fileno(), data) == len(data)
    except (OSError, ValueError):
        return False


def mcp() -> int:
    """Serve agents as `docket mcp` does, and return its exit code: the script docket-mcp."""
    from docket.cli import main as command_line  # noqa: PLC0415  (branch before import)

    return command_line(["mcp", *sys.argv[1:]])


def _recompile(task: str, paths: Paths, keep: bool) -> str:
    """Compile `task` again and return its plan; a child of the runner does, which stays small."""
    _use_site()
    from docket.app.catalog.compilation import recompile  # noqa: PLC0415  (the compiler's named seam)

    return recompile(paths, dict(os.environ), task, keep=keep).to_text()


def _start_followers(task: str, paths: Paths, run_id: str | None) -> int:
    """Start the tasks that follow a run of `task` which is over; they need the whole program."""
    _use_site()
    from docket.app.runs.followers import start_followers  # noqa: PLC0415  (a named seam, as above)

    return start_followers(paths, dict(os.environ), task, run_id)


def _use_site() -> None:
    if sys.flags.no_site:
        import site  # noqa: PLC0415  (left out at start)

        site.main()


if __name__ == "__main__":
    sys.exit(main())
