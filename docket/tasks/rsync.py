"""`backup` with rsync: `rsync -avz`, of what is in the source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from docket.tasks.relay import ProgressLine

# "     17,694,722  58%    7.85MB/s    0:00:01 (xfr#3, to-chk=2999/3003)"
PROGRESS = ProgressLine(
    b"%",
    re.compile(rb"\s*(?P<done>[\d,.]+[KMGTP]?)\s+(?P<percent>\d+)%\s+\S+/s\s+[\d:]+(?P<files>.*)$"),
)
# Beginnings of flags: --delete, --delete-after, --remove-source-files and its old name.
_DELETING = ("--del", "--remove-s")
_FOR_THE_OTHER_SIDE = re.compile(r"--remote-option=(.*)|-[^-=]*?M(.+)", re.DOTALL)
# Exit codes of a run that did its work: what each means to Docket, and in words.
GOOD_ENDS = {24: ("warn", "some files vanished while it ran")}
_MEANINGS = {
    11: "an error of reading or writing files",
    12: "the connection broke",
    20: "it was told to end",
    23: "some files could not be copied",
    30: "no answer in time",
}


def words(config: Mapping[str, Any], *, dry_run: bool) -> list[str]:
    """Return the command line. The slash has rsync copy what is in the directory, not it."""
    source = config["source"].rstrip("/") + "/"
    excludes = [f"--exclude={pattern}" for pattern in config["excludes"]]
    first = ["rsync", "-avz", "--info=progress2", *(["--dry-run"] if dry_run else [])]
    return [*first, *excludes, *config["extra_args"], source, config["remote"]]


def deletes(extra_args: Iterable[str]) -> bool:
    """Whether a flag has rsync delete files, here or by the rsync of the other side."""
    for word in extra_args:
        other = _FOR_THE_OTHER_SIDE.fullmatch(word)
        if ((other[1] or other[2]) if other else word).startswith(_DELETING):
            return True
    return False


def meaning(exit_code: int) -> str:
    """Return what an exit code of rsync's says; "" if that is nothing of note."""
    return _MEANINGS.get(exit_code, "")
