"""Tasks of `conf.d` are installed as others are, and a broken file takes none of them away."""

from __future__ import annotations

import os

import pytest

from docket.app.catalog.compilation import compile_tasks, recompile
from docket.errors import BrokenTaskError, UnknownTaskError
from tests.unit.app.install.conftest import Home

TASK = "tasks:\n  photos: {type: command, command: [/bin/true], schedule: '0 3 * * *'}\n"
UNITS = ["docket-photos.service", "docket-photos.timer"]


def write_part(home: Home, text: str) -> str:
    directory = os.path.join(home.paths.home, "conf.d")
    os.makedirs(directory, mode=0o700, exist_ok=True)
    path = os.path.join(directory, "photos.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, 0o600)
    return path


@pytest.fixture
def part(home: Home) -> str:
    """The file of an installed task of `conf.d`; another task is in the config."""
    home.tasks(main="'@daily'")
    path = write_part(home, TASK)
    home.install()
    assert set(UNITS) < set(home.unit_files())
    return path


def test_a_broken_file_takes_no_task_of_it_away(home: Home, part: str) -> None:
    for text in ("tasks: [", "state_dir: x\n" + TASK, TASK.replace("command:", "comand:")):
        write_part(home, text)
        made = compile_tasks(home.session)
        assert "photos" in made.broken
        assert "main" in made.bundles
        report = home.install()
        assert set(UNITS) < set(home.unit_files())
        assert "photos" in {problem.task for problem in report.problems}
    os.chmod(part, 0o666)
    assert "photos" in compile_tasks(home.session).broken


def test_a_run_of_a_broken_files_task_goes_by_its_last_plan(home: Home, part: str) -> None:
    write_part(home, "tasks: [")
    with pytest.raises(BrokenTaskError, match="the file of the task cannot be used"):
        recompile(home.paths, home.environ, "photos")
    os.unlink(part)
    with pytest.raises(UnknownTaskError):
        recompile(home.paths, home.environ, "photos")


def test_a_file_that_is_gone_takes_its_tasks_with_it(home: Home, part: str) -> None:
    os.unlink(part)
    home.install()
    assert not set(UNITS) & set(home.unit_files())
    assert "docket-main.timer" in home.unit_files()


def test_a_changed_file_makes_only_its_own_plans_stale(home: Home, part: str) -> None:
    made = compile_tasks(home.session)
    sources = {name: {s.path for s in b.plan.sources} for name, b in made.bundles.items()}
    assert sources["photos"] == {part, home.paths.config}
    assert sources["main"] == {home.paths.config}
