"""The page about the config names every key, and every example that is shown is valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docket.app.configuring import check
from docket.app.session import open_session

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "config.schema.json").read_text())
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
FENCE = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE_KEYS = tuple(SCHEMA["properties"])


def keys(part: Any) -> Iterator[str]:
    """Yield every key that the schema names, at any depth."""
    if isinstance(part, dict):
        properties = part.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for value in part.values():
            yield from keys(value)
    elif isinstance(part, list):
        for value in part:
            yield from keys(value)


def examples() -> list[tuple[str, str]]:
    return [
        (page.relative_to(ROOT).as_posix(), text)
        for page in PAGES
        for text in FENCE.findall(page.read_text())
    ]


def whole(text: str) -> str:
    """Return an example as a whole file: keys of one task, or tasks, get what stands around."""
    first = next(line for line in text.splitlines() if line and not line.startswith("#"))
    key = first.split(":")[0].strip()
    if key in FILE_KEYS:
        return text
    if key in set(keys(SCHEMA)):
        body = "".join(f"    {line}\n" for line in text.splitlines())
        needs_command = "command:" not in text
        return f"tasks:\n  example:\n{body}" + '    command: "true"\n' * needs_command
    return "tasks:\n" + "".join(f"  {line}\n" for line in text.splitlines())


def test_every_key_of_the_config_is_documented() -> None:
    page = (ROOT / "docs" / "config.md").read_text()
    assert sorted(key for key in set(keys(SCHEMA)) if f"`{key}`" not in page) == []


@pytest.mark.parametrize(("page", "text"), examples(), ids=lambda value: str(value)[:40])
def test_every_example_of_a_config_is_valid(tmp_path: Path, page: str, text: str) -> None:
    home = tmp_path / ".docket"
    home.mkdir(mode=0o700)
    config = home / "config.yaml"
    config.write_text(whole(text))
    config.chmod(0o600)
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "USER": "ana"}
    report = check(open_session(environ))
    assert [str(problem.mark) + problem.sentence for problem in report.problems] == [], page
