"""`backup` with rclone: `rclone sync`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from docket.tasks.program import Pace
from docket.tasks.relay import ProgressLine

# Exit codes of a run that did its work: what each means to Docket, and in words.
GOOD_ENDS = {9: ("noop", "there was nothing to transfer")}  # it is given --error-on-no-transfer
_MOST_SECONDS = 30.0

# "2026/11/24 14:13:50 NOTICE:   5.090 MiB / 28.610 MiB, 18%, 1.2 MiB/s, ETA 1s (xfr#1/2)"
PROGRESS = ProgressLine(
    b"ETA",
    re.compile(
        rb"(?:.*: )?\s*(?P<done>[\d.]+ ?[A-Za-z]+ / [\d.]+ ?[A-Za-z]+), (?:(?P<percent>\d+)%|-), "
        rb"[^,]*, ETA \S+(?P<files>.*)$"
    ),
)


def words(config: Mapping[str, Any], *, dry_run: bool) -> list[str]:
    """Return the command line."""
    excludes = [word for pattern in config["excludes"] for word in ("--exclude", pattern)]
    last = ["--dry-run"] if dry_run else []
    return [
        "rclone",
        "sync",
        config["source"],
        config["remote"],
        *excludes,
        *config["extra_args"],
        *last,
    ]


def environment(pace: Pace) -> dict[str, str]:
    """Return the variables that have rclone say how far it is; a flag or the user's own win.

    It writes its numbers at a level that it does not show by itself, and on one line only when
    asked to. On the command line they would come before the user's own flags and override them.
    """
    own = {
        "RCLONE_STATS": f"{max(0.1, min(_MOST_SECONDS, pace.sign_seconds)):g}s",
        "RCLONE_STATS_ONE_LINE": "true",
        "RCLONE_STATS_LOG_LEVEL": "NOTICE",
    }
    return {name: value for name, value in own.items() if name not in os.environ}
