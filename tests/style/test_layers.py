"""Arrows between the rooms of the house go one way; lazy imports count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import docket

PACKAGE = Path(docket.__path__[0])
ANYBODY = {
    "errorcodes",
    "errors",
    "files",
    "libraries",
    "model",
    "paths",
    "runfiles",
    "strays",
    "",
}
ALLOWED = {
    "__main__": {"runner", "cli", "app", "helptext"},
    "helptext": set(),
    "cli": {"app", "mcp", "__main__"},
    "mcp": {"app"},
    "api": {"app", "cli"},
    "app": {
        "config",
        "crontab",
        "schedule",
        "compiler",
        "data",
        "store",
        "systemd",
        "tasks",
        "task",
    },
    "runner": {"store", "systemd", "task", "notify"},
    "tasks": {"task", "systemd"},
    "data": {"store"},
    "config": {"notify"},  # the keys of channels
    "schedule": set(),
    "compiler": set(),
    "crontab": set(),
    "notify": set(),
    "store": set(),
    "systemd": set(),
    "model": set(),
    "errorcodes": set(),
    "errors": set(),
    "files": set(),
    "libraries": set(),
    "runfiles": set(),
    "strays": set(),
    "paths": set(),
    "task": {"data"},
    "libexec": {"__main__"},
}
THE_ONE_THAT_SERVES = "cli/commands/setup/mcp.py"
COMMAND_LINE_AS_DATA = "docket.cli.selfdescription"  # all that the Python API knows of it
RUNNERS_GATEWAYS = {
    "docket.systemd.journal",
    "docket.systemd.notify",
    "docket.systemd.privatesocket",
    "docket.systemd.stamps",
}
TASKS_GATEWAYS = {"docket.systemd.activity"}
ONLY_IMPORTERS: dict[str, str | tuple[str, ...]] = {
    "pystemd": "systemd/pystemdwire.py",
    "jeepney": "systemd/jeepneywire.py",
    "sqlite3": ("store", "data"),
    "yaml": "config",
    "jsonschema": ("config", "mcp/arguments.py"),
    "click": "cli",
    "mcp": "mcp",
    "anyio": "mcp",
    "pydantic": "mcp",
}
# sqlite3.Error is caught by those who hold a connection; there is no SQL.
MAY_CATCH_SQLITE = {"runner/record/record.py", "runner/finalize.py"}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            yield node.lineno, node.module or ""


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def room_named(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_no_arrow_goes_where_the_picture_has_none() -> None:
    wrong = []
    for path in files():
        room = room_of(path)
        if room == "__init__":
            continue
        for line, module in imports(path):
            if module.partition(".")[0] != "docket":
                continue
            target = room_named(module)
            if target != room and target not in ANYBODY | ALLOWED[room]:
                wrong.append(f"{path}:{line}: {room} -> {module}")
            if room == "runner" and target == "systemd" and module not in RUNNERS_GATEWAYS:
                wrong.append(f"{path}:{line}: the runner knows these gateways only")
            if target == "mcp" and not str(path.relative_to(PACKAGE)).startswith(
                ("mcp/", THE_ONE_THAT_SERVES)
            ):
                wrong.append(f"{path}:{line}: only docket mcp knows the server")
            if room == "api" and target == "cli" and module != COMMAND_LINE_AS_DATA:
                wrong.append(f"{path}:{line}: the Python API describes the command line, no more")
            if room == "tasks" and target == "systemd" and module not in TASKS_GATEWAYS:
                wrong.append(f"{path}:{line}: a task asks systemd only whether units are active")
    assert wrong == []


def test_each_library_has_one_room() -> None:
    wrong = []
    for path in files():
        inside = str(path.relative_to(PACKAGE))
        for line, module in imports(path):
            owner = ONLY_IMPORTERS.get(module.partition(".")[0])
            if owner is None or inside.startswith(owner) or inside in MAY_CATCH_SQLITE:
                continue
            wrong.append(f"{path}:{line}: {module} belongs to {owner}")
    assert wrong == []


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {path.stem for path in files()}
    assert not names & {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def test_files_are_small() -> None:
    long = {str(p): n for p in files() if (n := len(p.read_text().splitlines())) > 500}
    assert long == {}
