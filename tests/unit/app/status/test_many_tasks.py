"""A thousand tasks cost a hundred times what ten do, not ten thousand times."""

from __future__ import annotations

import collections
import os
import sys
from collections.abc import Callable
from typing import Any

import pytest

from docket.app.catalog.compilation import compile_tasks, write_plan
from docket.app.doctor.doctor import examine
from docket.app.session.session import Session
from docket.app.status.health import health
from docket.app.status.list import list_tasks
from docket.app.status.status import status
from tests.unit.app.conftest import Home

ANSWERS: dict[str, Callable[[Session], Any]] = {
    "status": status,
    "health": health,
    "doctor": examine,
    "list": list_tasks,
}
FEW, MANY = 10, 80


@pytest.mark.parametrize("command", ANSWERS)
def test_the_work_grows_no_faster_than_the_tasks(
    command: str, homes: Callable[[str], Home]
) -> None:
    answer = ANSWERS[command]
    answer(_with_tasks(homes("first"), 1).session)  # read what is read once for all homes
    few, many = (_calls(answer, _with_tasks(homes(str(n)), n).session) for n in (FEW, MANY))
    assert many < few * MANY / FEW * 1.1


@pytest.mark.parametrize(("command", "most"), [("status", 2), ("health", 2), ("doctor", 1)])
def test_each_plan_is_read_once_and_once_more_by_the_look_for_missed_fires(
    command: str, most: int, home: Home
) -> None:
    session = _with_tasks(home, FEW).session
    opened = _opened(lambda: ANSWERS[command](session))
    read = {path: n for path, n in opened.items() if path.startswith(home.paths.plan_dir + "/t")}
    assert sorted(read) == sorted(home.paths.plan(f"t{n}") for n in range(FEW))
    assert max(read.values()) <= most


def _with_tasks(home: Home, number: int) -> Home:
    lines = (
        f"  t{n}: {{type: command, command: /bin/true, schedule: '{n % 60} 3 * * *'}}\n"
        for n in range(number)
    )
    home.config("tasks:\n" + "".join(lines))
    for bundle in compile_tasks(home.session).bundles.values():
        write_plan(home.session, bundle)
    return home


def _calls(answer: Callable[[Session], Any], session: Session) -> int:
    """Return how many functions an answer calls."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        answer(session)
    finally:
        sys.setprofile(before)
    return calls


_listeners: list[collections.Counter[str]] = []


def _note_opened(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and _listeners and isinstance(arguments[0], str | bytes | os.PathLike):
        _listeners[-1][os.fsdecode(arguments[0])] += 1


sys.addaudithook(_note_opened)


def _opened(action: Callable[[], Any]) -> collections.Counter[str]:
    """Return how often each file was opened by an action."""
    _listeners.append(collections.Counter())
    try:
        action()
    finally:
        opened = _listeners.pop()
    return opened
