"""What the tools share that write generated files: comparing, writing, and the marks in a page."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def renew(path: str, renewed: Callable[[str], str], arguments: Sequence[str]) -> int:
    """Write what `renewed` makes of a file's text; with --check return 1 if it would change.

    `path` is below the root of the project. A missing file counts as an empty one.
    """
    whole = os.path.join(ROOT, path)
    before = ""
    if os.path.exists(whole):
        with open(whole, encoding="utf-8") as file:
            before = file.read()
    after = renewed(before)
    if "--check" in arguments:
        if before != after:
            print(f"{path} is out of date: run tools/{os.path.basename(sys.argv[0])}")
        return int(before != after)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    with open(whole, "w", encoding="utf-8") as file:
        file.write(after)
    return 0


def between(page: str, begin: str, end: str, text: str) -> str:
    """Return a page with the text between two marks replaced."""
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not (found and closed):
        raise SystemExit(f"The page has lost its mark {begin.strip()} or {end.strip()}.")
    return head + begin + text + end + tail
