"""Which timers and path units are on, and which ones a user switched off.

A timer without a link below timers.target.wants is off, and so is a path unit without one below
paths.target.wants. Whether it was never on, or was on and
somebody switched it off, needs a list of the timers that were on. What another task's end starts
has no such link: it is on, unless a list has its name.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from docket.files import read_text, remove, write_whole
from docket.model.names import PATH_ENDING
from docket.paths import Paths

_SEEN_ON = "timers-on"
_FOLLOWERS_OFF = "followers-off"


class Switches:
    """Which timers of one home are enabled, by their links on the disk."""

    def __init__(self, paths: Paths) -> None:
        self._unit_dir = paths.unit_dir
        self._list = os.path.join(paths.plan_dir, _SEEN_ON)
        self.followers_list = os.path.join(paths.plan_dir, _FOLLOWERS_OFF)

    def link(self, timer: str) -> str:
        """Return the link that an enabled timer or path unit has."""
        target = "paths" if timer.endswith(PATH_ENDING) else "timers"
        return os.path.join(self._unit_dir, f"{target}.target.wants", timer)

    def is_on(self, timer: str) -> bool:
        """Whether the timer is enabled."""
        return os.path.islink(self.link(timer))

    def off(self, timers: Iterable[str]) -> tuple[str, ...]:
        """Return those of `timers` that were on and were switched off, by whatever means."""
        seen = self._seen()
        return tuple(timer for timer in timers if timer in seen and not self.is_on(timer))

    def keep(self, timers: Collection[str], *, gone: Collection[str] = ()) -> None:
        """Remember which of `timers` are on; what was on before is remembered until it is gone.

        A list that cannot be written is not a failure: at worst a timer is switched on again.
        """
        seen = self._seen()
        kept = (seen | {timer for timer in timers if self.is_on(timer)}) - set(gone)
        if kept == seen:
            return
        try:
            if kept:
                write_whole(self._list, "".join(f"{timer}\n" for timer in sorted(kept)))
            else:
                remove(self._list)
        except OSError:
            return

    def followers_off(self) -> set[str]:
        """Return the tasks that somebody keeps from starting after others."""
        return _words(self.followers_list)

    def switch_followers(self, tasks: Iterable[str], *, on: bool) -> None:
        """Let the tasks start after others, or keep them from it; OSError."""
        before = self.followers_off()
        off = before - set(tasks) if on else before | set(tasks)
        if off != before:
            write_whole(self.followers_list, "".join(f"{task}\n" for task in sorted(off)))

    def _seen(self) -> set[str]:
        return _words(self._list)


def _words(path: str) -> set[str]:
    try:
        return set((read_text(path) or "").split())
    except OSError:
        return set()
