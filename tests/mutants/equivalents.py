"""Mutants that survive because no user can notice them, each with the reason.

The key names the file, the text of the changed line and the change.
"""

from __future__ import annotations

EQUIVALENTS: dict[str, str] = {
    "docket/app/why/fires.py: _STEP_US = 1: 1 -> 2": (
        "Fires are whole seconds, so one or two microseconds beside one the next one is the same."
    ),
    "docket/schedule/components.py: _LARGEST_NUMBER = 2**31 - 1: 31 -> 32": (
        "A number between the two is beyond the range of every field and is refused for that."
    ),
    (
        "docket/schedule/cron.py: _LONGEST_MONTHS = "
        "(0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31): 31 -> 32 (7)"
    ): "A day of the month above 31 is refused before the length of the month is looked at.",
}
