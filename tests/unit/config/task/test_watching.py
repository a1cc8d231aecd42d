"""`path` of a schedule: what may be watched, and what is said of mistakes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.app.catalog.watchedpaths import doubts_of_paths
from docket.model.task.schedule import ScheduleKind, ScheduleSpec
from docket.model.task.task import Task
from tests.unit.config.config_home import ConfigHome

TASK = "tasks: {job: {type: command, command: /bin/true, schedule: %s}}\n"


def test_each_kind_of_path_is_read_beside_times_and_other_tasks(home: ConfigHome) -> None:
    text = """
      - "@daily"
      - {path: {changed: /srv/in box//}}
      - {path: [{exists: ~/flag}, {glob: "/srv/*.csv"}]}
      - {path: [{not_empty: /srv/in}, {modified: /var/log/app.log}]}
    """
    config = home.load(f"tasks:\n  job:\n    type: command\n    command: x\n    schedule:{text}\n")
    assert config.problems == ()
    task = config.tasks["job"]
    assert [(spec.text, spec.condition) for spec in task.paths] == [
        ("/srv/in box", "changed"),
        (f"{home.user_home}/flag", "exists"),
        ("/srv/*.csv", "glob"),
        ("/srv/in", "not_empty"),
        ("/var/log/app.log", "modified"),
    ]
    assert [spec.repeats for spec in task.paths] == [False, True, True, True, False]
    assert task.schedule_texts[:2] == ("@daily", "when /srv/in box changes")
    assert [spec.kind for spec in task.timed] == [ScheduleKind.CRON]


@pytest.mark.parametrize(
    ("schedule", "words", "hint"),
    [
        ("{path: {changed: inbox}}", "watches absolute paths only", "inbox`, if the path beside"),
        ("{path: {change: /srv}}", "there is no key `change`", "did you mean `changed`?"),
        ("{path: {changed: /srv, exists: /run}}", "not 2 of them", ""),
        ("{path: /srv}", "must be a mapping with exactly one of `changed`", ""),
        ("{path: []}", "`schedule.path`", ""),
        ("{path: [{changed: ''}]}", "must be an absolute path, not an empty text", ""),
        ("{path: {exists: $NO_SUCH_NAME/x}}", "`NO_SUCH_NAME` is not set", "write the path out"),
        ("{path: {exists: /%s}}" % ("x" * 4100), "longer than 4095 bytes", ""),
        ("{paths: {exists: /x}}", "there is no key `paths`", "did you mean `path`?"),
    ],
)
def test_a_path_that_cannot_be_watched_is_refused_with_the_way_out(
    home: ConfigHome, schedule: str, words: str, hint: str
) -> None:
    (problem,) = home.load(TASK % schedule).problems
    assert words in problem.sentence
    assert hint in (problem.hint or "")
    assert problem.task == "job"


def test_a_relative_path_is_offered_as_the_one_beside_the_config(home: ConfigHome) -> None:
    (problem,) = home.load(TASK % "{path: {changed: ./in}}").problems
    beside = os.path.join(os.path.dirname(home.paths.config), "in")
    assert problem.hint == f"write `{beside}`, if the path beside the config is meant"


def _task(*paths: tuple[str, str], enabled: bool = True) -> Task:
    specs = tuple(ScheduleSpec(ScheduleKind.PATH, path, (), kind) for path, kind in paths)
    return Task("job", "", {}, schedules=specs, enabled=enabled)


def test_a_flag_that_is_there_already_is_warned_of(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    task = _task((str(flag), "exists"), (str(tmp_path), "changed"), (str(tmp_path), "not_empty"))
    assert list(doubts_of_paths(task, system=False)) == []
    flag.touch()
    (doubt,) = doubts_of_paths(task, system=False)
    assert f"{flag} exists now" in doubt
    off = _task((str(flag), "exists"), enabled=False)
    assert list(doubts_of_paths(off, system=False)) == []


def test_what_a_user_cannot_see_is_warned_of_in_the_user_scope_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    monkeypatch.setattr(os, "access", lambda path, _mode: str(path) != str(closed))
    task = _task((f"{closed}/in/x", "changed"), (f"{tmp_path}/*/in", "glob"))
    (doubt,) = doubts_of_paths(task, system=False)
    assert f"{closed} is closed to you" in doubt
    assert list(doubts_of_paths(task, system=True)) == []
