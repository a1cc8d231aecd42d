"""The pages of docs/ as blocks, and their sections."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache

from generated import ROOT

from man.markdown import Block, Heading, blocks


@cache
def page(name: str) -> Sequence[Block]:
    """Return the blocks of a page of docs/, without its title."""
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
        found = blocks(file.read())
    return tuple(block for block in found if not (isinstance(block, Heading) and block.level == 1))


def introduction(name: str) -> list[Block]:
    """Return what a page says before its first section."""
    found: list[Block] = []
    for block in page(name):
        if isinstance(block, Heading):
            break
        found.append(block)
    return found


def sections(name: str) -> list[Block]:
    """Return a page from its first section on."""
    return list(page(name)[len(introduction(name)) :])


def section(name: str, *titles: str) -> list[Block]:
    """Return what is under the first heading that begins with one of the words; [] without it."""
    found: list[Block] = []
    level = 0
    for block in page(name):
        if isinstance(block, Heading):
            if level and block.level <= level:
                break
            if not level and f"{block.text} ".startswith(tuple(f"{title} " for title in titles)):
                level = block.level
                continue
        if level:
            found.append(block)
    return found
