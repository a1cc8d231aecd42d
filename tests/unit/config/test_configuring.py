"""Editing the configuration: a bad save never reaches it, and no text is ever lost."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

import pytest

from docket.app.editing.configure import (
    CheckReport,
    check,
    configure,
    create_if_missing,
    schema_text,
)
from docket.app.session.session import Session, open_session
from docket.config.schema import schema as schemas
from docket.errors import ConfigChangedError, ConfigMissingError, UnsafeFileError, UsageError
from tests.unit.config.config_home import ConfigHome

GOOD = "tasks:\n  a: {type: command, command: /bin/true}\n"
BAD = "tasks:\n  a: {type: command, comand: /bin/true}\n"


@pytest.fixture
def session(home: ConfigHome) -> Session:
    """A session in the home of the test."""
    return open_session(home.environ)


def writing(*texts: str) -> Callable[[str], None]:
    """Return an editor that saves these texts, one at each call."""
    left = list(texts)

    def edit(path: str) -> None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(left.pop(0))

    return edit


def never(_report: CheckReport) -> bool:
    raise AssertionError("nobody was to be asked")


def contents(home: ConfigHome) -> str:
    with open(home.paths.config, encoding="utf-8") as file:
        return file.read()


def files(home: ConfigHome) -> list[str]:
    """Return what lies in the home beside the record, in which each change has its row."""
    return sorted(name for name in os.listdir(home.directory) if not name.startswith("state.db"))


def test_a_first_configuration_is_private_valid_and_opens_with_the_schema(
    home: ConfigHome, session: Session
) -> None:
    os.rmdir(home.directory)
    previous = os.umask(0)
    try:
        assert create_if_missing(session)
    finally:
        os.umask(previous)
    assert not create_if_missing(session)
    assert stat.S_IMODE(os.stat(home.directory).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(home.paths.config).st_mode) == 0o600
    assert contents(home).startswith(f"# yaml-language-server: $schema={schemas.path()}\n")
    assert check(session).ok


def test_the_example_of_the_first_configuration_is_valid(
    home: ConfigHome, session: Session
) -> None:
    create_if_missing(session)
    lines = []
    for line in contents(home).splitlines():
        if line == "tasks: {}":
            lines.append("tasks:")
        elif lines and lines[-1] != "" and "tasks:" in lines and line.startswith("#"):
            lines.append(line[1:])
        else:
            lines.append(line)
    report_of = home.load("\n".join(lines) + "\n")
    assert report_of.problems == ()
    assert list(report_of.tasks) == ["photos"]


def test_a_valid_save_takes_the_place_of_the_configuration(
    home: ConfigHome, session: Session
) -> None:
    home.write("tasks: {}\n", 0o640)
    report = configure(session, writing(GOOD), never)
    assert (report.saved, report.created, report.kept) == (True, False, None)
    assert report.check.tasks == ("a",)
    assert contents(home) == GOOD
    assert stat.S_IMODE(os.stat(home.paths.config).st_mode) == 0o640
    assert files(home) == ["config.yaml"]


def test_the_editor_is_given_a_private_copy_with_a_yaml_name(
    home: ConfigHome, session: Session
) -> None:
    home.write(GOOD)
    seen: list[tuple[str, int, str]] = []

    def edit(path: str) -> None:
        with open(path, encoding="utf-8") as file:
            seen.append((path, stat.S_IMODE(os.stat(path).st_mode), file.read()))

    report = configure(session, edit, never)
    ((path, mode, text),) = seen
    assert path != home.paths.config
    assert path.endswith(".yaml")
    assert (mode, text) == (0o600, GOOD)
    assert (report.saved, report.check.ok) == (False, True)
    assert files(home) == ["config.yaml"]


def test_a_bad_save_is_kept_beside_and_changes_nothing(home: ConfigHome, session: Session) -> None:
    home.write(GOOD)
    asked: list[CheckReport] = []

    def again(report: CheckReport) -> bool:
        asked.append(report)
        return False

    report = configure(session, writing(BAD), again)
    assert contents(home) == GOOD
    assert report.kept == home.paths.config + ".rejected"
    with open(report.kept, encoding="utf-8") as file:
        assert file.read() == BAD
    assert stat.S_IMODE(os.stat(report.kept).st_mode) == 0o600
    marks = {p.mark.file for p in asked[0].problems if p.mark}
    assert marks == {home.paths.config}
    assert report.document()["ok"] is False


def test_an_earlier_rejected_text_is_never_covered(home: ConfigHome, session: Session) -> None:
    home.write(GOOD)
    first = configure(session, writing(BAD), lambda _report: False).kept
    second = configure(session, writing(BAD + "# more\n"), lambda _report: False).kept
    assert second == f"{first}.1"
    assert files(home) == ["config.yaml", "config.yaml.rejected", "config.yaml.rejected.1"]


def test_a_bad_save_can_be_edited_again_from_where_it_was(
    home: ConfigHome, session: Session
) -> None:
    home.write("tasks: {}\n")
    report = configure(session, writing(BAD, "a: [\n", GOOD), lambda _report: True)
    assert report.saved
    assert contents(home) == GOOD
    assert files(home) == ["config.yaml"]


def test_a_schedule_that_systemd_would_refuse_is_a_bad_save(
    home: ConfigHome, session: Session
) -> None:
    home.write(GOOD)
    text = "tasks:\n  a: {type: command, command: /bin/true, schedule: '61 * * * *'}\n"
    report = configure(session, writing(text), lambda _report: False)
    assert not report.saved
    assert report.check.problems[0].mark is not None


def test_an_editor_that_fails_loses_nothing(home: ConfigHome, session: Session) -> None:
    home.write(GOOD)

    def edit(path: str) -> None:
        writing(BAD)(path)
        raise UsageError("the editor failed")

    with pytest.raises(UsageError):
        configure(session, edit, never)
    assert contents(home) == GOOD
    assert files(home) == ["config.yaml", "config.yaml.rejected"]


def test_an_interrupt_before_a_change_leaves_nothing_behind(
    home: ConfigHome, session: Session
) -> None:
    home.write(GOOD)

    def edit(_path: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        configure(session, edit, never)
    assert files(home) == ["config.yaml"]


def test_a_change_by_somebody_else_meanwhile_is_noticed(home: ConfigHome, session: Session) -> None:
    home.write("tasks: {}\n")

    def edit(path: str) -> None:
        home.write("tasks: {}\n# the change of somebody else\n")
        writing(GOOD)(path)

    with pytest.raises(ConfigChangedError):
        configure(session, edit, never)
    assert "somebody else" in contents(home)
    with open(home.paths.config + ".rejected", encoding="utf-8") as file:
        assert file.read() == GOOD


def test_an_editor_that_replaces_or_removes_the_copy_is_understood(
    home: ConfigHome, session: Session
) -> None:
    home.write("tasks: {}\n")

    def replacing(path: str) -> None:
        with open(path + "~", "w", encoding="utf-8") as file:
            file.write(GOOD)
        os.chmod(path + "~", 0o664)
        os.replace(path + "~", path)

    assert configure(session, replacing, never).saved
    assert not configure(session, os.unlink, never).saved
    assert contents(home) == GOOD
    assert files(home) == ["config.yaml"]


def test_a_linked_configuration_stays_a_link(home: ConfigHome, session: Session) -> None:
    target = f"{home.user_home}/settings.yaml"
    path = home.write("tasks: {}\n")
    os.rename(path, target)
    os.symlink(target, path)
    assert configure(session, writing(GOOD), never).saved
    assert os.readlink(path) == target
    assert contents(home) == GOOD


def test_text_that_is_not_utf8_is_kept_byte_for_byte(home: ConfigHome, session: Session) -> None:
    home.write(GOOD)

    def edit(path: str) -> None:
        with open(path, "wb") as file:
            file.write(b"# caf\xe9\n")

    kept = configure(session, edit, lambda _report: False).kept
    assert kept is not None
    with open(kept, "rb") as file:
        assert file.read() == b"# caf\xe9\n"


def test_an_unsafe_configuration_is_not_edited(home: ConfigHome, session: Session) -> None:
    home.write(GOOD, 0o666)
    with pytest.raises(UnsafeFileError):
        configure(session, writing(GOOD), never)


def test_check_shows_problems_and_warnings_and_changes_nothing(
    home: ConfigHome, session: Session
) -> None:
    home.write("tasks:\n  a: {type: command, command: x, docket_bin: y}\n  b: {type: command}\n")
    report = check(session)
    assert not report.ok
    assert report.tasks == ("a",)
    assert [p.task for p in report.problems] == ["b"]
    assert "docket_bin" in report.warnings[0].sentence
    assert report.document()["problems"][0]["line"] == 3
    assert files(home) == ["config.yaml"]


def test_check_shows_wrong_schedules_of_tasks_that_have_other_mistakes_too(
    home: ConfigHome, session: Session
) -> None:
    task = "{type: command, command: x, schedule: ['61 * * * *', '@daily'], retry: x}"
    home.write(f"tasks:\n  a: {task}\n")
    assert len(check(session).problems) == 2
    home.write(f"bogus: 1\ntasks:\n  a: {task}\n")
    report = check(session)
    assert [p.task for p in report.problems] == [None, "a", "a"]
    assert report.problems[1].key == ("tasks", "a", "schedule", 0)


def test_check_of_a_file_that_does_not_parse_is_a_report_too(
    home: ConfigHome, session: Session
) -> None:
    home.write("a: [\n")
    report = check(session)
    assert (report.ok, report.savable, report.tasks) == (False, False, ())


def test_check_without_a_configuration_says_so(session: Session) -> None:
    with pytest.raises(ConfigMissingError):
        check(session)


def test_the_schema_is_printed_as_it_is_published() -> None:
    with open(schemas.path(), encoding="utf-8") as file:
        assert schema_text() == file.read()
