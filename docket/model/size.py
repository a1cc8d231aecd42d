"""Sizes in bytes as systemd writes them: "4096", "512M", "1.5G"."""

from __future__ import annotations

import re

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)([KMGTPE]?)")


def size_bytes(text: str) -> int:
    """Return the number of bytes that a size means; ValueError where it is none."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no size")
    power = " KMGTPE".index(found[2] or " ")
    return int(float(found[1]) * 1024**power) if "." in found[1] else int(found[1]) << 10 * power
