"""Which tests cover which file of the product."""

from __future__ import annotations

import functools
import os
import re

from tests.mutants.sample import ROOT

# Beside the folder of tests/unit/ with the same name. The longest path wins.
COVER = {
    "docket": ["tests/unit/cli", "tests/unit/api", "tests/unit/test_files.py", "tests/unit/runner"],
    "docket/api": ["tests/unit/api"],
    "docket/app": ["tests/unit/cli", "tests/unit/api"],
    "docket/app/catalog": ["tests/unit/plugins", "tests/unit/app/doctor", "tests/unit/cli"],
    "docket/app/crontab": ["tests/unit/crontab"],
    "docket/app/fires": ["tests/unit/schedule", "tests/unit/cli", "tests/unit/api"],
    "docket/app/runs": ["tests/unit/api", "tests/unit/cli", "tests/unit/tasks"],
    "docket/cli": ["tests/unit/cli", "tests/unit/app", "tests/unit/crontab", "tests/docs"],
    "docket/compiler": ["tests/golden", "tests/unit/app/install", "tests/unit/config"],
    "docket/config": ["tests/unit/config", "tests/golden", "tests/unit/crontab"],
    "docket/crontab": ["tests/unit/crontab"],
    "docket/errors": ["tests/docs", "tests/unit/cli", "tests/unit/app"],
    "docket/mcp": ["tests/unit/mcp", "tests/mcp"],
    "docket/model": ["tests/unit/config", "tests/unit/compiler", "tests/golden", "tests/docs"],
    "docket/notify": ["tests/unit/notify"],
    "docket/runner": ["tests/unit/runner"],
    "docket/runner/after": ["tests/unit/runner", "tests/unit/notify"],
    "docket/schedule": ["tests/unit/schedule", "tests/unit/crontab", "tests/golden"],
    "docket/store": ["tests/unit/store", "tests/unit/cli", "tests/unit/runner"],
    "docket/systemd": ["tests/contract", "tests/system/test_real_units.py", "tests/unit/app"],
    "docket/tasks": ["tests/unit/tasks", "tests/unit/plugins"],
}
# What walks through the whole house, and is tried only for what has survived until then.
WIDE = ["tests/property", "tests/reference", "tests/unit/tour"]
_MOST_IMPORTING = 6


def stages(path: str) -> list[list[str]]:
    """Return groups of tests that cover a file, the nearest ones first.

    Files that import it come first, then the folder of its room, then those of `COVER` and `WIDE`.
    """
    room = max((room for room in COVER if f"{path}/".startswith(_folder(room))), key=len)
    importing, near, found = _importing(path), _nearest(path), COVER[room]
    groups = (
        importing,
        near,
        _beyond(found, [*importing, *near]),
        _beyond(WIDE, [*importing, *near, *found]),
    )
    return [group for group in groups if group]


@functools.cache
def _test_files() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for folder in ("unit", "property", "golden", "mcp", "style")
        for path in sorted((ROOT / "tests" / folder).rglob("test_*.py"))
    }


def _importing(path: str) -> list[str]:
    """Return the test files that name the module, unless so many do that it says nothing."""
    module = path.removesuffix(".py").replace("/", ".")
    whole = re.compile(rf"\b{re.escape(module)}\b")
    # A plain search first: the expression takes a hundred times as long.
    found = [n for n, text in _test_files().items() if module in text and whole.search(text)]
    return found if len(found) <= _MOST_IMPORTING else []


def _nearest(path: str) -> list[str]:
    """Return the folder below tests/unit/ that mirrors the file's own, or the room's."""
    own = os.path.dirname(path).replace("docket", "tests/unit", 1)
    while own != "tests/unit" and not (ROOT / own).is_dir():
        own = os.path.dirname(own)
    return [own] if own != "tests/unit" else []


def _folder(room: str) -> str:
    return f"{room}/" if (ROOT / room).is_dir() else f"{room}.py/"


def _beyond(tests: list[str], done: list[str]) -> list[str]:
    return [test for test in tests if not any(f"{test}/".startswith(f"{d}/") for d in done)]
