"""What the older program printed and this one does not, each with the decision behind it.

Everything else that it printed is here, with the same type.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Departure(NamedTuple):
    """Where a difference may be: patterns of the step and of the path, and why."""

    step: str
    path: str
    reason: str

    def covers(self, step: str, path: str) -> bool:
        """Whether this is the value at `path` of the answer to `step`."""
        return bool(re.fullmatch(self.step, step) and re.fullmatch(self.path, path))


NO_TRACE = "a dry run has no side effects: it makes no run in the history and no latest state"
NOT_RUN = "a skipped run is not the state of its task: it would hide the run before it"
NO_LIST = "events are stored once, and a list carries details of 1 KiB a run at most"
SILENT = "a run that printed nothing leaves no log file"

DEPARTURES = (
    Departure(
        r"capabilities|describe .*",
        r"(tasks\.\[\]\.)?config\.env\.\w+",
        "values of `env` are private: only the names are shown, with a mask",
    ),
    Departure(
        r"list|status|runs|health",
        r".*details\.(checks|dry_run_supported)",
        NO_TRACE,
    ),
    Departure(r"list|status|health", r".*details\.(dependencies|reason)", NOT_RUN),
    Departure(r"list|status|runs( .*)?", r".*details\.(events|last_event)", NO_LIST),
    Departure(r"health", r"details\.[\w-]+\.last_run\.details\.(events|last_event)", NO_LIST),
    Departure(r"cancel.*|wait.*|health", r".*details\.log_path", SILENT),
    Departure(r"logs.*", r"path", SILENT),
    Departure(r"health", r"details\.needs-failing\.last_run", NOT_RUN),
    Departure(r"health", r"details\.previewed\.last_run", NO_TRACE),
)

EXIT_CODES = {
    "doctor": "it examines systemd too, which a test's home has not",
    "run needs-failing": "a run whose dependency failed did not do its work: it has failed",
}
