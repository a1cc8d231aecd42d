"""Run ids: UTC time in microseconds and eight hex digits, so that they sort by time."""

from __future__ import annotations

import time

_HEX = frozenset("0123456789abcdef")


def make_run_id(now_us: int, salt: bytes) -> str:
    """Return the id of a run that starts at `now_us` (microseconds since the epoch, UTC).

    `salt` is four random bytes. Example: `20260427T013000000000Z-ab12cd34`.
    """
    seconds, micros = divmod(now_us, 1_000_000)
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
    return f"{stamp}{micros:06d}Z-{salt.hex()}"


def is_run_id(text: str) -> bool:
    """Whether `text` has the shape of a run id, and so is safe in a file name."""
    return (
        len(text) == 31
        and text[8] == "T"
        and text[21:23] == "Z-"
        and (text[:8] + text[9:21]).isascii()
        and (text[:8] + text[9:21]).isdigit()
        and all(c in _HEX for c in text[23:])
    )
