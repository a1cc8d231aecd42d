"""Each change that a command makes is a row: who, when, what, from what to what; and no secret."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docket.app.editing.configure import configure
from docket.app.editing.new_task import new_task
from docket.app.editing.parts import add_task, edit_task, remove_task
from docket.app.editing.secret import remove_secret, set_secret
from docket.app.fires.maintain import maintain
from docket.app.fires.pause import pause, resume, skip_next
from docket.app.history.audit import audit
from docket.app.install.eject import replace_installed
from docket.app.install.removal import disable, enable, uninstall
from docket.app.session.session import Session
from docket.model.records import AuditRecord
from docket.store.maintenance.prunenotes import RUNS, write_note
from docket.store.opening import open_for_writing
from docket.store.orders.audit import ChangeRow, Who, caller, write_changes
from tests.unit.app.install.conftest import NOW_US, Home

DAY_US = 86_400_000_000
SECRET = "open-sesame-4711"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.tasks(a='"0 3 * * *"')
    return made


def rows(home: Home, task: str | None = None) -> list[AuditRecord]:
    """Return all changes, oldest first."""
    return [*reversed(audit(home.session, task, 1000).rows)]


def verbs(home: Home) -> list[tuple[str, str | None]]:
    return [(row.verb, row.task) for row in rows(home)]


def test_installing_and_switching_leaves_a_row_for_each_task(home: Home) -> None:
    home.install(now=True)
    home.install(now=True)
    disable(home.session, ["a"])
    enable(home.session, ["a"])
    uninstall(home.session, everything=True)
    assert verbs(home) == [
        ("install", "a"),
        ("install", "maintenance"),
        ("disable", "a"),
        ("enable", "a"),
        ("uninstall", "a"),
        ("uninstall", "maintenance"),
    ]
    first, _, off, on, gone, _ = rows(home)
    assert first.before == {
        "docket-a.service": None,
        "docket-a.timer": None,
        "enabled": False,
    }
    assert first.after["enabled"] is True
    assert (off.before, off.after) == ({"docket-a.timer": True}, {"docket-a.timer": False})
    assert (on.before, on.after) == (off.after, off.before)
    assert gone.before == {"units": ["docket-a.service", "docket-a.timer"]}


def test_orders_say_what_they_replace(home: Home) -> None:
    pause(home.session, ["a"], NOW_US + DAY_US, "a holiday")
    skip_next(home.session, ["a"], 2)
    resume(home.session, ["a"])
    first, second, third = rows(home, "a")
    assert (first.verb, first.before) == ("pause", {})
    assert first.after["pause"]["until"] == NOW_US + DAY_US
    assert second.before == first.after
    assert (third.verb, third.before, third.after) == ("resume", second.after, {})


def test_edits_are_known_by_hashes_and_not_by_contents(home: Home) -> None:
    entry = {"type": "command", "command": ["/bin/echo", SECRET]}
    add_task(home.session, "new", entry)
    edit_task(home.session, "new", lambda path: _append(path, "# more\n"), lambda _report: False)
    configure(home.session, lambda path: _append(path, f"# {SECRET}\n"), lambda _report: False)
    configure(home.session, lambda _path: None, lambda _report: False)
    remove_task(home.session, "new")
    assert verbs(home) == [
        ("add", "new"),
        ("edit", "new"),
        ("configure", None),
        ("remove", "new"),
    ]
    added, edited, _, removed = rows(home)
    assert added.before is None
    assert edited.before == added.after != edited.after
    assert (removed.before, removed.after) == (edited.after, None)
    assert SECRET.encode() not in Path(home.paths.state_db).read_bytes()


def test_a_new_task_has_a_row_for_each_of_its_files_and_the_first_config_one(home: Home) -> None:
    os.unlink(home.paths.config)
    new_task(home.session, "fresh")
    new_task(home.session, "fresh", force=True)
    assert verbs(home) == [("configure", None), ("new-task", "fresh"), ("new-task", "fresh")]
    config, test, task = rows(home)
    assert (config.before, config.after["file"]) == (None, home.paths.config)
    assert {os.path.basename(one.after["file"]) for one in (test, task)} == {
        "fresh.py",
        "test_fresh.py",
    }


def test_what_is_ejected_in_place_has_a_row_beside_that_of_the_removal(home: Home) -> None:
    home.install()
    replace_installed(home.session, ["a"])
    uninstalled, ejected = (row for row in rows(home, "a") if row.verb != "install")
    assert (uninstalled.verb, ejected.verb) == ("uninstall", "eject")
    assert [os.path.basename(path) for path in ejected.after["plain_units"]] == [
        "a.service",
        "a.timer",
    ]


def test_turning_linger_on_has_a_row_and_asking_for_it_again_none(home: Home) -> None:
    home.units.lingering = False
    home.install(linger=True)
    home.install(linger=True)
    [row] = [row for row in rows(home) if row.verb == "linger"]
    assert (row.before, row.after) == ({"linger": False}, {"linger": True})


def test_no_value_of_a_secret_is_in_a_row(home: Home) -> None:
    set_secret(home.session, "api", SECRET.encode())
    set_secret(home.session, "api", SECRET.encode())
    remove_secret(home.session, "api")
    assert verbs(home) == [("secret set", None), ("secret set", None), ("secret remove", None)]
    documents = audit(home.session).document()
    assert [one["before"] for one in documents][-1] == {"name": "api", "kept": False}
    assert SECRET not in json.dumps(documents)
    for file in Path(home.paths.home).rglob("state.db*"):
        assert SECRET.encode() not in file.read_bytes()


def test_a_secret_in_a_reason_is_not_shown(home: Home) -> None:
    pause(home.session, ["a"], None, f"token={SECRET}")
    assert SECRET not in json.dumps(audit(home.session).document())


def test_a_row_says_who_it_was_by_which_tool(home: Home) -> None:
    for tool in ("cli", "mcp", "api"):
        session = home.session.replace(tool=tool)
        pause(session, ["a"])
    assert [row.tool for row in rows(home)] == ["cli", "mcp", "api"]
    assert {row.uid for row in rows(home)} == {os.getuid()}
    assert caller("cli").login_uid in (None, *range(2**16))
    write_changes(home.paths.state_db, NOW_US, Who(0, 1000, "cli"), [_row("x")])
    assert rows(home)[-1].login_uid == 1000


@pytest.fixture
def held(home: Home) -> Iterator[sqlite3.Connection]:
    """Somebody who holds the database for long."""
    with closing(open_for_writing(home.paths.state_db, 1.0)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection
        connection.execute("ROLLBACK")


def test_a_change_that_cannot_be_recorded_is_made_and_says_so(
    home: Home, held: sqlite3.Connection
) -> None:
    assert held.in_transaction
    set_secret(home.session, "api", SECRET.encode())
    assert os.path.exists(os.path.join(home.paths.secret_dir, "api"))
    [notice] = home.session.notices
    assert notice.startswith("The change is made, and who made it is not in the record: ")
    assert "locked" in notice
    assert SECRET not in notice


@pytest.mark.parametrize("odd", ["directory", "link", "garbage"])
def test_an_odd_thing_in_the_place_of_the_record_stops_no_change(home: Home, odd: str) -> None:
    place = Path(home.paths.state_db)
    if odd == "directory":
        place.mkdir()
    elif odd == "link":
        place.symlink_to("/dev/zero")
    else:
        place.write_bytes(b"no database" * 1000)
    home.session.notices.clear()
    set_secret(home.session, "api", SECRET.encode())
    assert len(home.session.notices) == 1


def test_a_session_that_keeps_nothing_notes_nothing(home: Home) -> None:
    looking: Session = home.session.replace(keeps=False)
    set_secret(looking, "api", SECRET.encode())
    assert not os.path.exists(home.paths.state_db)


def test_changes_are_forgotten_after_the_retention_and_notes_stay(home: Home) -> None:
    task = "{type: command, command: /bin/true}"
    home.configure(f"defaults: {{retention: {{days: 30}}}}\ntasks: {{a: {task}}}\n")
    path = home.paths.state_db
    write_changes(path, NOW_US - 31 * DAY_US, caller("cli"), [_row("old")])
    write_changes(path, NOW_US - 29 * DAY_US, caller("cli"), [_row("young")])
    with closing(open_for_writing(path, 1.0)) as connection:
        write_note(connection, RUNS, "gone", NOW_US - 300 * DAY_US, {"count": 1})
    maintain(home.session)
    assert {row.task for row in rows(home)} == {"young", "gone"}
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_the_list_is_of_one_task_and_since_an_instant(home: Home) -> None:
    path = home.paths.state_db
    for at in range(5):
        write_changes(path, NOW_US + at, caller("cli"), [_row("a"), _row("b")])
    assert len(audit(home.session, "a", 100).rows) == 5
    assert len(audit(home.session, None, 100, NOW_US + 3).rows) == 4
    newest = audit(home.session, None, 1).rows
    assert [(row.task, row.at_us) for row in newest] == [("b", NOW_US + 4)]


def test_hostile_rows_are_shown_and_stop_nothing(home: Home) -> None:
    write_changes(home.paths.state_db, NOW_US, caller("cli"), [_row("a")])
    with closing(sqlite3.connect(home.paths.state_db)) as connection, connection:
        connection.execute(
            "INSERT INTO audit (at, uid, login_uid, tool, verb, task, details) "
            "VALUES ('x', 'y', 'z', x'ff', '\x1b[31m', 5, '[[[')"
        )
    assert len(audit(home.session, None, 100).document()) == 2


def _row(task: str) -> ChangeRow:
    return ChangeRow("enable", task, {"on": False}, {"on": True})


def _append(path: str, text: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)
