"""The config as it was installed: taken from memory, and only if nothing changed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from docket.app.catalog.compilation import compile_tasks
from docket.app.catalog.configmemory import remember, remembered
from docket.model.task.packing import pack, unpack
from docket.model.task.task import Config
from tests.unit.app.conftest import Home

CONFIG = """
defaults:
  timeout: 2h
tasks:
  nightly:
    type: command
    command: [/bin/true, "x"]
    cwd: $WHERE/work
    schedule: ["0 3 * * *", {every: 2h}]
    overlap: queue
    once_per: day
    exit_codes: {3: noop}
    limits: {memory: 1G}
    notify: {on: [failure], webhook: {url: "https://example.org/x"}}
    on_failure: echo it failed
"""
DROP_IN = """
from docket.task import BaseTask, TaskResult

class Own(BaseTask):
    name = "own"
    def run(self, config):
        return TaskResult(True, "done")
"""


PART = "tasks: {extra: {type: command, command: /bin/true, credentials: {k: {secret: s}}}}"


def _install(home: Home, text: str = CONFIG) -> Config:
    home.environ["WHERE"] = "/srv"
    home.config(text)
    home.file(os.path.join(home.paths.task_dir, "own.py"), DROP_IN)
    home.file(os.path.join(home.paths.home, "conf.d", "extra.yaml"), PART)
    made = compile_tasks(home.session)
    remember(home.paths, made.config, made.variables, made.sources)
    return made.config


def test_what_is_remembered_is_what_was_loaded(home: Home) -> None:
    config = _install(home)
    assert {"nightly", "own", "extra"} <= config.tasks.keys()
    assert config.tasks["nightly"].cwd == "/srv/work"
    assert remembered(home.paths, home.environ) == config
    assert unpack(pack(config)) == config


def _edit_the_config(home: Home) -> None:
    home.config(CONFIG.replace("0 3", "0 4"))


def _touch_the_config(home: Home) -> None:
    os.utime(home.paths.config, ns=(1, 1))


def _let_others_write_the_config(home: Home) -> None:
    os.chmod(home.paths.config, 0o666)


def _let_others_write_its_directory(home: Home) -> None:
    os.chmod(home.paths.home, 0o777)


def _remove_the_config(home: Home) -> None:
    os.unlink(home.paths.config)


def _add_a_drop_in(home: Home) -> None:
    home.file(os.path.join(home.paths.task_dir, "more.py"), DROP_IN.replace("own", "more"))


def _edit_a_drop_in(home: Home) -> None:
    home.file(os.path.join(home.paths.task_dir, "own.py"), DROP_IN.replace('"own"', '"other"'))


def _remove_a_drop_in(home: Home) -> None:
    os.unlink(os.path.join(home.paths.task_dir, "own.py"))


def _change_a_variable(home: Home) -> None:
    home.environ["WHERE"] = "/mnt"


def _add_a_part(home: Home) -> None:
    home.file(os.path.join(home.paths.home, "conf.d", "more.yaml"), PART.replace("extra", "more"))


def _edit_a_part(home: Home) -> None:
    home.file(os.path.join(home.paths.home, "conf.d", "extra.yaml"), PART.replace("true", "false"))


def _remove_a_part(home: Home) -> None:
    os.unlink(os.path.join(home.paths.home, "conf.d", "extra.yaml"))


def _let_others_write_the_directory_of_parts(home: Home) -> None:
    os.chmod(os.path.join(home.paths.home, "conf.d"), 0o777)


def _let_others_write_the_memory(home: Home) -> None:
    os.chmod(os.path.join(home.paths.plan_dir, ".config.json"), 0o666)


def _spoil_the_memory(home: Home) -> None:
    Path(home.paths.plan_dir, ".config.json").write_text('{"variables": {}, "depends": 1}')


@pytest.mark.parametrize(
    "change",
    [
        _edit_the_config,
        _touch_the_config,
        _let_others_write_the_config,
        _let_others_write_its_directory,
        _remove_the_config,
        _add_a_drop_in,
        _edit_a_drop_in,
        _remove_a_drop_in,
        _change_a_variable,
        _add_a_part,
        _edit_a_part,
        _remove_a_part,
        _let_others_write_the_directory_of_parts,
        _let_others_write_the_memory,
        _spoil_the_memory,
    ],
)
def test_nothing_is_remembered_once_something_changed(
    home: Home, change: Callable[[Home], None]
) -> None:
    _install(home)
    change(home)
    assert remembered(home.paths, home.environ) is None


def test_a_variable_that_no_path_names_changes_nothing(home: Home) -> None:
    config = _install(home)
    home.environ["TOKEN"] = "of-nobodys-concern"
    assert remembered(home.paths, home.environ) == config
    kept = Path(home.paths.plan_dir, ".config.json").read_text()
    assert "PATH" not in kept


def test_a_config_with_mistakes_is_not_remembered(home: Home) -> None:
    _install(home, CONFIG + "  broken:\n    type: command\n")
    assert remembered(home.paths, home.environ) is None


def test_a_config_that_changed_while_it_was_compiled_is_not_remembered(home: Home) -> None:
    home.environ["WHERE"] = "/srv"
    home.config(CONFIG)
    made = compile_tasks(home.session)
    _edit_the_config(home)
    remember(home.paths, made.config, made.variables, made.sources)
    assert remembered(home.paths, home.environ) is None


@pytest.mark.parametrize("packed", [["record", "Popen", "x"], ["enum", "Task", "x"], ["set"], [1]])
def test_only_values_of_a_config_are_unpacked(packed: object) -> None:
    with pytest.raises(ValueError, match="not packed here"):
        unpack(packed)
