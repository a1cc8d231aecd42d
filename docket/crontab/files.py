"""Which files cron reads as system crontabs, by their names alone."""

from __future__ import annotations

import os
import re

SYSTEM_FILE = "/etc/crontab"
SYSTEM_DIRECTORY = "/etc/cron.d"
_READ_BY_CRON = re.compile(r"[A-Za-z0-9_-]+")


def has_user_field(path: str) -> bool:
    """Whether a user stands before each command of the crontab at `path`."""
    whole = os.path.abspath(path)
    return whole == SYSTEM_FILE or os.path.dirname(whole) == SYSTEM_DIRECTORY


def is_read_by_cron(name: str) -> bool:
    """Whether cron reads a file of that name in its directory; `x.bak` and `x~` it passes over."""
    return _READ_BY_CRON.fullmatch(name) is not None
