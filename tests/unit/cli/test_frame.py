"""The frame of commands: shared options before and after, one table, one place that exits."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docket import __version__
from docket.cli.clickgroup import program
from docket.cli.commandtable import VERBS
from tests.unit.cli.conftest import Docket, repository

HEAVY = ("yaml", "jsonschema", "pystemd", "asyncio", "sqlite3")


def test_help_lists_every_command_and_imports_none(environ: dict[str, str]) -> None:
    script = (
        "import sys; from docket.cli import main; code = main(['--help']); "
        "print(*sorted(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, "PYTHONPATH": repository()},
        capture_output=True,
        text=True,
        check=True,
    )
    *page, modules = done.stdout.splitlines()
    shown = {line.split()[0] for line in page if line.startswith("  ") and line.split()}
    assert set(VERBS) <= shown
    loaded = modules.split()
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]
    assert not [name for name in loaded if name.startswith("docket.cli.commands.")]


def test_one_command_imports_only_its_own_module(environ: dict[str, str]) -> None:
    script = (
        "import sys; from docket.cli import main; main(['completion', 'bash']); "
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**environ, "PYTHONPATH": repository()},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stderr.split()
    ours = [name for name in loaded if name.startswith("docket.cli.commands.")]
    assert ours == ["docket.cli.commands.setup", "docket.cli.commands.setup.completion"]
    assert not [name for name in loaded if name.split(".")[0] in HEAVY]


@pytest.mark.parametrize("name", VERBS)
def test_every_command_has_a_help_page_that_names_the_shared_options(
    docket: Docket, name: str
) -> None:
    told = docket(name, "--help")
    assert told.code == 0
    assert told.out.startswith(f"Usage: docket {name} [OPTIONS]")
    for option in ("--json", "--system", "--home DIR", "--config FILE", "-v, --verbose", "--help"):
        assert option in told.out
    assert told.err == ""


@pytest.mark.parametrize("name", VERBS)
def test_every_command_is_known_by_its_own_name_and_has_a_summary(name: str) -> None:
    command = program().get_command(None, name)  # type: ignore[arg-type]
    assert command is not None
    assert command.name == name
    assert command.help


def test_the_version_is_printed_in_the_reference_form(docket: Docket) -> None:
    assert docket("--version") == (0, f"docket, version {__version__}\n", "")


def test_without_a_command_the_first_steps_and_the_help_are_named(docket: Docket) -> None:
    told = docket()
    assert told.code == 0
    assert told.out.startswith("No tasks yet.")
    assert "docket --help" in told.out


def test_without_a_command_there_is_no_json(docket: Docket) -> None:
    told = docket("--json")
    assert told.code == 1
    assert told.document["error_code"] == "usage"


@pytest.mark.parametrize(
    "argv",
    [
        ("--json", "completion", "zsh"),
        ("completion", "--json", "zsh"),
        ("completion", "zsh", "--json"),
        ("-v", "--json", "completion", "zsh"),
        ("completion", "zsh", "--json", "-vv"),
    ],
)
def test_json_is_taken_before_and_after_the_verb(docket: Docket, argv: tuple[str, ...]) -> None:
    told = docket(*argv)
    assert told.code == 0
    assert told.document["shell"] == "zsh"


@pytest.mark.parametrize("argv", [("--home", "{}", "check"), ("check", "--home", "{}")])
def test_the_home_is_taken_on_both_sides(
    docket: Docket, tmp_path: object, argv: tuple[str, ...]
) -> None:
    told = docket("--json", *(word.format(f"{tmp_path}/elsewhere") for word in argv))
    assert told.code == 1
    assert f"{tmp_path}/elsewhere/config.yaml" in told.document["error"]


@pytest.mark.parametrize(
    ("argv", "sentence", "hint"),
    [
        (("sttaus",), "There is no command 'sttaus'.", "did you mean: docket status"),
        (("frobnicate",), "There is no command 'frobnicate'.", "docket --help lists the commands"),
        (("--json", "exec", "x"), "exec must be the first word", "docket exec TASK"),
        (("runs", "--limt", "3"), "There is no option --limt for 'docket runs'.", "--limit"),
        (("runs", "--zzz"), "There is no option --zzz", "docket runs --help"),
        (("runs", "--limit", "x"), "'x' is not a valid integer", "usage: docket runs"),
        (("runs", "--limit", "0"), "0 is not in the range", "usage: docket runs"),
        (("runs", "--limit"), "requires an argument", "usage: docket runs"),
        (("runs", "a", "b"), "unexpected extra argument", "usage: docket runs"),
        (("describe",), "'docket describe' needs TASK.", "usage: docket describe"),
        (("logs", "x", "--source", "tape"), "'tape' is not one of", "usage: docket logs"),
        (("--system", "list", "--home", "/x"), "exclude each other", "leave one of the two out"),
        (("list", "--home", ""), "--home needs a path", ""),
    ],
)
def test_a_wrong_command_line_gets_one_sentence_a_code_and_a_hint(
    docket: Docket, argv: tuple[str, ...], sentence: str, hint: str
) -> None:
    told = docket("--json", *argv)
    assert told.code == 1
    assert told.document["ok"] is False
    assert told.document["error_code"] == "usage"
    assert sentence in told.document["error"]
    assert hint in (told.document["hint"] or "")
    assert told.err == ""
    plain = docket(*(word for word in argv if word != "--json"))
    assert plain.code == 1
    assert plain.out == ""
    assert plain.err.splitlines()[0].startswith("docket: ")


def test_json_after_two_dashes_is_an_argument(docket: Docket) -> None:
    told = docket("describe", "--", "--json")
    assert told.code == 1
    assert told.out == ""
