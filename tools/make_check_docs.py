#!/usr/bin/env python3
"""Writes the table of checks of `docket doctor` in docs/commands.md, from docket/app/doctor.

`tools/make_check_docs.py --check` returns 1 if the page would change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from generated import ROOT, between, renew

sys.path.insert(0, ROOT)

from docket.app.doctor.doctor import INSPECTIONS


def renewed(page: str) -> str:
    """Return the page with its table of checks made again."""
    return between(page, "<!-- checks -->\n", "<!-- end of checks -->\n", "".join(_table()))


def _table() -> Iterator[str]:
    yield "\n| check | what it says |\n|---|---|\n"
    for inspection in INSPECTIONS:
        yield f"| `{inspection.name}` | {inspection.promise} |\n"
    yield "\n"


if __name__ == "__main__":
    sys.exit(renew("docs/commands.md", renewed, sys.argv[1:]))
