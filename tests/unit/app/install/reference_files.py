"""The unit files that docket-cli 0.2 wrote, as `docket install --list` of 0.2.2 shows them."""

from __future__ import annotations


def service_text(task: str, *, description: str = "", binary: str = "docket") -> str:
    """Return its service of a task."""
    return (
        f"[Unit]\nDescription={description or f'Docket task: {task}'}\n\n"
        f"[Service]\nType=oneshot\nExecStart={binary} run {task}\n\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )


def timer_text(task: str, calendar: str, *, description: str = "") -> str:
    """Return docket-cli's timer of a task."""
    return (
        f"[Unit]\nDescription={description or f'Docket timer for: {task}'}\n\n"
        f"[Timer]\nOnCalendar={calendar}\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
