"""Every code and cause that the package answers with has its entry, and is shown everywhere."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docket
from docket.errorcodes import codes_and_causes
from docket.errors import DocketError
from docket.model.ends.causes import CAUSES, OF_RUNS
from docket.model.states import RunStatus

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "errors.md").read_text()
AREAS = (
    "compile|config|editor|eject|import|install|journal|output|plan|run|schedule|store|systemd"
    "|task|tool"
)
CODE = re.compile(rf"(?:{AREAS})\.[a-z][a-z_]+")
FILES = frozenset({"install.lock", "task.json", "config.yaml", "run.lock", "config.schema"})
WITH_THE_SDK = ("docket.mcp.server", "docket.mcp.stdio")  # which .venv has not
# Calls that take a cause: the name, and which argument the cause is.
TAKES_CAUSE = {"Verdict": 1, "Refusal": 0, "End": 1, "FailedStart": 1, "finding": 0}
NAMES_CAUSES = ("docket/runner", "docket/app/fires", "docket/app/why", "docket/model/ends")


def trees(under: str = "docket") -> Iterator[ast.AST]:
    for path in sorted((ROOT / under).rglob("*.py")):
        yield ast.parse(path.read_text())


def listed() -> set[str]:
    return {code.code for code in codes_and_causes()}


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


def causes_in_source() -> set[str]:
    """Return the causes that are handed over as words, and those that functions return."""
    found = set()
    for under in NAMES_CAUSES:
        for tree in trees(under):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call):
                    found |= _taken(node)
                elif isinstance(node, ast.Return) and under == "docket/runner":
                    found |= _words_of_tuples(node)
    return found - {"on_complete"}  # the kind of a hook


def _taken(call: ast.Call) -> set[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    at = TAKES_CAUSE.get(name)
    words = [call.args[at]] if at is not None and len(call.args) > at else []
    return {word for word in map(_word, words) if word}


def _words_of_tuples(node: ast.Return) -> set[str]:
    elements = [e for one in ast.walk(node) if isinstance(one, ast.Tuple) for e in one.elts]
    return {word for word in map(_word, elements) if word}


def _word(node: ast.AST) -> str | None:
    """Return the word that a constant is: `pauses` and `exitverdict` return causes as words."""
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and re.fullmatch(r"[a-z_]+", value) else None


def causes_of_missed_fires() -> set[str]:
    """Return the words that the search for the cause of a missed fire can return."""
    tree = ast.parse((ROOT / "docket" / "app" / "fires" / "causes.py").read_text())
    results = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value]
    branches = [
        branch
        for node in results
        for branch in ((node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,))
    ]
    return {word for word in map(_word, branches) if word}


def test_every_code_in_the_source_is_explained() -> None:
    assert codes_in_text() - listed() == set()


def test_every_error_class_has_a_code_that_is_explained() -> None:
    assert codes_of_classes() - listed() == set()


def test_every_cause_of_a_run_has_an_entry() -> None:
    assert causes_in_source() >= {"paused", "parse_error", "too_late", "signal", "no_schedule"}
    assert causes_in_source() - CAUSES.keys() == set()


def test_no_code_has_an_entry_that_does_not_exist() -> None:
    lists = {"docket/errorcodes.py", "docket/model/ends/causes.py", "docket/model/ends/absences.py"}
    sources = [
        path for path in (ROOT / "docket").rglob("*.py") if str(path.relative_to(ROOT)) not in lists
    ]
    text = "\n".join(path.read_text() for path in sources)
    known = {
        code for code in listed() if f'"{code}"' in text or f'"{code.partition(".")[2]}"' in text
    }
    made_of_parts = {"unit_exec", "condition_failed", "assert_failed"}
    assert listed() - known - made_of_parts == set()


def test_every_cause_of_a_missed_fire_says_so_in_words() -> None:
    assert causes_of_missed_fires() >= {"machine_off", "linger_off", "not_started"}
    missed = {cause.code for cause in OF_RUNS if cause.missed}
    assert causes_of_missed_fires() - missed == set()
    of_status = {cause.code for cause in OF_RUNS if RunStatus.MISSED in cause.statuses}
    assert of_status - missed == {"unit_exec"}  # its words are systemd's


def test_every_cause_without_a_run_says_why_there_is_none() -> None:
    silent = {code for code, cause in CAUSES.items() if not cause.statuses and not cause.absence}
    assert silent == {"succeeded"}


def test_no_code_is_listed_twice() -> None:
    codes = [code.code for code in codes_and_causes()]
    assert sorted(set(codes)) == sorted(codes)


def test_every_code_is_on_the_page() -> None:
    assert [code for code in listed() if f"| `{code}` |" not in PAGE] == []


def test_the_tables_of_the_page_are_up_to_date() -> None:
    tool = ROOT / "tools" / "make_error_docs.py"
    done = subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
