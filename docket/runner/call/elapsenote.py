"""The service manager's answer to which unit started another, noted for a run that cannot ask.

A strict sandbox closes the manager's socket. A command of the unit that runs outside of it asks
instead, just before the run (`preparation`).
"""

from __future__ import annotations

import os

from docket.files import make_directory, read_text, write_volatile
from docket.model.jsontext import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    # The timer or path unit, when it elapsed, whether that is certain, and since when it is active.
    Answer = tuple[str, int | None, bool, int | None]


def keep_note(lock_dir: str, unit: str, invocation: str, answer: Answer | None) -> None:
    """Note the answer for one start of the unit; None: neither timer nor path did."""
    path = _note(lock_dir, unit)
    make_directory(os.path.dirname(path))
    write_volatile(path, dumps([invocation, answer]).encode())


def noted_answer(lock_dir: str, unit: str, invocation: str) -> tuple[Answer | None] | None:
    """Return the answer noted for this very start, in a tuple; None if there is none."""
    try:
        found, answer = loads(read_text(_note(lock_dir, unit)) or "[0, 0]")
        if found != invocation:
            return None
        if answer is None:
            return (None,)
        starter, at_us, certain, since_us = answer
        found_us = [None if us is None else int(us) for us in (at_us, since_us)]
    except (OSError, ValueError, TypeError):
        return None
    return ((str(starter), found_us[0], bool(certain), found_us[1]),)


def _note(lock_dir: str, unit: str) -> str:
    return os.path.join(lock_dir, "elapses", unit + ".json")
