"""Which files cron reads as system crontabs, by their names only."""

from __future__ import annotations

import os
import re

SYSTEM_FILE = "/etc/crontab"
SYSTEM_DIRECTORY = "/etc/cron.d"
# Debian's cron and cronie keep the crontab of each user below the user's name.
SPOOL_DIRECTORIES = ("/var/spool/cron/crontabs", "/var/spool/cron")
_READ_BY_CRON = re.compile(r"[A-Za-z0-9_-]+")


def has_user_field(path: str) -> bool:
    """Whether each line of the crontab at `path` names a user before the command."""
    whole = os.path.abspath(path)
    return whole == SYSTEM_FILE or os.path.dirname(whole) == SYSTEM_DIRECTORY


def user_of_spool(path: str) -> str | None:
    """Return the user whose own crontab `path` is, by its place; None for any other file."""
    directory, name = os.path.split(os.path.realpath(path))
    return name if directory in SPOOL_DIRECTORIES else None


def is_read_by_cron(name: str) -> bool:
    """Whether cron reads a file of that name in its directory; `x.bak` and `x~` it passes over."""
    return _READ_BY_CRON.fullmatch(name) is not None
