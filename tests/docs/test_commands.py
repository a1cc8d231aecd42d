"""The pages about commands say what the commands take, and show nothing that they refuse."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from docket.app.doctor.doctor import INSPECTIONS
from docket.cli.call import Call
from docket.cli.clickgroup import SpokenError, is_shared, program
from docket.cli.commandtable import USAGES, VERBS
from docket.runner.call.arguments import parse

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "commands.md").read_text()
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"])
FENCE = re.compile(r"^```(?:sh|shell|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def command_of(name: str) -> click.Command:
    group = program()
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return command


def section_of(name: str) -> str:
    found = re.search(rf"^### docket {name}\b.*?(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/commands.md has no section for {name}"
    return found[0]


def options_of(command: click.Command) -> list[str]:
    return [
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        and not is_shared(parameter)
        and "--help" not in parameter.opts
        for name in parameter.opts
    ]


@pytest.mark.parametrize("name", VERBS)
def test_every_option_of_every_command_is_documented_in_its_section(name: str) -> None:
    section = section_of(name)
    missing = [option for option in options_of(command_of(name)) if f"`{option}" not in section]
    assert missing == []


@pytest.mark.parametrize("name", VERBS)
def test_no_section_documents_an_option_that_does_not_exist(name: str) -> None:
    shown = set(re.findall(r"^\| `(--?[a-z-]+)", section_of(name), re.MULTILINE))
    assert shown - set(options_of(command_of(name))) == set()


def test_the_shared_options_are_documented() -> None:
    shared = [name for p in command_of("list").params if is_shared(p) for name in p.opts]
    assert shared
    assert [name for name in shared if f"`{name}" not in PAGE] == []


def test_every_command_in_the_instructions_for_agents_exists() -> None:
    for form in USAGES:
        assert form.name.split()[0] in VERBS
    told = {form.name.split()[0] for form in USAGES}
    peoples = {"configure", "completion", "edit", "help", "setup-shell"}
    assert set(VERBS) - told == peoples


def shown_commands() -> list[tuple[str, str]]:
    return [
        (page.name, piece.lstrip("$(&| ").strip())
        for page in PAGES
        for block in FENCE.findall(page.read_text())
        for line in block.replace("\\\n", " ").splitlines()
        for piece in re.findall(r"(?:^|\$\(|&& |\| )docket [^|>&)]*", line.removeprefix("$ "))
    ]


def refusal(line: str) -> str | None:
    """Return what the command line, or the runner, says against a line; None if it parses."""
    words = [re.sub(r"^<.*>$", "x", word) for word in shlex.split(line, comments=True)[1:]]
    if words[:1] == ["exec"]:
        return None if parse(words[1:]).task else "no task"
    group = program()
    try:
        ctx = group.make_context("docket", words, obj=Call(environ={}))
        first = "_protected_args" if hasattr(ctx, "_protected_args") else "protected_args"
        rest = [*getattr(ctx, first), *ctx.args]
        name, command, args = group.resolve_command(ctx, rest)
        assert command is not None
        command.make_context(name, args, parent=ctx)
    except SpokenError:
        return None  # --help and --version
    except click.ClickException as error:
        return error.format_message()
    return None


@pytest.mark.parametrize(("page", "line"), shown_commands())
def test_every_command_line_that_is_shown_parses(page: str, line: str) -> None:
    assert refusal(line) is None, page


def test_every_check_of_doctor_is_on_the_page_with_its_sentence() -> None:
    tool = ROOT / "tools" / "make_check_docs.py"
    done = subprocess.run(
        [sys.executable, tool, "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    section = section_of("doctor")
    assert len({one.name for one in INSPECTIONS}) == len(INSPECTIONS)
    assert [
        one.name for one in INSPECTIONS if f"| `{one.name}` | {one.promise} |" not in section
    ] == []


def test_the_help_page_that_needs_no_click_is_what_click_prints() -> None:
    check = [sys.executable, str(ROOT / "tools" / "make_help.py"), "--check"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    line = [sys.executable, "-m", "docket", "--help"]
    pages = [
        subprocess.run(line, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
        for environ in ({"PATH": "/usr/bin"}, {"PATH": "/usr/bin", "COLUMNS": "120"})
    ]
    assert pages[0].stdout == pages[1].stdout
