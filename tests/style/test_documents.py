"""JSON documents are typed, and their types cost nothing at run time."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import docket

PACKAGE = Path(docket.__path__[0])
UNTYPED = ("Any", "dict", "Mapping", "object")
ASIDE = {"config", "notify", "store"}  # a schema, what goes out to others, what an audit keeps


def is_of_types(module: str) -> bool:
    last = module.rpartition(".")[2]
    return last in ("shapes", "agentshapes", "contractshapes", "jsonkinds")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ast.parse(path.read_text())


def test_every_document_function_says_which_document_it_returns() -> None:
    wrong = []
    for path, tree in trees():
        if path.relative_to(PACKAGE).parts[0] in ASIDE:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == "document" and node.returns:
                returned = ast.unparse(node.returns)
                if returned.startswith(UNTYPED):
                    wrong.append(f"{path}:{node.lineno}: {returned}")
    assert wrong == []


def test_types_of_documents_are_imported_for_type_checkers_only() -> None:
    wrong = []
    for path, tree in trees():
        name = ".".join(("docket", *path.relative_to(PACKAGE).with_suffix("").parts))
        if is_of_types(name):
            continue
        unneeded = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        wrong += [
            f"{path}:{node.lineno}: {node.module}"
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and is_of_types(node.module or "")
            if id(node) not in unneeded
        ]
    assert wrong == []


def test_the_published_schemas_are_those_of_the_types() -> None:
    tool = PACKAGE.parent / "tools" / "make_schemas.py"
    done = subprocess.run(
        [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("", 0)
