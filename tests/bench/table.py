"""The table that `make bench` prints: each figure beside docket-cli 0.2.2, the limit, and its bar.

The limit is what the same work costs without any record of it: a bare unit, `cat` through `tee`.
A missed bar is marked with the load if more work waits than the machine has processors: times are
longer then, those of the processor too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

NAME, COLUMN = 58, 13
Of = Literal["docket-cli", "limit", ""]
Text = Callable[[float], str]


def header() -> None:
    """Print the names of the columns."""
    _line("what", "docket-cli", "limit", "Docket", "ratio", "bar", "")


def millions(count: float) -> str:
    """Return instructions as text."""
    return f"{count / 1e6:.1f} M"


def mebibytes(size: float) -> str:
    """Return bytes as text, in MiB."""
    return f"{size / 2**20:.1f} MiB"


def kibibytes(size: float) -> str:
    """Return bytes as text, in KiB."""
    return f"{size / 1024:.0f} KiB"


def milliseconds(seconds: float) -> str:
    """Return a time as text."""
    return f"{seconds * 1000:.0f} ms"


def plain(number: float) -> str:
    """Return a number as text."""
    return f"{number:,.0f}"


def figure(
    name: str,
    ours: float,
    bar: float,
    text: Text = plain,
    *,
    theirs: float | None = None,
    limit: float | None = None,
    of: Of = "",
    at_least: bool = False,
) -> bool:
    """Print one row and return whether its bar is held.

    With `of` the bar is a ratio to that column; else it is a value of Docket's own. The ratio is
    the one that the bar is about, or the one to docket-cli.
    """
    base = {"docket-cli": theirs, "limit": limit, "": theirs or limit}[of]
    ratio = ours / base if base else None
    value = ratio if of else ours
    held = value is not None and (value >= bar if at_least else value <= bar)
    relation = ">=" if at_least else "<="
    _line(
        name,
        *("-" if column is None else text(column) for column in (theirs, limit, ours)),
        "-" if ratio is None else f"{ratio:.2f}",
        f"{relation} {bar} x {of}" if of else f"{relation} {text(bar)}",
        "held" if held else f"MISSED{_load()}",
    )
    return held


def beside(
    name: str, ours: float, text: Text, *, theirs: float | None = None, limit: float | None = None
) -> None:
    """Print a row that explains the one before; it has no bar."""
    ratio = ours / limit if limit else None
    columns = ("-" if column is None else text(column) for column in (theirs, limit, ours))
    _line(name, *columns, "-" if ratio is None else f"{ratio:.2f}", "", "")


def _load() -> str:
    load = os.getloadavg()[0]
    return f" (load {load:.0f})" if load > (os.cpu_count() or 1) else ""


def _line(name: str, *columns: str) -> None:
    *figures, bar, held = columns
    line = "".join(f"{column:>{COLUMN}}" for column in figures)
    print(f"{name:<{NAME}}{line}   {bar:<20} {held}".rstrip(), flush=True)
