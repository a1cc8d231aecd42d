"""A planted secret is searched for, byte by byte, after a full tour of the commands."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from docket.model.text.secretnames import REDACTED
from tests.unit.runner.runner_home import wait_until
from tests.unit.tour import planted
from tests.unit.tour.commands import SPOKEN_RUNS, TOUR, untoured
from tests.unit.tour.loopback import Received, receiving
from tests.warm import called

ROOT = str(Path(__file__).parents[3])
ALLOWED = {
    "/.docket/config.yaml": planted.SPELLED_OUT,
    "/.docket/plans/": planted.SPELLED_OUT,
    "/report.env": planted.IN_ENV_FILE,
    "/crontab": ["a variable of a crontab"],
}


class Said(NamedTuple):
    words: str
    code: int
    out: bytes
    err: bytes


class Traveller:
    """Somebody with planted secrets who calls one command after another."""

    def __init__(self, home: Path, server: Received) -> None:
        self.home = home
        self.server = server
        runtime = home / "runtime"
        runtime.mkdir(mode=0o700)
        self.environ = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "XDG_RUNTIME_DIR": str(runtime),
            "DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null/no-bus",
            "EDITOR": "true",
            "TMPDIR": str(home),
            **planted.variables(server.url),
        }
        self.said: list[Said] = []
        self._known: dict[str, str] = {"parameter": planted.PARAMETER, "out": str(home / "out")}
        self._known["crontab"] = str(home / "crontab")

    def call(self, words: str, *options: str) -> Said:
        """Call docket once and keep what it said."""
        self._known |= {"n": str(len(self.said)), "key": f"key-{len(self.said) // 2}"}
        argv = words.format(**self._known).split()
        done = called([*argv, *options], self.environ, ROOT)
        said = Said(" ".join((words, *options)), done.returncode, done.stdout, done.stderr)
        self.said.append(said)
        return said

    def remember(self, name: str, words: str) -> None:
        """Call docket and keep the id of the run in its answer."""
        self._known[name] = json.loads(self.call(words, "--json").out)["run_id"]

    def tour(self) -> None:
        """Call every command, for people and for agents."""
        self.remember("run", "run text")
        self.remember("fail", "run fail")
        self.remember("lines", "run lines")
        self.remember("telling", "run telling")
        self.remember("slow", "run slow --async --launcher direct --param token={parameter}")
        for calls in TOUR.values():
            for words in calls:
                self.call(words, "--json", "-vv")
                if not words.startswith("run ") or words in SPOKEN_RUNS:
                    self.call(words, "-v")

    def leaks(self) -> list[str]:
        """Return where secrets were found."""
        files = planted.leaking_files(self.home, ALLOWED)
        spoken = [
            f"{said.words}: {', '.join(held)}"
            for said in self.said
            if (held := planted.leaks(said.out + said.err))
        ]
        return [*files, *spoken]


@pytest.fixture(scope="module")
def traveller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traveller]:
    home = tmp_path_factory.mktemp("traveller")
    with receiving() as server:
        planted.plant(home, server.url)
        found = Traveller(home, server)
        found.tour()
        yield found


def test_every_command_is_on_the_tour() -> None:
    """A command that is new has to be put into tests/unit/tour/commands.py."""
    assert untoured() == set()


def test_no_planted_secret_is_found_where_it_does_not_belong(traveller: Traveller) -> None:
    """Contract section 2, Secrets: all of it."""
    assert traveller.leaks() == []


def test_the_secrets_were_really_printed_and_masked(traveller: Traveller) -> None:
    """The search would also find nothing if the tasks had printed nothing."""
    by_words = {said.words: said for said in traveller.said}
    text = json.loads(by_words["run text --json"].out)["details"]
    assert text["stdout"].count(REDACTED) > 60
    assert text["result"]["known"].count(REDACTED) >= 6
    lines = json.loads(by_words["run lines --json"].out)["details"]
    shown = {event["event"] for event in lines["events"]}
    assert {text for text in shown if not text.startswith(REDACTED)} == {"verbosely"}
    failed = json.loads(by_words["run fail --json"].out)
    assert failed["summary"].endswith(f"--token {REDACTED})")
    assert any(REDACTED in hook["stdout"] for hook in failed["hooks"])
    raised = json.loads(by_words["run raising --json -vv"].out)
    assert raised["summary"].count(REDACTED) == 2
    assert "verbosely" in text["stdout"]


def test_the_calls_of_the_tour_did_what_they_are_for(traveller: Traveller) -> None:
    refused = {
        said.words
        for said in traveller.said
        if said.code not in (0, 2) and "fail" not in said.words and "raising" not in said.words
    }
    expected = ("run broken", "describe broken", "nope=", "cancel", "enable", "disable", "check")
    more = ("doctor", "install", "uninstall", "slow", "other-than-that", "configure")
    odd = ("new-task telling", "health --check", "eject telling", "notify test")
    new = (
        "remove nothing",
        "edit text",
        "policy broken",
        "try text",
        "try broken",
        "advise broken",
        "queue done mail",
    )
    known = (*expected, *more, *odd, *new)
    assert not [words for words in refused if not any(word in words for word in known)]
    traced = [said.words for said in traveller.said if b"Traceback" in said.out + said.err]
    assert [words for words in traced if "raising" not in words] == []  # that one is the task's


@pytest.mark.parametrize("words", ["describe text", "describe telling", "capabilities"])
def test_the_config_is_shown_without_its_secrets(traveller: Traveller, words: str) -> None:
    """Contract section 2, Secrets: describe and capabilities print env, bot_token, webhook_url."""
    for said in traveller.said:
        if said.words.startswith(words):
            assert planted.leaks(said.out + said.err) == []
    shown = next(
        said.out.decode() for said in traveller.said if said.words == f"{words} --json -vv"
    )
    assert REDACTED in shown


@pytest.mark.parametrize("words", ["list", "status", "runs", "runs fail --limit 50"])
def test_what_a_run_printed_is_shown_masked(traveller: Traveller, words: str) -> None:
    """Contract section 2, Secrets: list, status and runs return the stored output."""
    said = next(said for said in traveller.said if said.words == f"{words} --json -vv")
    assert json.loads(said.out)
    assert planted.leaks(said.out) == []


def test_logs_are_private_and_masked(traveller: Traveller) -> None:
    """Contract section 2, Secrets: log files of mode 0644 contain the payload."""
    logs = [path for path in (traveller.home / ".docket" / "logs").iterdir() if path.is_file()]
    assert logs
    for path in logs:
        assert path.stat().st_mode & 0o777 == 0o600
        assert planted.leaks(path.read_bytes()) == []
    assert any(REDACTED.encode() in path.read_bytes() for path in logs)


def test_the_database_holds_the_output_masked(traveller: Traveller) -> None:
    """Contract section 2, Secrets: output with the token is stored in the database in clear."""
    data = b"".join(path.read_bytes() for path in (traveller.home / ".docket").glob("state.db*"))
    assert REDACTED.encode() in data
    assert planted.leaks(data) == []


def test_notifications_and_agents_get_masked_texts(traveller: Traveller) -> None:
    """Contract section 2, Secrets: the label of an agent hook contains the resolved address."""
    bodies = b"\n".join(traveller.server.bodies)
    assert bodies.count(REDACTED.encode()) > 20
    assert planted.leaks(bodies) == []
    mails = (traveller.home / "mails").read_bytes()
    assert REDACTED.encode() in mails
    told = {path.partition("?")[0] for path in traveller.server.paths}
    ways = {planted.HOOK_PATH, planted.SLACK_PATH, planted.AGENT_PATH, "/sink", planted.PING_PATH}
    assert ways - told == set()
    assert any(planted.BOT in path for path in told)
    failed = json.loads(next(s.out for s in traveller.said if s.words == "run fail --json"))
    labels = [hook["command"] for hook in failed["hooks"]]
    assert any(label.startswith("agent:127.0.0.1") for label in labels)


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    for place, secret in planted.ALL.items():
        (tmp_path / "file").write_text(f"before{secret}after")
        assert planted.leaking_files(tmp_path, {}) == [f"file: {place}"]
        assert len(secret) < 12 or planted.leaks(secret[4:-3].encode()) == [place]


def test_a_killed_runner_leaves_no_secret_behind(traveller: Traveller) -> None:
    said = traveller.call(
        "run slow --async --launcher direct --param token={parameter} --idempotency-key killed",
        "--json",
    )
    document = json.loads(said.out)
    words = f"status --run-id {document['run_id']}"
    wait_until(lambda: json.loads(traveller.call(words, "--json").out)["status"] == "running")
    os.kill(document["pid"], signal.SIGKILL)
    wait_until(lambda: json.loads(traveller.call(words, "--json").out)["status"] == "lost")
    traveller.call("maintain")
    assert traveller.leaks() == []
