"""Mutants that survive because no user can notice them, each with the reason.

The key names the file, the text of the changed line and the change.
"""

from __future__ import annotations

EQUIVALENTS: dict[str, str] = {
    "docket/app/fires/calendarfires.py: _STEP_US = 1: 1 -> 2": (
        "Fires are whole seconds, so one or two microseconds beside one the next one is the same."
    ),
    "docket/runner/admission/dependencies.py: os.close(reader): os.close(reader) -> pass (2)": (
        "A dependency that cannot be started ends the run, and so closes its descriptors."
    ),
    (
        "docket/runner/record/record.py: self._connection.close(): self._connection.close() -> pass"
    ): "The connection is closed when its only reference goes, in the next line.",
    "docket/strays.py: return False: False -> True (3)": (
        "A second look, for a process whose number was given away between two system calls."
    ),
    "docket/schedule/components.py: _LARGEST_NUMBER = 2**31 - 1: 31 -> 32": (
        "A number between the two is beyond the range of every field and is refused for that."
    ),
    (
        "docket/schedule/cron.py: _LONGEST_MONTHS = "
        "(0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31): 31 -> 32 (7)"
    ): "A day of the month above 31 is refused before the length of the month is looked at.",
}
