"""Every stable code that the package can answer with is explained in docs/errors.md."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import docket
from docket.app.fires.causes import Cause
from docket.errors import DocketError

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()
AREAS = (
    "compile|config|editor|eject|import|install|journal|output|plan|run|schedule|store|systemd"
    "|task|tool"
)
CODE = re.compile(rf"(?:{AREAS})\.[a-z][a-z_]+")
FILES = frozenset({"install.lock", "task.json", "config.yaml", "run.lock", "config.schema"})
WITH_THE_SDK = ("docket.mcp.server", "docket.mcp.stdio")  # which .venv has not
# Calls that take a cause of a run: the class, and which argument the cause is.
CAUSES = {"Verdict": 1, "Refusal": 0}


def trees(under: str = "docket") -> Iterator[ast.AST]:
    for path in sorted((ROOT / under).rglob("*.py")):
        yield ast.parse(path.read_text())


def described() -> set[str]:
    return set(re.findall(r"^\| `([a-z_.]+)` \|", PAGE, re.MULTILINE))


def codes_in_text() -> set[str]:
    return {
        node.value
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
    } - FILES


def codes_of_classes() -> set[str]:
    for module in pkgutil.walk_packages(docket.__path__, "docket."):
        if not module.name.endswith("__main__") and module.name not in WITH_THE_SDK:
            importlib.import_module(module.name)
    waiting: list[type[DocketError]] = [DocketError]
    found = set()
    while waiting:
        kind = waiting.pop()
        found.add(kind.code)
        waiting += kind.__subclasses__()
    return found


def causes_of_runs() -> set[str]:
    found = set()
    for tree in trees("docket/runner"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = CAUSES.get(node.func.id)
                if at is not None and len(node.args) > at:
                    cause = node.args[at]
                    if isinstance(cause, ast.Constant) and isinstance(cause.value, str):
                        found.add(cause.value)
            elif isinstance(node, ast.Return):
                words = [
                    e for one in ast.walk(node) if isinstance(one, ast.Tuple) for e in one.elts
                ]
                found |= {one for one in map(_word, words) if one}
    return found - {"on_complete"}  # the kind of a hook


def _word(node: ast.expr) -> str | None:
    """Return the word that stands there: `pauses` and `exitverdict` return causes as words."""
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and re.fullmatch(r"[a-z_]+", value) else None


def test_every_code_that_stands_in_the_source_is_explained() -> None:
    assert codes_in_text() - described() == set()


def test_every_error_class_has_a_code_that_is_explained() -> None:
    assert codes_of_classes() - described() == set()


def test_every_cause_of_a_run_is_explained() -> None:
    assert causes_of_runs() >= {"paused", "parse_error", "too_late", "signal"}
    assert causes_of_runs() - described() == set()


def test_no_code_is_explained_that_does_not_exist() -> None:
    text = "\n".join(path.read_text() for path in (ROOT / "docket").rglob("*.py"))
    unknown = {
        code
        for code in described()
        if f'"{code}"' not in text and f'"{code.partition(".")[2]}"' not in text
    }
    assert unknown == set()


def test_every_cause_of_a_missed_fire_is_explained() -> None:
    assert {str(cause) for cause in Cause} - described() == set()
    assert all(cause.sentence for cause in Cause)
