"""A follower that is installed by itself says which installed unit does not start it yet."""

from __future__ import annotations

import pytest

from tests.unit.app.install.conftest import Home

TASK = "{{type: command, command: [/bin/true]{more}}}"


def write(home: Home, **more: str) -> None:
    lines = [f"  {name}: {TASK.format(more=text)}" for name, text in more.items()]
    home.configure("tasks:\n" + "\n".join(lines) + "\n")


def notes(home: Home, *names: str) -> list[str]:
    report = home.install(*names)
    return [one.sentence for one in report.warnings if "does not start after" in one.sentence]


@pytest.fixture
def before(home: Home) -> Home:
    """A home with two tasks that are installed, before another follows the first."""
    write(home, build="", report=", depends_on: [build]")
    home.install()
    write(home, build="", report=", depends_on: [build]", deploy=", schedule: {after: build}")
    return home


def test_a_follower_alone_names_each_unit_that_does_not_start_it(before: Home) -> None:
    assert notes(before, "deploy") == [
        f"'deploy' does not start after '{name}' yet: the installed unit of '{name}' is from"
        " before."
        for name in ("build", "report")
    ]
    assert notes(before, "deploy", "build", "report") == []
    assert notes(before, "deploy") == []


def test_an_install_of_all_has_nothing_to_say(before: Home) -> None:
    assert notes(before) == []


def test_a_task_without_a_unit_starts_what_follows_it_by_itself(home: Home) -> None:
    write(home, build="", deploy=", schedule: {after: build}")
    assert notes(home, "deploy") == []
