"""The page about the config names every key, and every example that is shown is valid."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docket.app.editing.configure import check
from docket.app.session.session import open_session
from docket.config.loader import load
from docket.config.yaml.nodes import Section
from docket.config.yaml.syntax import compose
from docket.paths import discover

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "schemas" / "config.schema.json").read_text())
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
FENCE = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)


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


def accepting(key: str) -> list[Any]:
    """Return the schemas that the config has for a key, wherever it is allowed."""
    found = []
    waiting: list[Any] = [SCHEMA]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            found += [part["properties"][key]] if key in part.get("properties", {}) else []
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
    return found


def fits(key: str, value: Any) -> bool:
    """Whether a value is allowed under a key."""
    return any(
        Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).is_valid(value)
        for schema in accepting(key)
    )


def test_every_key_of_the_config_is_documented() -> None:
    page = (ROOT / "docs" / "config.md").read_text()
    assert sorted(key for key in set(keys(SCHEMA)) if f"`{key}`" not in page) == []


@pytest.mark.parametrize(("page", "text"), examples(), ids=lambda value: str(value)[:40])
def test_every_example_of_a_config_is_valid(tmp_path: Path, page: str, text: str) -> None:
    root, _ = compose(text)
    assert isinstance(root, Section)
    shown = root.plain()
    if not any(
        isinstance(shown.get(key), dict) for key in ("tasks", "defaults")
    ):  # no file: one key after the other, as examples
        assert [key for key, value in shown.items() if not fits(key, value)] == [], page
        return
    home = tmp_path / ".docket"
    home.mkdir(mode=0o700)
    config = home / "config.yaml"
    config.write_text(text)
    config.chmod(0o600)
    _write_classes(home, (ROOT / page).read_text())
    tasks = shown.get("tasks", {})
    if any("user" in task for task in tasks.values()):  # for the system scope
        problems = load(discover({}, system=True, config=str(config)), {}).problems
    else:
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "USER": "ana"}
        report = check(open_session(environ))
        problems = report.problems
        lost = [one.sentence for one in report.warnings if "only the system's" in one.sentence]
        assert lost == [], page
    told = [p for p in problems if p.task is None or p.task in tasks]
    assert [f"{problem.mark} {problem.sentence}" for problem in told] == [], page


def _write_classes(home: Path, page: str) -> None:
    """Write the Python tasks of a page, each of which begins with the name of its file."""
    tasks = home / "tasks"
    tasks.mkdir(mode=0o700)
    for text in re.findall(r"^```python\n(# \w+\.py\n.*?)^```", page, re.MULTILINE | re.DOTALL):
        file = tasks / text.split()[1]
        file.write_text(text)
        file.chmod(0o600)
