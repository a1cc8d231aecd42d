"""What `docket exec` loads is counted, for every job pays for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import docket
from docket.cli.commandtable import VERBS

FORBIDDEN = [
    "click",
    "yaml",
    "jsonschema",
    "pystemd",
    "asyncio",
    "dataclasses",
    "logging",
    "pathlib",
    "tempfile",
    "uuid",
    "urllib",
    "importlib.metadata",
    "json",
    "re",
    "typing",
    "subprocess",
    "socket",
    "hashlib",
    "ssl",
    "threading",
    "contextlib",
    "inspect",
    "shutil",
    "site",
    "random",
    "signal",
]
MODULES = [
    "docket.__main__",
    "docket.runner.main",
    "docket.runner.run",
    "docket.runner.finalize",
    "docket.runner.dryrun",
    "docket.runner.after.hooks",
    "docket.runner.after.notifications",
    "docket.notify.sending",
    "docket.runner.admission.dependencies",
    "docket.runner.admission.due",
    "docket.runner.admission.overlap",
    "docket.runner.attempt.killing",
    "docket.runner.attempt.unitlimits",
    "docket.runner.planless",
    "docket.systemd.journal",
    "docket.systemd.notify",
    "docket.systemd.privatesocket",
]


def loaded_by(module: str, flags: str = "-IS") -> set[str]:
    root = docket.__path__[0].rsplit("/", 1)[0]
    code = (
        f"import sys; sys.path.append({root!r}); import {module}; "
        "sys.stdout.write(chr(10).join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, flags, "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("module", MODULES)
def test_the_hot_path_loads_nothing_that_it_does_not_need(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert sorted(loaded & set(FORBIDDEN)) == []


# Exactly what a run of a plain command loads: each further module costs every job about 0.4 million
# instructions. What only some tasks need is imported where they need it.
OF_PLAIN_RUNS = """
docket.errors docket.files docket.paths docket.runfiles docket.runner.main docket.runner.run
docket.model.excerpt docket.model.jsontext docket.model.names docket.model.plan docket.model.rows
docket.model.runid docket.model.signals docket.model.states docket.model.struct
docket.runner.admission.admission docket.runner.admission.guards
docket.runner.attempt.attempt docket.runner.attempt.capture
docket.runner.attempt.echo docket.runner.attempt.host docket.runner.attempt.pump
docket.runner.attempt.spawn
docket.runner.attempt.verdict docket.runner.call.arguments docket.runner.call.clock
docket.runner.call.environment docket.runner.call.plans docket.runner.call.signals
docket.runner.record.locks docket.runner.record.record docket.runner.record.request
docket.store.connection docket.store.logfiles docket.store.opening docket.store.rows
docket.store.schema docket.store.spool docket.systemd.journal docket.systemd.notify
"""
OF_PYTHON = """
_collections _collections_abc _functools _json _operator _signal _socket _sqlite3 _stat collections
enum errno fcntl functools genericpath itertools keyword operator os os.path posixpath reprlib
resource select stat types
"""


def test_a_plain_run_loads_exactly_these_modules() -> None:
    loaded = loaded_by("docket.runner.run") | loaded_by("docket.runner.main")
    packages = {name.rpartition(".")[0] for name in loaded if name.startswith("docket.")}
    own = {name for name in loaded if name.startswith("docket")} - packages
    assert sorted(own) == sorted(OF_PLAIN_RUNS.split())


def test_a_plain_run_loads_no_more_of_python_than_it_needs() -> None:
    bare = loaded_by("sys")
    loaded = loaded_by("docket.runner.run") | loaded_by("docket.runner.main")
    of_python = {name for name in loaded - bare if not name.startswith("docket")}
    assert sorted(of_python - {"__future__", *OF_PYTHON.split()}) == []


def test_the_runner_imports_nothing_of_the_rest_of_the_house() -> None:
    rooms = ("app", "cli", "config", "compiler", "schedule", "tasks")
    for module in MODULES:
        loaded = loaded_by(module)
        assert not [n for n in loaded if n.startswith(tuple(f"docket.{room}" for room in rooms))]


def test_a_task_without_secrets_does_not_pay_for_those_of_others() -> None:
    masking = {
        "docket.model.text.mask",
        "docket.model.text.secretnames",
        "docket.runner.attempt.masking",
    }
    for module in MODULES:
        assert not loaded_by(module) & masking, module


def test_the_version_is_printed_without_click() -> None:
    root = docket.__path__[0].rsplit("/", 1)[0]
    code = (
        f"import sys; sys.path.append({root!r}); sys.argv[1:] = ['--version']; "
        "from docket.__main__ import main; code = main(); "
        "sys.stderr.write(chr(10).join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"docket, version {docket.__version__}\n"
    assert not {"click", "docket.cli", "typing", "re"} & set(done.stderr.splitlines())


def test_the_help_page_is_printed_without_click() -> None:
    root = docket.__path__[0].rsplit("/", 1)[0]
    code = (
        f"import sys; sys.path.append({root!r}); sys.argv[1:] = ['--help']; "
        "from docket.__main__ import main; code = main(); "
        "sys.stderr.write(chr(10).join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", code],
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Usage: docket ")
    assert not {"click", "docket.cli", "typing", "re"} & set(done.stderr.splitlines())


# What Python has and a command that only reads could be tempted to load: each costs 2 to 30 million
# instructions of the 300 that `status` takes.
COMMANDS = [
    verb.module
    for verb in VERBS.values()
    if verb.name in {"status", "list", "describe", "health", "capabilities"}
]
DEAR = {"subprocess", "shutil", "hashlib", "zoneinfo", "statistics", "locale", "string"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_reads_loads_no_dear_module(command: str) -> None:
    loaded = loaded_by(f"docket.cli.commands.{command}", "-I")
    assert sorted(loaded & DEAR) == sorted(loaded_by("click", "-I") & DEAR)
