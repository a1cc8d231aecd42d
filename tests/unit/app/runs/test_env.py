"""What a run finds in its environment, known before it, and from where each variable comes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.app.runs.env import MASKED, TaskEnvironment, environment
from docket.app.session.session import Session, open_session
from docket.errors import BrokenTaskError, DocketError, UnknownTaskError
from docket.model.unitstate import UnitVariables
from docket.paths import exec_command
from tests.contract.fake_units import FakeUnits
from tests.unit.app.conftest import Home

CONFIG = """
tasks:
  plain:
    type: command
    command: "true"
    schedule: "0 3 * * *"
    env: {COLOUR: green, LANG: de_DE.UTF-8, DOCKET_CONFIG: mine}
    env_file: FOLDER/a.env
    secrets: [MARKED]
  closed:
    type: command
    command: "true"
    env: {API: {from_credential: api}, API_FILE: {credential_path: api}}
    credentials: {api: FOLDER/api.key}
  lacking: {type: command, command: "true", env_file: FOLDER/none.env}
  broken: {type: command, retry: -1}
"""
FILE = "COLOUR=red\nHUE=a-word-of-nobody\nLANG=fr_FR.UTF-8\nTZ=Asia/Tokyo\n"


class Given(FakeUnits):
    """A manager that says what the test wants of every service."""

    found = UnitVariables(manager={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, loaded=True)

    def variables(self, name: str) -> UnitVariables:
        """Return what the test wants."""
        super().variables(name)
        return self.found


@pytest.fixture
def units(tmp_path: Path) -> Given:
    return Given(str(tmp_path / "units"), str(tmp_path / "stamps"))


@pytest.fixture
def session(home: Home, units: Given) -> Session:
    folder = home.paths.user_home
    home.file(f"{folder}/a.env", FILE)
    home.file(f"{folder}/api.key", "open-sesame-4711\n")
    home.config(CONFIG.replace("FOLDER", folder))
    units.found = Given.found.replace(files=(f"{folder}/a.env",))
    return open_session(home.environ).replace(units=lambda: units)


def look(session: Session, task: str = "plain") -> TaskEnvironment:
    return environment(session, exec_command(), task)


def values(found: TaskEnvironment) -> dict[str, tuple[str | None, str]]:
    return {one.name: (one.shown, one.source) for one in found.variables}


def test_each_variable_has_the_source_that_has_the_last_word(session: Session) -> None:
    found = values(look(session))
    assert found["PATH"] == ("/usr/bin:/bin", "manager")
    assert found["COLOUR"] == ("green", "env")
    assert found["LANG"] == ("de_DE.UTF-8", "env")
    assert found["TZ"] == ("Asia/Tokyo", "env_file")
    assert found["DOCKET_TASK_NAME"] == ("plain", "docket")
    assert found["DOCKET_CONFIG"] == (session.paths.config, "docket")
    assert found["INVOCATION_ID"] == (None, "unit")
    assert found["DOCKET_RUN_ID"] == (None, "docket")
    assert "HOME" not in found, "the caller's variables are none of the task's"


def test_the_lines_of_a_drop_in_count(session: Session, units: Given) -> None:
    units.found = units.found.replace(
        environment=("PATH=/opt/bin", "EXTRA=1"),
        unset=("LANG", "EXTRA=2"),
        directories={"RuntimeDirectory": ("one", "two:link")},
        manager={**units.found.manager, "XDG_RUNTIME_DIR": "/run/user/7"},
    )
    found = values(look(session))
    assert found["PATH"] == ("/opt/bin", "unit")
    assert found["EXTRA"] == ("1", "unit")
    assert found["RUNTIME_DIRECTORY"] == ("/run/user/7/one:/run/user/7/two", "unit")


def test_no_value_that_may_be_a_secret_is_shown(session: Session, units: Given) -> None:
    given = {"MY_TOKEN": "abc", "MARKED": "xyz", "URL": "https://joe:pw@example.org/"}
    units.found = units.found.replace(manager={**units.found.manager, **given})
    found = look(session)
    shown = values(found)
    for name in (*given, "HUE"):
        assert shown[name][0] == MASKED, name
    closed = values(look(session, "closed"))
    assert closed["API"] == (MASKED, "credential")
    ours = session.replace(environ={**session.environ, "URL": "https://ann:pw2@example.org/"})
    text = str([look(ours).document(), found.document()])
    for secret in ("joe", "ann:pw2", "xyz", "a-word-of-nobody"):
        assert secret not in text


def test_the_difference_to_the_caller_is_whole(session: Session) -> None:
    ours = session.replace(environ={**session.environ, "LANG": "en_GB.UTF-8", "EDITOR": "vi"})
    found = look(ours)
    assert ("LANG", "de_DE.UTF-8", "en_GB.UTF-8") in found.changed
    assert "EDITOR" in found.absent
    assert "COLOUR" in found.added
    names = {one.name for one in found.variables}
    same = names - set(found.added) - {name for name, _, _ in found.changed}
    assert same | {name for name, _, _ in found.changed} | set(found.absent) == set(ours.environ)


def test_without_a_manager_it_is_the_environment_of_a_run_here(
    session: Session, units: Given
) -> None:
    units.absent = True
    found = look(session)
    assert values(found)["HOME"] == (session.environ["HOME"], "caller")
    assert values(found)["HUE"] == (MASKED, "env_file")
    assert "No service manager answers" in found.warnings[0]


@pytest.mark.parametrize(
    ("task", "error", "code"),
    [
        ("lacking", DocketError, "env_file_missing"),
        ("broken", BrokenTaskError, "task.broken"),
        ("nope", UnknownTaskError, "task.unknown"),
        ("../x", DocketError, "task.name_refused"),
    ],
)
def test_what_a_run_would_be_refused_for_is_said(
    session: Session, task: str, error: type[DocketError], code: str
) -> None:
    with pytest.raises(error) as caught:
        look(session, task)
    assert caught.value.code == code


def test_a_file_in_which_systemd_reads_nothing_stops_nothing(
    session: Session, units: Given, tmp_path: Path
) -> None:
    hostile = tmp_path / "pipe"
    os.mkfifo(hostile)
    missing = str(tmp_path / "missing")
    units.found = units.found.replace(
        files=(*units.found.files, str(hostile), missing, "/dev/zero")
    )
    assert values(look(session))["TZ"] == ("Asia/Tokyo", "env_file")
