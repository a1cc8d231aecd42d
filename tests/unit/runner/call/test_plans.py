"""A plan is obeyed while it is fresh, made again when it is not, and kept when that fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.unit.runner.runner_home import Home, source_of

GOOD = "tasks:\n  job:\n    type: command\n    command: [/bin/echo, {word}]\n"


def write_config(home: Home, text: str) -> Path:
    config = home.path / "config.yaml"
    config.write_text(text)
    config.chmod(0o600)
    return config


def test_a_task_that_was_never_compiled_is_compiled(home: Home) -> None:
    write_config(home, GOOD.format(word="one"))
    done = home.run("job")
    assert (done.returncode, done.stdout) == (0, b"one\n"), done.stderr


def test_a_changed_config_is_obeyed_at_the_next_run(home: Home) -> None:
    write_config(home, GOOD.format(word="one"))
    home.run("job")
    write_config(home, GOOD.format(word="another"))
    assert home.run("job").stdout == b"another\n"


@pytest.mark.parametrize(
    "broken", ["tasks: [", "tasks:\n  job:\n    type: comand\n    command: [/bin/true]\n"]
)
def test_a_broken_config_runs_the_last_good_plan_and_says_so(home: Home, broken: str) -> None:
    write_config(home, GOOD.format(word="one"))
    home.run("job")
    write_config(home, broken)
    result = home.result("job")
    assert result["status"] == "succeeded"
    assert result["details"]["stdout"] == "one\n"
    assert result["details"]["plan_warning"]
    assert result["warnings"] == [result["details"]["plan_warning"]]


def test_a_config_that_is_gone_runs_the_last_good_plan(home: Home) -> None:
    config = write_config(home, GOOD.format(word="one"))
    home.run("job")
    config.unlink()
    assert home.result("job")["status"] == "succeeded"


def test_a_task_that_was_removed_is_skipped_with_the_reason(home: Home) -> None:
    write_config(home, GOOD.format(word="one"))
    home.run("job")
    write_config(home, GOOD.format(word="one").replace("job:", "other:"))
    result = home.result("job")
    assert (result["status"], result["error_code"]) == ("skipped", "task_removed")


def test_a_missing_plan_and_config_give_one_sentence(home: Home) -> None:
    done = home.run("job")
    assert done.returncode == 1
    assert done.stderr.startswith(b"docket: ")
    assert b"Traceback" not in done.stderr


def test_an_error_before_the_run_is_handed_over_too(home: Home) -> None:
    document = home.result("job")
    assert (document["ok"], document["returncode"]) == (False, 1)
    assert document["error_code"] == "config.missing"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"plan_version": 99}', '{"plan_version": 1}'])
def test_a_torn_plan_is_made_again(home: Home, text: str) -> None:
    write_config(home, GOOD.format(word="one"))
    home.run("job")
    (home.path / "plans" / "job.json").write_text(text)
    assert home.run("job").stdout == b"one\n"


def test_a_plan_that_others_can_write_is_refused(home: Home) -> None:
    home.plan("job", "/bin/true")
    (home.path / "plans" / "job.json").chmod(0o666)
    done = home.run("job")
    assert done.returncode == 1
    assert b"can be written by others" in done.stderr
    assert not home.state_db.exists()


def test_a_source_that_changed_makes_the_plan_stale(home: Home) -> None:
    config = write_config(home, GOOD.format(word="fresh"))
    home.plan("job", "/bin/echo", "planned", sources=[source_of(config)])
    assert home.run("job").stdout == b"planned\n"
    config.write_text(GOOD.format(word="fresher"))
    assert home.run("job").stdout == b"fresher\n"


def test_a_plan_whose_locks_are_where_others_can_write_is_not_obeyed(
    home: Home, tmp_path: Path
) -> None:
    config = write_config(home, GOOD.format(word="fresh"))
    others = tmp_path / "others"
    others.mkdir()
    home.lock_dir = others
    home.plan("job", "/bin/echo", "planned", sources=[source_of(config)])
    assert home.run("job").stdout == b"planned\n"
    for entry in others.iterdir():
        shutil.rmtree(entry)
    others.chmod(0o777)
    assert home.run("job").stdout == b"fresh\n"
    assert list(others.iterdir()) == []
    again = json.loads((home.path / "plans" / "job.json").read_text())
    assert again["lock_dir"] != str(others)
