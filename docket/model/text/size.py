"""Sizes in bytes as systemd writes them: "4096", "512M", "1.5G"."""

from __future__ import annotations

import re

_WITH_BYTES = r"([0-9]+(?:\.[0-9]+)?) ?([KMGT])(i?)(B?)"
_SIZE = r"([0-9]+(?:\.[0-9]+)?)([KMGTPE]?)"


def size_bytes(text: str) -> int:
    """Return the number of bytes that a size means; ValueError if it is not one."""
    found = re.fullmatch(_SIZE, text)
    if found is None:
        raise ValueError(f"{text!r} is not a size")
    power = " KMGTPE".index(found[2] or " ")
    return int(float(found[1]) * 1024**power) if "." in found[1] else int(found[1]) << 10 * power


def size_text(count: float) -> str:
    """Return a number of bytes for people: 12 bytes, 300 KiB, 1.5 GiB."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def systemd_size(text: str) -> str:
    """Return a size as systemd takes it: `1.5GiB` is its `1.5G`, `1.5 GB` so many bytes.

    What has another form (`20%`, `infinity`) is returned as it is.
    """
    found = re.fullmatch(_WITH_BYTES, text)
    if found is None:
        return text
    number, unit, binary, byte = found.groups()
    if byte and not binary:
        return str(round(float(number) * 1000 ** " KMGT".index(unit)))
    return f"{number}{unit}"
