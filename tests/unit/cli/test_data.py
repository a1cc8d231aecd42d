"""`docket state` and `docket queue` from a shell, and from within a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from docket import api
from tests.unit.cli.conftest import Docket, Told, repository

Calls = Callable[..., Told]

TASKS = """
tasks:
  counts:
    type: command
    env: {{PYTHONPATH: {root}}}
    command:
    - sh
    - -c
    - |
      docket="{python} -m docket"
      $docket state increment n >/dev/null
      $docket state items set seen "$($docket state get n)" --if-absent
      $docket queue push out "$DOCKET_RUN_ID" >/dev/null
      $docket state get n
"""
PYTHON = """
from docket.task import BaseTask, TaskResult

class Collect(BaseTask):
    name = "collect"

    def run(self, config):
        with self.queue("in").claim() as item:
            claimed = item and item.payload["n"]
        runs = self.state.increment("runs").value
        new = self.items("seen").add("it")
        details = {"runs": runs, "claimed": claimed, "new": new}
        return TaskResult(ok=True, summary="collected", details=details)
"""


@pytest.fixture
def home(docket: Docket, spawn: Docket, config: Callable[[str], Path]) -> Calls:
    """Call docket in a home with a config, and expect an exit code."""
    config("tasks: {t: {type: command, command: 'true'}}")

    def call(*words: str, expected: int = 0, stdin: str | None = None) -> Told:
        told = docket(*words) if stdin is None else spawn(*words, stdin=stdin.encode())
        assert told.code == expected, told
        return told

    return call


def test_a_value_comes_back_in_the_form_it_was_written_in(home: Calls) -> None:
    for word in ("plain words", "1.10", '{"a":1}', "007"):
        home("state", "set", "k", word, "--namespace", "t")
        assert home("state", "get", "k", "--namespace", "t").out == f"{word}\n"
    assert home("state", "get", "k", "--namespace", "t", "--json").document["value"] == "007"


def test_what_is_not_kept_is_exit_1_or_the_default(home: Calls) -> None:
    missing = home("state", "get", "k", "--namespace", "t", "--json", expected=1)
    assert missing.document["error_code"] == "data.absent"
    found = home("state", "get", "k", "--namespace", "t", "--default", "0")
    assert found.out == "0\n"


def test_a_value_is_set_only_over_the_version_that_was_read(home: Calls) -> None:
    where = ("--namespace", "t")
    version = home("state", "set", "k", "1", *where, "--json").document["version"]
    home("state", "set", "k", "2", *where, "--if-version", str(version))
    lost = home(
        "state", "set", "k", "3", *where, "--if-version", str(version), "--json", expected=1
    )
    assert lost.document["error_code"] == "data.conflict"
    assert lost.document["version"] > version


def test_questions_answer_by_their_exit_code(home: Calls) -> None:
    where = ("--namespace", "t")
    home("state", "items", "has", "seen", "1", *where, expected=1)
    home("state", "items", "set", "seen", "1", "--if-absent", *where)
    home("state", "items", "set", "seen", "1", "--if-absent", *where, expected=1)
    home("state", "items", "has", "seen", "1", *where)
    home("queue", "claim", "mail", expected=1)


def test_work_goes_through_a_queue_by_its_token(home: Calls) -> None:
    home("queue", "push", "mail", '{"to": "ada"}', "--key", "ada")
    again = home("queue", "push", "mail", "{}", "--key", "ada", "--json").document
    assert (again["pushed"], again["duplicates"]) == (0, 1)
    item = json.loads(home("queue", "claim", "mail").out)
    assert item["payload"] == {"to": "ada"}
    home("queue", "extend", "mail", item["token"], "--lease", "1h")
    failed = home("queue", "fail", "mail", item["token"], "--error", "no route", "--json").document
    assert (failed["state"], failed["error"], failed["token"]) == ("delayed", "no route", None)
    stale = home("queue", "done", "mail", item["token"], "--json", expected=1).document
    assert stale["error_code"] == "queue.stale_claim"


def test_lines_are_pushed_in_order_with_their_own_keys(home: Calls) -> None:
    lines = '{"id": 1}\n\n{"id": 2}\n{"id": 1}\n'
    words = ("queue", "push", "mail", "--ndjson", "--key-field", "id", "--json")
    done = home(*words, stdin=lines).document
    assert (done["pushed"], done["duplicates"]) == (2, 1)
    claimed = home("queue", "claim", "mail", "--count", "9", "--json").document
    assert [(one["payload"]["id"], one["key"]) for one in claimed] == [(1, "1"), (2, "2")]


def test_a_bad_line_is_named_and_how_many_went_before(home: Calls) -> None:
    lines = "1\n" * 500 + "nonsense\n"
    refused = home("queue", "push", "mail", "--ndjson", "--json", stdin=lines, expected=1).document
    assert refused["error_code"] == "data.refused"
    assert "Line 501" in refused["error"]
    assert "500 items were pushed" in refused["error"]
    assert home("queue", "stats", "mail", "--json").document[0]["waiting"] == 500


@pytest.mark.parametrize(
    "words",
    [
        ("state", "get", "k"),
        ("state", "set", "k", "--namespace", "t"),
        ("state", "items", "seen", "--namespace", "t"),
        ("state", "items", "prune", "seen", "--namespace", "t"),
        ("state", "increment", "k", "--by", "x", "--namespace", "t"),
        ("queue", "push", "mail"),
        ("queue", "push", "mail", "x", "--ndjson"),
        ("queue", "done", "mail"),
        ("queue", "purge", "mail"),
        ("queue", "retry", "mail", "x"),
        ("queue", "push", "mail", "x", "--delay", "1h", "--not-before", "tomorrow"),
    ],
)
def test_a_call_that_says_too_little_or_too_much_is_a_usage_error(
    home: Calls, words: tuple[str, ...]
) -> None:
    assert home(*words, "--json", expected=1).document["error_code"] == "usage"


@pytest.mark.parametrize(
    "words",
    [
        ("queue", "push", "../x", "1"),
        ("state", "set", "a\nb", "1", "--namespace", "t"),
        ("state", "set", "k", "[" * 5000 + "]" * 5000, "--namespace", "t"),
        ("state", "set", "k", "1", "--ttl", "0", "--namespace", "t"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_sentence(
    home: Calls, words: tuple[str, ...]
) -> None:
    assert home(*words, "--json", expected=1).document["error_code"] == "data.refused"


def test_purging_and_retrying_are_in_the_audit(home: Calls) -> None:
    home("queue", "push", "mail", "1")
    home("queue", "purge", "mail", "--state", "waiting")
    home("queue", "purge", "mail", "--state", "waiting")
    rows = [one for one in home("audit", "--json").document if one["verb"].startswith("queue")]
    assert [(one["verb"], one["after"]["items"]) for one in rows] == [("queue purge", 1)]


def test_a_command_keeps_state_of_its_own_task_and_finds_it_in_the_next_run(
    docket: Docket, config: Callable[[str], Path]
) -> None:
    config(TASKS.format(python=sys.executable, root=repository()))
    for number in (1, 2):
        outcome = docket("run", "counts", "--json").document
        assert outcome["details"]["stdout"].splitlines()[-1] == str(number), outcome
    assert docket("state", "get", "n", "--namespace", "counts").out == "2\n"
    count = docket("state", "items", "count", "seen", "--namespace", "counts", "--json").document
    assert count["count"] == 2
    assert docket("queue", "stats", "--json").document[0]["waiting"] == 2


def test_options_that_name_a_home_win_over_the_database_of_a_run(
    home: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home("state", "set", "k", "outside", "--namespace", "t")
    monkeypatch.setenv("DOCKET_DATA_PATH", str(tmp_path / "run" / "data.db"))
    monkeypatch.setenv("DOCKET_TASK_NAME", "t")
    home("state", "set", "k", "inside")
    assert home("state", "get", "k").out == "inside\n"
    assert home("--home", str(tmp_path / ".docket"), "state", "get", "k").out == "outside\n"


def test_a_python_task_has_state_collections_and_queues(
    docket: Docket, config: Callable[[str], Path]
) -> None:
    path = config("tasks: {collect: {}}")
    folder = path.parent / "tasks"
    folder.mkdir(mode=0o700)
    (folder / "collect.py").write_text(PYTHON)
    docket("queue", "push", "in", '{"n": 3}')
    for number, claimed in ((1, 3), (2, None)):
        details = docket("run", "collect", "--json").document["details"]
        assert (details["runs"], details["claimed"], details["new"]) == (
            number,
            claimed,
            number == 1,
        )
    assert docket("queue", "stats", "in", "--json").document[0]["done"] == 1


@pytest.mark.usefixtures("home")
def test_the_python_api_answers_as_the_commands_do(environ: dict[str, str]) -> None:
    assert environ["HOME"]
    kept = api.set_state("k", {"n": 1}, namespace="t", ttl=60)
    assert api.get_state("k", namespace="t") == kept
    assert api.increment_state("n", 2, namespace="t")["value"] == 2
    assert [one["key"] for one in api.list_state(namespace="t")] == ["k", "n"]
    assert api.delete_state("k", namespace="t")["count"] == 1
    with pytest.raises(api.DocketAPIError) as absent:
        api.get_state("k", namespace="t")
    assert absent.value.error_code == "data.absent"
    assert api.claim_items("mail") == []
    assert api.push_items("mail", ["a", {"b": 1}])["pushed"] == 2
    [item] = api.claim_items("mail")
    assert api.settle_item("mail", item["token"] or "", "release")["state"] == "waiting"
    with pytest.raises(api.DocketAPIError) as stale:
        api.settle_item("mail", item["token"] or "")
    assert stale.value.error_code == "queue.stale_claim"
    assert api.queue_stats("mail")[0]["waiting"] == 2
