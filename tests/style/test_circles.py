"""No two files import each other, not even by way of others or lazily."""

from __future__ import annotations

import pytest

from tests.style.test_layers import PACKAGE, files, imports

# Rooms whose files have no circle.
ROOMS = ("store", "model")


def graph(room: str) -> dict[str, set[str]]:
    """Return, for each module of a room, the modules of the room that it imports."""
    modules = {}
    for path in files():
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        if parts[1] == room and path.name != "__init__.py":
            modules[".".join(parts)] = {module for _, module in imports(path)}
    return {name: found & modules.keys() for name, found in modules.items()}


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules of which each leads to all others of its group."""

    def reached(start: str) -> set[str]:
        found, left = set[str](), [start]
        while left:
            for module in arrows[left.pop()] - found:
                found.add(module)
                left.append(module)
        return found

    leads_to = {name: reached(name) for name in arrows}
    groups = {
        tuple(sorted(other for other in leads_to[name] if name in leads_to[other]))
        for name in arrows
        if name in leads_to[name]
    }
    return [list(group) for group in sorted(groups)]


@pytest.mark.parametrize("room", ROOMS)
def test_no_two_files_of_a_room_import_each_other(room: str) -> None:
    arrows = graph(room)
    assert len(arrows) > 10
    assert circles(arrows) == []
