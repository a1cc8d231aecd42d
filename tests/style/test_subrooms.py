"""Arrows between the subrooms of a room go one way, and no two files import each other."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import docket

PACKAGE = Path(docket.__path__[0])
TOP = "top"  # the files of a room that are in no subroom
GROUND = "ground"  # those of them that the subrooms of the room are built on
# A folder of their own would cost every run the import of one more package.
FILES_OF_GROUND = {"store": {"cleaning", "connection", "copying", "rows", "schema", "tables"}}
# What each subroom may import of its own room; what is not named here may not be imported.
ALLOWED: Mapping[str, Mapping[str, str]] = {
    "app": {
        "session": "",
        "text": "",
        "catalog": "session text",
        "record": "catalog session",
        "editing": "catalog record session text",
        "data": "catalog record session text",
        "crontab": "editing record session",
        "fires": "catalog record session text",
        "install": "catalog fires record session text",
        "runs": "catalog fires record session text",
        "tuning": "catalog record runs session text",
        "history": "catalog fires record runs session text",
        "status": "catalog fires install record runs session text",
        "doctor": "catalog fires install record session text",
        "why": "catalog fires history record session status text",
    },
    "runner": {
        "record": "",
        "call": "record",
        "attempt": "call record",
        "after": "attempt call record",
        "admission": "after attempt call record",
        TOP: "admission after attempt call record",
    },
    "config": {
        "yaml": "",
        "schema": "yaml",
        "task": "schema yaml",
        TOP: "schema task yaml",
    },
    "model": {
        TOP: "",
        "text": "top",
        "time": "top",
        "ends": "top",
        "task": "ends time top",
    },
    "store": {
        GROUND: "",
        "takeover": GROUND,
        TOP: f"{GROUND} takeover",
        "orders": f"{GROUND} {TOP}",
        "maintenance": f"{GROUND} {TOP} takeover",
    },
    "cli": {
        "render": "",
        TOP: "render",
        "answers": "render top",
        "commands": "answers render top",
    },
}


@cache
def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ["docket", *path.relative_to(PACKAGE).with_suffix("").parts]
        if parts[-1] == "__init__":
            parts.pop()
        found[".".join(parts)] = path
    return found


@cache
def imported(path: Path) -> list[tuple[int, str]]:
    """Return the line and module of every import of ours, lazy and typing-only ones too."""
    known = modules()
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in known else node.module for name in inside]
        else:
            continue
        found += [(node.lineno, name) for name in names if name in known]
    return found


def subroom_of(module: str, room: str) -> str | None:
    """Return the subroom of `room` in which the module is; None for a module of another room."""
    parts = module.split(".")
    if len(parts) < 3 or parts[1] != room:
        return None
    if (PACKAGE / room / parts[2]).is_dir():
        return parts[2]
    return GROUND if parts[2] in FILES_OF_GROUND.get(room, ()) else TOP


def test_no_arrow_between_subrooms_goes_where_the_table_has_none() -> None:
    known = modules()
    wrong = []
    for room, allowed in ALLOWED.items():
        for module, path in known.items():
            subroom = subroom_of(module, room)
            if subroom is None:
                continue
            for line, name in imported(path):
                target = subroom_of(name, room)
                if target not in {None, subroom, *allowed[subroom].split()}:
                    wrong.append(f"{path}:{line}: {room}/{subroom} -> {name}")
    assert wrong == []


def test_the_table_of_subrooms_has_no_circle_and_no_arrow_too_many() -> None:
    known = modules()
    for room, allowed in ALLOWED.items():
        list(TopologicalSorter({one: to.split() for one, to in allowed.items()}).static_order())
        used = {
            (subroom_of(module, room), subroom_of(name, room))
            for module, path in known.items()
            if subroom_of(module, room)
            for _, name in imported(path)
        }
        named = {(one, other) for one, others in allowed.items() for other in others.split()}
        assert named - used == set(), room


def test_no_two_files_import_each_other_in_a_circle() -> None:
    known = modules()
    arrows = {
        module: {name for _, name in imported(path) if name != module}
        for module, path in known.items()
    }
    try:
        list(TopologicalSorter(arrows).static_order())
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise AssertionError(f"These files import each other: {circle}") from None


def test_a_folder_has_about_twenty_files_at_most() -> None:
    sizes = {str(path.parent): 0 for path in modules().values()}
    for path in modules().values():
        sizes[str(path.parent)] += path.name != "__init__.py"
    assert {folder: size for folder, size in sizes.items() if size > 24} == {}
