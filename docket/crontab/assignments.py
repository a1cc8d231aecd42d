"""NAME = value lines of a crontab, read with the states of cron's own reader (env.c)."""

from __future__ import annotations

_BLANKS = " \t\n\v\f\r"
_QUOTES = "'\""


def read_assignment(line: str) -> tuple[str, str] | None:
    """Return (name, value) if cron takes the line for an assignment, else None.

    Blanks around the sign and quotes around either side fall away. Nothing is expanded. An empty
    value without quotes is taken here, as cronie does; Debian's cron wants `NAME=""`.
    """
    found = _name(line.lstrip(" \t"))
    if found is None:
        return None
    name, rest = found
    value = _value(rest.lstrip(_BLANKS))
    return None if value is None else (name, value)


def _name(line: str) -> tuple[str, str] | None:
    """Return the name and what follows the sign."""
    if line[:1] in _QUOTES and line:
        name, quote, rest = line[1:].partition(line[0])
        if not quote or "=" in name:
            return None
    else:
        end = next((i for i, c in enumerate(line) if c in _BLANKS or c == "="), len(line))
        name, rest = line[:end], line[end:]
    rest = rest.lstrip(_BLANKS)
    return (name, rest[1:]) if rest.startswith("=") else None


def _value(rest: str) -> str | None:
    if rest and rest[0] in _QUOTES:
        value, quote, after = rest[1:].partition(rest[0])
        if not quote or after.strip(_BLANKS):
            return None
    else:
        value = rest
    value = value.rstrip(_BLANKS)
    # A second pair of quotes, inside the first, falls away too.
    if len(value) >= 2 and value[0] in _QUOTES and value[-1] == value[0]:
        return value[1:-1]
    return value
