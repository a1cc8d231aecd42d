"""Values are records: a dataclass compiles its methods whenever its module is loaded."""

from __future__ import annotations

import re
from pathlib import Path

import docket

PEOPLES_OWN = {"task.py"}  # what task files of people build and replace


def test_no_module_but_the_interface_of_tasks_defines_dataclasses() -> None:
    house = Path(docket.__path__[0])
    imports = re.compile(r"^\s*(from|import) dataclasses\b", re.MULTILINE)
    found = {
        str(path.relative_to(house))
        for path in house.rglob("*.py")
        if imports.search(path.read_text(encoding="utf-8"))
    }
    assert found == PEOPLES_OWN
