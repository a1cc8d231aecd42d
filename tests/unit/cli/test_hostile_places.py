"""Something else in the place of a file that Docket reads: no command hangs, grows or crashes."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from docket.model.states import EXIT_SKIPPED

EXIT_CANCELLED = 130
_OTHER = "20260101T000000000000Z-aaaaaaaa"
_FORKS = str(Path(__file__).with_name("forks.py"))
_CHECKOUT = str(Path(__file__).resolve().parents[3])


class Said(NamedTuple):
    """What a command said. `code` is below 0 for a signal, such as that at its deadline."""

    code: int
    text: str


class Docket:
    """Commands in forks of one process, each with ten seconds and bounded memory."""

    def __init__(self, *before: str) -> None:
        """`before` are words that start the process with fewer rights."""
        self._process = subprocess.Popen(
            [*before, sys.executable, _FORKS],
            env={"PYTHONPATH": _CHECKOUT, "PATH": "/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, folder: Path, *words: str) -> Said:
        """Run one command of the user whose HOME is `folder`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([str(folder), *words]) + "\n")
        self._process.stdin.flush()
        return Said(*json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._process.communicate()


@pytest.fixture(scope="module")
def docket() -> Iterator[Docket]:
    found = Docket()
    yield found
    found.close()


class Home(NamedTuple):
    """A home with one run; `folder` is the HOME of its user."""

    folder: Path
    run_id: str

    @property
    def runs(self) -> Path:
        """Where the files of runs are."""
        return self.folder / "run" / "docket" / "default" / "runs"


@pytest.fixture
def home(tmp_path: Path, docket: Docket) -> Home:
    tmp_path.chmod(0o700)
    (tmp_path / "run").mkdir(mode=0o700)
    (tmp_path / ".docket").mkdir(mode=0o700)
    for name in ("secret", "job.env"):
        write(tmp_path / name, "A=b\n")
    plain = {"type": "command", "command": ["/bin/echo", "hi"]}
    tasks = {
        "job": plain,
        "envy": {**plain, "env_file": str(tmp_path / "job.env")},
        "cred": {**plain, "credentials": {"tok": str(tmp_path / "secret")}},
    }
    write(tmp_path / ".docket" / "config.yaml", json.dumps({"tasks": tasks}))
    run = json.loads(docket.say(tmp_path, "--json", "run", "job").text)
    return Home(tmp_path, run["run_id"])


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def sparse(path: Path) -> None:
    write(path, "")
    os.truncate(path, 10 << 30)


KINDS: dict[str, Callable[[Path], object]] = {
    "pipe": lambda path: os.mkfifo(path, 0o600),
    "link": lambda path: path.symlink_to("/dev/zero"),
    "directory": lambda path: path.mkdir(mode=0o700),
    "ten gigabytes": sparse,
}
if os.geteuid() == 0:
    KINDS["device"] = lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))

_RUN = ("run", "job", "--launcher", "direct")
_READERS = (("status",), ("why", "job"))
# The place, and the commands that come across it.
PLACES: dict[str, tuple[Callable[[Home], Path], tuple[tuple[str, ...], ...]]] = {
    "store": (lambda home: home.folder / ".docket/state.db", (*_READERS, ("db", "check"), _RUN)),
    "plan": (lambda home: home.folder / ".docket/plans/job.json", (("status",), ("list",), _RUN)),
    "spool": (
        lambda home: home.folder / f".docket/spool/{_OTHER}.json",
        (("status",), ("maintain",), _RUN),
    ),
    "spooled events": (
        lambda home: home.folder / f".docket/spool/{_OTHER}.events",
        (("status",), _RUN),
    ),
    "lock": (lambda home: home.runs / f"{_OTHER}.lock", (("status",), ("maintain",), _RUN)),
    "task's lock": (lambda home: home.runs.parent / "tasks/job.lock", (("status",), _RUN)),
    "request": (
        lambda home: home.runs / f"{_OTHER}.request",
        (("status",), ("exec", "job", "--run-id", _OTHER)),
    ),
    "cancel": (
        lambda home: home.runs / f"{_OTHER}.cancel",
        (("status",), ("exec", "job", "--run-id", _OTHER)),
    ),
    "log": (
        lambda home: home.folder / f".docket/logs/{home.run_id}.log",
        (("logs", "job"), ("why", "job"), ("doctor",)),
    ),
    "config": (
        lambda home: home.folder / ".docket/config.yaml",
        (("status",), ("check",), ("install", "--list"), _RUN),
    ),
    "drop-in": (
        lambda home: home.folder / ".docket/tasks/large.py",
        (("check",), ("list",), _RUN),
    ),
    "env_file": (
        lambda home: home.folder / "job.env",
        (("check",), ("doctor",), ("run", "envy", "--launcher", "direct")),
    ),
    "service": (
        lambda home: home.folder / ".config/systemd/user/docket-job.service",
        (("status",), ("doctor",), ("why", "job")),
    ),
    "timer": (
        lambda home: home.folder / ".config/systemd/user/docket-job.timer",
        (("status",), ("doctor",), ("maintain",)),
    ),
    "left-over unit": (
        lambda home: home.folder / ".config/systemd/user/docket-gone.service",
        (("doctor",), ("install",)),
    ),
    "credential": (lambda home: home.folder / "secret", (("check",), ("run", "cred"))),
}


