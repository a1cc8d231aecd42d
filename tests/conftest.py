"""What holds for every test: no real home, no real bus, no unit directory of this machine."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import pwd
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.searches import load_profile

load_profile()

# Tests run in several processes (pytest-xdist), which begin with what the first one has changed.
_HANDED_ON = "TESTS_CALLERS_ENVIRON"
# The manager that the caller really has, for the tests in tests/system, which ask for it by name.
CALLERS_ENVIRON: dict[str, str] = json.loads(
    os.environ.pop(_HANDED_ON, "") or json.dumps(dict(os.environ))
)
# The root tree that the private hosts of tests/system boot: this machine's, or tools/trixie's.
TREE = CALLERS_ENVIRON.get("DOCKET_TEST_TREE") or "/"

_CLEARED = ("DOCKET_", "XDG_", "DBUS_", "SYSTEMD_", "GIT_")
_CLEARED_NAMES = (
    "CREDENTIALS_DIRECTORY",
    "EDITOR",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "MANAGERPID",
    "NOTIFY_SOCKET",
    "NO_COLOR",
    "VISUAL",
)
_WAITING = ("tests/system/", "tests/mcp/")
_LONG = ("tests/unit/tour/", "tests/unit/runner/", "tests/reference/", "tests/golden/")
_BEGUN_BEFORE = 0.7  # the part of the files among which those that wait are spread
_NO_BUS = "unix:path=/dev/null/there-is-no-bus-in-tests"
# How long what the tests started may take to end after the last of them.
_END_SECONDS = float(os.environ.get("TESTS_END_SECONDS", "10"))
_counter = itertools.count(1)


def _forbidden_places() -> tuple[str, ...]:
    """Return what no test may touch: Docket's places on the machine that runs the tests."""
    home = pwd.getpwuid(os.getuid()).pw_dir
    return (
        f"{home}/.docket",
        f"{home}/.config/systemd",
        f"{home}/.local/share/systemd",
        "/etc/docket",
        "/etc/systemd",
        "/var/lib/docket",
        "/var/lib/systemd",
        "/var/log/docket",
        "/run/docket",
        "/run/dbus",
        f"/run/user/{os.getuid()}/docket",
        f"/run/user/{os.getuid()}/bus",
    )


_FORBIDDEN = _forbidden_places()
_CHANGING = frozenset(
    {
        "os.chmod",
        "os.chown",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
        "sqlite3.connect",
    }
)


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if mode is None else mode != "r"
        named = [path] if writes and mode not in {"rb", "rt"} else []
    elif event == "socket.connect":
        named = [arguments[1]]
    elif event in _CHANGING:
        named = list(arguments)
    else:
        return
    for path in named:
        if isinstance(path, str) and path.startswith(_FORBIDDEN):
            raise RuntimeError(f"a test reached for the real {path} ({event}); give it a tmp_path")


def pytest_configure(config: pytest.Config) -> None:
    """Take the caller's places out of the environment before anything is imported."""
    if config.getoption("numprocesses", None):
        os.environ[_HANDED_ON] = json.dumps(CALLERS_ENVIRON)
    for name in list(os.environ):
        if name.startswith(_CLEARED) or name in _CLEARED_NAMES:
            del os.environ[name]
    os.environ["DBUS_SESSION_BUS_ADDRESS"] = _NO_BUS
    os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = _NO_BUS
    os.environ["HOME"] = "/dev/null/no-home-outside-of-a-test"
    # A script's background job (`make test &`) ignores Ctrl-C, and so would what the tests start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.addaudithook(_guard)


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` is: the tests that wait for timers leave one idle."""
    processors = len(os.sched_getaffinity(0))
    return processors + (processors + 1) // 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files so that `--dist loadfile --no-loadscope-reorder` keeps every processor busy.

    Tests that wait are spread among those that compute, and no long file is begun near the end.
    """
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.partition("::")[0], []).append(item)
    waiting, computing = (
        [name for name in files if name.startswith(_WAITING) == waits] for waits in (True, False)
    )
    # The last part of the queue is short files only.
    share = _BEGUN_BEFORE / max(len(waiting), 1)
    places = {name: number * share for number, name in enumerate(waiting)}
    computing.sort(key=lambda name: not name.startswith(_LONG))
    places |= {name: number / len(computing) for number, name in enumerate(computing)}
    items[:] = [item for name in sorted(files, key=places.__getitem__) for item in files[name]]


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("homes"))


@pytest.fixture(scope="session", autouse=True)
def no_process_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The tests leave no process behind: what still runs in their folders is named and killed."""
    base = str(tmp_path_factory.getbasetemp())
    yield
    deadline = time.monotonic() + _END_SECONDS
    while (left := processes_in(base)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, "processes of tests are left:\n" + "\n".join(left.values())


def processes_in(folder: str) -> dict[int, str]:
    """Return the processes whose words, environment or current directory are in a folder."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in (os.getpid(), os.getppid()):
            continue
        texts = []
        for part in ("cmdline", "environ"):
            with contextlib.suppress(OSError), open(f"/proc/{name}/{part}", "rb") as file:
                texts.append(file.read().decode(errors="replace").replace("\0", " "))
        with contextlib.suppress(OSError):
            texts.append(os.readlink(f"/proc/{name}/cwd"))
        named = [word for word in " ".join(texts).split(" ") if f"{folder}/" in f"{word}/"]
        if named:
            found[int(name)] = f"{name}: {texts[0]} ({named[-1]})"
    return found


@pytest.fixture(autouse=True)
def own_home(_homes: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test has an empty home and an empty runtime directory of its own."""
    number = next(_counter)
    home, runtime = (os.path.join(_homes, f"{kind}{number}") for kind in ("home", "run"))
    os.mkdir(home, 0o700)
    os.mkdir(runtime, 0o700)
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    return home


_SYSTEM = "tests/system/"
_system_outcomes: dict[str, list[str]] = {"ran": [], "not run": []}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count which system tests really ran."""
    if report.nodeid.startswith(_SYSTEM):
        if report.when == "call" and not report.skipped:
            _system_outcomes["ran"].append(report.nodeid)
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            _system_outcomes["not run"].append(f"{report.nodeid}: {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly how many system tests did not run."""
    ran, missed = (_system_outcomes[kind] for kind in ("ran", "not run"))
    if missed:
        terminalreporter.section(f"{len(missed)} SYSTEM TESTS NOT RUN, {len(ran)} ran", red=True)
        for line in missed:
            terminalreporter.write_line(line)
    elif ran:
        terminalreporter.write_line(f"{len(ran)} system tests ran on a real systemd")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where system tests are required (.ci/run), a run without any is a failure."""
    required = CALLERS_ENVIRON.get("DOCKET_REQUIRE_SYSTEM_TESTS") == "1"
    if required and not _system_outcomes["ran"] and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
