"""Which tests cover which file of the product."""

from __future__ import annotations

import os

from tests.mutants.sample import ROOT

# Beside the folder of tests/unit/ with the same name. The longest path wins.
COVER = {
    "docket": ["tests/unit/cli", "tests/unit/api", "tests/unit/test_files.py", "tests/unit/runner"],
    "docket/api": ["tests/unit/api"],
    "docket/app": ["tests/unit/cli", "tests/unit/api", "tests/unit/app"],
    "docket/app/catalog": ["tests/unit/plugins", "tests/unit/app", "tests/unit/cli"],
    "docket/app/crontab": ["tests/unit/crontab"],
    "docket/app/runs": ["tests/unit/api", "tests/unit/cli", "tests/unit/tasks"],
    "docket/cli": ["tests/unit/cli", "tests/unit/app", "tests/unit/crontab", "tests/docs"],
    "docket/compiler": ["tests/golden", "tests/unit/app/install", "tests/unit/config"],
    "docket/config": ["tests/unit/config", "tests/golden", "tests/unit/crontab"],
    "docket/crontab": ["tests/unit/crontab"],
    "docket/errors": ["tests/docs", "tests/unit/cli", "tests/unit/app"],
    "docket/mcp": ["tests/unit/mcp", "tests/mcp"],
    "docket/model": ["tests/unit/config", "tests/unit/compiler", "tests/golden"],
    "docket/notify": ["tests/unit/notify"],
    "docket/runner": ["tests/unit/runner"],
    "docket/runner/after": ["tests/unit/runner", "tests/unit/notify"],
    "docket/schedule": ["tests/unit/schedule", "tests/unit/crontab", "tests/golden"],
    "docket/store": ["tests/unit/store", "tests/unit/cli", "tests/unit/runner"],
    "docket/systemd": ["tests/unit/systemd", "tests/unit/app", "tests/contract"],
    "docket/tasks": ["tests/unit/tasks", "tests/unit/plugins"],
}
# What walks through the whole house, and is tried only for what has survived until then.
WIDE = ["tests/property", "tests/reference", "tests/unit/tour"]


def stages(path: str) -> list[list[str]]:
    """Return groups of tests that cover a file: the nearest ones first, no test twice."""
    room = max((room for room in COVER if f"{path}/".startswith(_folder(room))), key=len)
    near = _nearest(path)
    return [
        group
        for group in (near, _beyond(COVER[room], near), _beyond(WIDE, [*near, *COVER[room]]))
        if group
    ]


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
