"""The steps that a pattern takes grow no faster than its text."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

import docket
from docket.app.text.pattern import Pattern
from tests.property.patternsteps import Search

_ROOT = os.path.dirname(docket.__file__)
_ANCHORED = frozenset({"match", "fullmatch"})
_MATCHED_ELSEWHERE = frozenset({"PROGRESS"})  # docket/tasks/relay.py matches these
_SIZE = 60
_GROWTH = 2.6  # twice the text: twice the steps, and a little for what is the same in both
_BOUNDED = 500  # steps that a pattern with a bound takes before it reaches that
# What these meet is short, by the code that uses them.
_SHORT_TEXTS = {
    "docket.cli.selfdescription._DEFAULT_IN_HELP": "the help of our own options",
    "docket.crontab.lines._FIELDS": "matched at the beginning of a line",
    "docket.tasks.hbackup._COMPLETE": "an excerpt of the output",
    "docket.tasks.relay._PIECE": "ends with the end of a line",
}


def patterns() -> Iterator[tuple[str, re.Pattern[Any], bool]]:
    """Yield every pattern that a module holds, and whether it is matched at the beginning only."""
    for module in pkgutil.walk_packages([_ROOT], "docket."):
        if module.name.startswith(("docket.libexec", "docket.mcp.")):
            continue
        loaded = importlib.import_module(module.name)
        with open(loaded.__file__ or "", encoding="utf-8") as stream:
            source = stream.read()
        for name, value in vars(loaded).items():
            for pattern in _compiled(name, value, source):
                yield f"{module.name}.{name}", pattern, _anchored(name, source)
    yield from _of_the_schema()


def _compiled(name: str, value: Any, source: str) -> Iterator[re.Pattern[Any]]:
    """Yield the patterns that a name of a module stands for."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, Pattern):
        yield value.compiled
    elif isinstance(value, tuple):
        for one in value:
            yield from _compiled(name, one, source)
    elif isinstance(value, str) and (call := re.search(rf"\bre\.\w+\({name}\b.*", source)):
        yield re.compile(value, re.IGNORECASE if "IGNORECASE" in call[0] else 0)


def _anchored(name: str, source: str) -> bool:
    calls = re.findall(rf"\b{name}(?:\.compiled)?\.(\w+)\(", source)
    calls += re.findall(rf"\bre\.(\w+)\({name}\b", source)
    return name in _MATCHED_ELSEWHERE or (bool(calls) and set(calls) <= _ANCHORED)


def _of_the_schema() -> Iterator[tuple[str, re.Pattern[str], bool]]:
    with open(os.path.join(_ROOT, "schemas", "config.schema.json"), encoding="utf-8") as file:
        text = file.read()
    for written in sorted(set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', text))):
        yield f"schema {written}", re.compile(json.loads(written)), False


_FOUND = list({pattern: found for found in patterns() for pattern in [found[1]]}.values())


def hostile(search: Search, size: int) -> Iterator[str]:
    """Yield texts that repeat a part of the pattern, or two of its parts in turn."""
    atoms = search.atoms()
    yield from (atom * size for atom in atoms)
    for first, second in pairwise(atoms):
        yield first + second * size
        yield (first + second) * (size // 2)


def test_the_patterns_are_found() -> None:
    assert len(_FOUND) > 60
    assert any(name.endswith("TOKEN_SHAPES") for name, _, _ in _FOUND)


@pytest.mark.parametrize(
    ("name", "pattern", "anchored"), _FOUND, ids=[name for name, _, _ in _FOUND]
)
def test_twice_the_text_takes_twice_the_steps(
    name: str, pattern: re.Pattern[Any], *, anchored: bool
) -> None:
    if name in _SHORT_TEXTS:
        return
    for search in Search(pattern).alternatives():
        _assert_proportional(name, search, anchored=anchored)


def _assert_proportional(name: str, search: Search, *, anchored: bool) -> None:
    for short, long in zip(hostile(search, _SIZE), hostile(search, 2 * _SIZE), strict=True):
        few = search.steps(short, anchored=anchored)
        many = search.steps(long, anchored=anchored)
        assert many <= _GROWTH * few + _BOUNDED, (
            f"{name}: {few} steps, then {many}, of {short[:40]!r}..."
        )


@pytest.mark.parametrize(
    ("pattern", "text"),
    [(r"[a-z]+://", "a"), (r"\r+\n|\r", "\r"), (r"\{[^}]*\}", "{"), (r"\s+x", " ")],
)
def test_a_pattern_that_starts_over_at_each_sign_is_caught(pattern: str, text: str) -> None:
    search = Search(re.compile(pattern))
    few, many = (search.steps(text * n, anchored=False) for n in (_SIZE, 2 * _SIZE))
    assert many > 3 * few
