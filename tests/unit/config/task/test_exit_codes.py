"""Keys about exit codes where the task has none: a warning says what becomes of them."""

from __future__ import annotations

import pytest

from docket.config.yaml.codes import Code
from docket.model.task.taskclass import TaskClass
from docket.tasks.builtin import BUILT_IN
from tests.unit.config.config_home import ConfigHome, place

_OWN = TaskClass("own", "Own", "/own.py", outputs={"count": "How many"})


@pytest.mark.parametrize("line", ["exit_codes: {'3': warn}", "success_exit_codes: [0, 3]"])
def test_a_task_without_an_exit_code_has_no_use_for_what_one_means(
    home: ConfigHome, line: str
) -> None:
    config = home.load(f"tasks:\n  health-check:\n    {line}\n", BUILT_IN)
    (warning,) = config.warnings
    assert warning.code is Code.IGNORED
    assert "has no effect: health-check runs no program" in warning.sentence
    assert place(warning)[0] == 3


@pytest.mark.parametrize(
    "text",
    [
        "tasks:\n  disks: {type: health-check, retry: 2, retry_on: [1]}\n",
        "defaults: {retry: 2, retry_on: [1]}\ntasks:\n  disks: {type: health-check}\n",
    ],
)
def test_retries_that_wait_for_an_exit_code_which_never_comes_are_named(
    home: ConfigHome, text: str
) -> None:
    (warning,) = home.load(text, BUILT_IN).warnings
    assert "`retry_on` keeps task 'disks' from any retry" in warning.sentence
    assert warning.hint == "`retry_on: []` retries each failure"


@pytest.mark.parametrize(
    "task",
    [
        "disks: {type: health-check, retry: 2, retry_on: []}",
        "disks: {type: health-check, retry_on: [1]}",
        "copy: {type: backup, exit_codes: {'23': warn}, retry: 1, retry_on: [30]}",
        "hbackup: {success_exit_codes: [0, 1]}",
        "mine: {exit_codes: {'3': warn}}",
    ],
)
def test_where_they_may_have_an_effect_nothing_is_said(home: ConfigHome, task: str) -> None:
    silent = TaskClass("mine", "Mine", "/mine.py")  # says nothing of its outputs
    assert home.load(f"tasks:\n  {task}\n", (*BUILT_IN, silent)).warnings == ()


def test_defaults_for_commands_are_no_mistake_of_a_health_check(home: ConfigHome) -> None:
    text = "defaults: {exit_codes: {'75': retry}}\ntasks:\n  health-check: {}\n"
    assert home.load(text, BUILT_IN).warnings == ()


def test_a_class_that_lists_its_outputs_is_taken_at_its_word(home: ConfigHome) -> None:
    (warning,) = home.load("tasks:\n  own: {exit_codes: {'3': warn}}\n", (_OWN,)).warnings
    assert "own returns no `exit_code`, by the `outputs` of its class" in warning.sentence
    assert warning.hint == "if its `details` have `exit_code`, name it in `outputs`"


def test_a_key_of_that_name_which_the_class_reads_itself_is_its_own(home: ConfigHome) -> None:
    own = _OWN.replace(inputs={"exit_codes": "The codes of the doors"})
    assert home.load("tasks:\n  own: {exit_codes: {'3': warn}}\n", (own,)).warnings == ()