def put(path: Path, kind: str) -> None:
    """Put the thing there; what a command has set aside is put there again."""
    if os.path.lexists(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    KINDS[kind](path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", PLACES)
def test_no_command_hangs_grows_or_crashes_on_something_else_than_a_file(
    home: Home, docket: Docket, place: str, kind: str
) -> None:
    where, commands = PLACES[place]
    for words in commands:
        put(where(home), kind)
        said = docket.say(home.folder, *words)
        assert said.code in (0, 1, EXIT_SKIPPED, EXIT_CANCELLED), (words, said)
        assert said.text or words[0] == "exec", words
        for trace in ("Traceback", "inside Docket", "MemoryError"):
            assert trace not in said.text, words


@pytest.mark.parametrize("words", [("status",), ("runs",), ("pause", "job"), ("db", "check")])
def test_a_link_in_the_place_of_the_record_is_called_a_link(
    home: Home, docket: Docket, words: tuple[str, ...]
) -> None:
    path = home.folder / ".docket/state.db"
    path.rename(home.folder / "elsewhere.db")
    path.symlink_to(home.folder / "elsewhere.db")
    said = docket.say(home.folder, *words)
    assert said.code == 1
    assert "is a link" in said.text
    assert "mode" not in said.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_whose_records_places_are_taken_still_runs(
    home: Home, docket: Docket, kind: str
) -> None:
    for place in ("store", "spool", "lock"):
        put(PLACES[place][0](home), kind)
    said = docket.say(home.folder, *_RUN)
    assert said.text.startswith("hi\n")


_DENIED = (
    ("next",),
    ("events", "job"),
    ("logs", "job"),
    ("wait", "job"),
    ("describe", "job"),
    ("doctor",),
    ("capabilities",),
    ("check",),
    ("maintain",),
    ("db", "backup", "/dev/null/copy.db"),
    ("cancel", "job"),
    ("status",),
    ("runs",),
    ("list",),
    ("health",),
    ("why", "job"),
)


@pytest.fixture(scope="module")
def bounded() -> Iterator[Docket]:
    """Commands that permissions hold for, as for an ordinary user, whoever runs the tests."""
    lost = "-dac_override,-dac_read_search"
    words = ["setpriv", f"--inh-caps={lost}", f"--bounding-set={lost}"] if os.geteuid() == 0 else []
    found = Docket(*words)
    yield found
    found.close()


def shut_out(home: Home, bounded: Docket, *words: str) -> Said:
    """Run a command where nobody may look into Docket's home, not even its owner."""
    (home.folder / ".docket").chmod(0)
    try:
        return bounded.say(home.folder, *words)
    finally:
        (home.folder / ".docket").chmod(0o700)


@pytest.mark.parametrize("words", _DENIED, ids=" ".join)
def test_a_home_that_one_may_not_look_into_is_an_error_of_every_reader(
    home: Home, bounded: Docket, words: tuple[str, ...]
) -> None:
    said = shut_out(home, bounded, *words)
    assert said.code == 1, said
    assert "Permission denied" in said.text
    assert "inside Docket" not in said.text
    assert json.loads(shut_out(home, bounded, "--json", *words).text)["ok"] is False


# These answer from the config; of those, only the last two show anything of the record.
_OF_THE_CONFIG = ("next", "capabilities", "check", "describe", "list")


@pytest.mark.parametrize("words", _DENIED, ids=" ".join)
def test_a_history_that_the_caller_may_not_read_is_never_shown_as_empty(
    home: Home, bounded: Docket, words: tuple[str, ...]
) -> None:
    config = str(shutil.copy(home.folder / ".docket/config.yaml", home.folder))
    said = shut_out(home, bounded, "--config", config, *words)
    assert "inside Docket" not in said.text
    if words[0] in _OF_THE_CONFIG:
        assert said.code == 0, said
    else:
        assert said.code == 1, said
    if words[0] not in _OF_THE_CONFIG[:3]:
        assert "Permission denied" in said.text
    assert "never" not in said.text
