"""What the installed systemd itself says of calendar expressions, many in one call."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime

from docket.model.record import Record

PROGRAM = shutil.which("systemd-analyze")

_NORMALIZED = re.compile(r"^Normalized form: (.*)$", re.MULTILINE)
_ELAPSE = re.compile(r"(?:Next elapse|Iter\. #\d+|Iteration #\d+): \w{3} (\S+ \S+) UTC$")
_REFUSED = re.compile(r"Failed to parse calendar specification '(.*)': ")


class Verdict(Record):
    """systemd's answer for one expression; `elapses` are in seconds since the epoch."""

    normalized: str
    elapses: tuple[int, ...]


def analyze(expressions: Sequence[str], base: int, iterations: int) -> list[Verdict | None]:
    """Return systemd's next elapses strictly after `base` (seconds), None if it refuses."""
    assert PROGRAM is not None
    done = subprocess.run(
        [
            PROGRAM,
            "calendar",
            f"--iterations={iterations}",
            f"--base-time=@{base}",
            "--",
            *expressions,
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    )
    refused = [match[1] for match in _REFUSED.finditer(done.stderr)]
    blocks = iter(_NORMALIZED.split(done.stdout)[1:])
    verdicts: list[Verdict | None] = []
    for expression in expressions:
        if refused and refused[0] == expression:
            refused.pop(0)
            verdicts.append(None)
        else:
            normalized = next(blocks, None)
            assert normalized is not None, (expression, done.stderr)
            verdicts.append(Verdict(normalized, _elapses(next(blocks))))
    assert not refused
    assert next(blocks, None) is None
    return verdicts


def _elapses(block: str) -> tuple[int, ...]:
    found = []
    for line in block.splitlines():
        match = _ELAPSE.search(line)
        if match:
            moment = datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
            found.append(int(moment.timestamp()))
    return tuple(found)
