#!/usr/bin/env python3
"""Writes the tables of docs/errors.md from docket/errorcodes.py and docket/model/ends/causes.py.

`tools/make_error_docs.py --check` returns 1 if the page would change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from generated import ROOT, between, renew

sys.path.insert(0, ROOT)

from docket.errorcodes import SECTIONS
from docket.model.ends.causes import CAUSES, OF_RUNS


def renewed(page: str) -> str:
    """Return the page with its three tables made again."""
    page = between(page, "<!-- codes -->\n", "<!-- end of codes -->\n", "".join(_codes()))
    page = between(
        page, "<!-- causes of runs -->\n", "<!-- end of causes of runs -->\n", "".join(_causes())
    )
    return between(
        page,
        "<!-- causes of no run -->\n",
        "<!-- end of causes of no run -->\n",
        "".join(_causes_of_no_run()),
    )


def _codes() -> Iterator[str]:
    for title, codes in SECTIONS.items():
        yield f"\n### {title}\n\n| code | meaning | what to do |\n|---|---|---|\n"
        for code in codes:
            yield _row(f"`{code.code}`", code.meaning, code.what_to_do)
    yield "\n"


def _causes() -> Iterator[str]:
    yield "\n| cause | status | meaning | what to do |\n|---|---|---|---|\n"
    for cause in OF_RUNS:
        statuses = ", ".join(cause.statuses)
        yield _row(f"`{cause.code}`", statuses, cause.meaning, cause.remedy)
    yield "\n"


def _causes_of_no_run() -> Iterator[str]:
    yield "\n| cause of no run | meaning | what to do |\n|---|---|---|\n"
    for cause in CAUSES.values():
        if cause not in OF_RUNS:
            yield _row(f"`{cause.code}`", cause.meaning, cause.remedy)
    yield "\n"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.exit(renew("docs/errors.md", renewed, sys.argv[1:]))
