"""Commands that change something: text and JSON of one and the same call show the same facts.

Called twice, such a command has two answers. So each is called once, and both forms are made of
what it came to. The service manager is the one in memory.
"""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from docket.app.session.session import Session
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.clickgroup import program
from docket.cli.commandtable import VERBS
from docket.cli.render.errors import beside_text
from docket.cli.render.layout.screen import Screen
from docket.model.rows import RunRow
from docket.model.runid import make_run_id
from docket.store.connection import Transaction
from docket.store.opening import open_for_writing
from docket.store.rows import write_run
from tests.contract.fake_units import FakeUnits
from tests.unit.cli.conftest import Docket
from tests.unit.cli.facts import names_in, unshown
from tests.unit.cli.test_same_facts import OF_COMMAND

TASKS = """
tasks:
  nightly: {type: command, command: [echo, hello], schedule: "30 2 * * *", on_success: "exit 4"}
  weekly: {type: command, command: "true", schedule: "@weekly", limits: {memory: 64M}}
  fails: {type: command, command: [sh, -c, "echo out of space >&2; exit 7"]}
  returns: {type: command, command: [echo, '{"copied": 12}'], output_format: json}
  told: {type: command, command: "true", notify: {webhook: {url: "http://127.0.0.1:9/x"}}}
  broken: {type: command, retry: -1}
"""
PROBLEMS = {r"problems\..*", r"warnings\..*"}  # in words and with their place, as `check` has them
UNITS = {  # which files it touched, in numbers; `--list` and `--diff` show each
    "(installed|count|created|unchanged|maintenance)",
    r"programs\..*",
}
RUN = {  # `status --run-id` shows the whole run
    r"(.*\.)?(details(\..*)?|sandbox)",
    r"(.*\.)?(exit_code|error_code|trigger|pid|unit|started_at|finished_at)",
    r"(.*\.)?(attempts|hooks)\..*",
    r"typical_duration\..*",  # `describe` has it
    r"(.*\.)?(log_path|cpu_seconds|output_bytes|peak_memory_bytes|duration_seconds|task_name)",
}
# They print what they are asked for, or serve, or open an editor.
WITHOUT_TWO_FORMS = {"completion", "configure", "edit", "help", "mcp", "schema"}
# What the text leaves out, by command, in the order in which they are called.
CALLS: dict[str, set[str]] = {
    "install": UNITS | PROBLEMS,
    "install --now": UNITS | PROBLEMS,
    "install --output-dir {out}/units": UNITS | PROBLEMS,
    "disable nightly": {"count"},
    "enable nightly": {"count"},
    "run returns": RUN,
    "run fails": RUN,
    "run nightly": RUN,
    "run nightly --dry-run": RUN | {"(run_id|dry_run.*|summary)"},
    "try returns": {"(error_code|sandbox)"},  # in words: why it failed, and without a sandbox
    "pause nightly": {"count"},
    "resume nightly": {"count"},
    "skip-next nightly": {"count"},
    "new-task written": {"next_steps"},  # the first is "Edit", with the path that it shows
    "add fresh --schedule @daily -- /bin/true": {"scheduled"},
    "remove fresh --install": {"installed"},
    "secret set tok": set(),
    "secret list": {"path"},
    "secret remove tok": set(),
    "setup-shell bash fish": set(),
    "setup-shell --remove": set(),
    "state set cursor 4711 --namespace nightly --ttl 1h": {"changed_at"},
    "state get cursor --namespace nightly": {"(namespace|key|version|changed_at|expires_at)"},
    "state increment calls --by 5 --namespace nightly": {"(namespace|key|version|changed_at)"},
    "state list --namespace nightly": {"namespace"},
    "state delete calls --namespace nightly": {"(action|count)"},
    "state items set seen b17 --if-absent --namespace nightly": {"(action|count)"},
    "state items has seen b17 --namespace nightly": {"(action|count)"},
    "state items count seen --namespace nightly": {"action"},
    "state items prune seen --keep 0 --namespace nightly": {"action"},
    "queue push mail words --key k17 --priority 3": {"(pushed|duplicates)"},
    "queue list mail": {"(queue|changed_at|token)"},
    "queue stats": {"queue"},
    "queue claim mail": set(),
    "queue purge mail --state claimed": {"action"},
    "maintain": set(),
    "db check": {"(action|bytes)"},
    "db backup {out}/copy.db": {"(action|path)"},
    "db repair": {"action"},
    "db compact": {"action"},
    "notify test told": {"task", r"channels\.(exit_code|duration_seconds)"},
    "import crontab {out}/crontab": {r"tasks\.proof\.fires"},
    "eject weekly": PROBLEMS,
    "eject nightly --output-dir {out}/ejected": PROBLEMS | {r"tasks\.units\..*"},
    "uninstall nightly": UNITS | PROBLEMS,
    "uninstall --all": UNITS | PROBLEMS,
}


class HeldCall(Call):
    """A call whose service manager is in memory."""

    units: FakeUnits

    def session(self) -> Session:
        """Open the session of the call."""
        return super().session().replace(units=lambda: self.units)


class Desk:
    """Calls commands and keeps the outcome of each."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self._environ = environ
        self._units = FakeUnits(
            f"{environ['HOME']}/.config/systemd/user",
            str(folder / "stamps"),
            time.time_ns() // 1000,
        )
        self._out = folder

    def call(self, words: str) -> Answer:
        """Call one command."""
        call = HeldCall(self._environ)
        call.units = self._units
        argv = words.format(out=self._out).split()
        group = program()
        with group.make_context("docket", argv, obj=call) as context:
            answer = group.invoke(context)
        assert isinstance(answer, Answer)
        return answer

    def forms(self, words: str) -> tuple[Any, str]:
        """Return the document and the text of one call."""
        answer = self.call(words)
        screen = Screen(width=None, colour=False, unicode=True, now_us=time.time_ns() // 1000)
        beside = beside_text(answer.problems, answer.warnings, screen)
        return answer.document, f"{answer.text(screen)}\n{beside}"


@pytest.fixture
def desk(
    environ: dict[str, str],
    docket: Docket,
    config: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Return a desk in a home with tasks, a run that is old, and a crontab to import."""
    config(TASKS)
    (tmp_path / "crontab").write_text("15 4 * * * /usr/bin/find /srv -name old\n")
    assert docket("run", "returns").code == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a value")))
    database = f"{tmp_path}/.docket/state.db"
    with closing(open_for_writing(database, 1.0)) as store, Transaction(store):
        old = RunRow(run_id=make_run_id(1, b"abcd"), task="weekly", trigger="timer", started_at=1)
        old.status, old.finished_at = "skipped", 2
        write_run(store, old)
    return Desk(environ, tmp_path)


def test_text_and_json_of_a_change_show_the_same(desk: Desk) -> None:
    for words, left_out in CALLS.items():
        document, text = desk.forms(words)
        assert {
            path: value
            for path, value in unshown(document, text, time.time_ns() // 1000).items()
            if not any(re.fullmatch(pattern, path) for pattern in left_out)
        } == {}, words
        assert names_in(text) - names_in(json.dumps(document)) == set(), words


def test_an_export_is_the_same_in_both_forms(desk: Desk, docket: Docket) -> None:
    del desk
    assert docket("db", "export").out == docket("db", "export", "--json").out


def test_every_command_is_compared() -> None:
    compared = {words.split()[0] for words in (*CALLS, *OF_COMMAND)}
    assert set(VERBS) - compared - WITHOUT_TWO_FORMS == set()
