"""What `docket exec` loads is counted, for every job pays for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import docket

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
    "docket.runner.admission.due",
    "docket.runner.attempt.killing",
    "docket.runner.planless",
    "docket.systemd.journal",
    "docket.systemd.notify",
    "docket.systemd.privatesocket",
]


def loaded_by(module: str) -> set[str]:
    root = docket.__path__[0].rsplit("/", 1)[0]
    code = (
        f"import sys; sys.path.append({root!r}); import {module}; "
        "sys.stdout.write(chr(10).join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", code], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines())


@pytest.mark.parametrize("module", MODULES)
def test_the_hot_path_loads_nothing_that_it_does_not_need(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert sorted(loaded & set(FORBIDDEN)) == []


def test_the_runner_loads_few_modules_of_its_own() -> None:
    own = {name for name in loaded_by("docket.runner.run") if name.startswith("docket")}
    assert len(own) <= 40, sorted(own)  # four are the empty packages of its subrooms


def test_the_runner_is_no_importer_of_the_rest_of_the_house() -> None:
    rooms = ("app", "cli", "config", "compiler", "schedule", "tasks")
    for module in MODULES:
        loaded = loaded_by(module)
        assert not [n for n in loaded if n.startswith(tuple(f"docket.{room}" for room in rooms))]


def test_a_task_without_secrets_does_not_pay_for_those_of_others() -> None:
    masking = {"docket.model.mask", "docket.model.secretnames", "docket.runner.attempt.masking"}
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
