"""Every command, option, key, exit code and error code is in a manual page, and man reads it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest

from docket.app.status.capabilities import EXIT_CODES
from docket.cli.clickgroup import program
from docket.cli.commandtable import USAGES, VERBS
from docket.errorcodes import codes_and_causes
from docket.model.states import EXIT_SKIPPED
from docket.runner.call.arguments import USAGE
from tests.docs.test_commands import refusal
from tests.docs.test_config import SCHEMA, keys

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs" / "man").iterdir())
OTHERS = {"docket.1", "docket.yaml.5", "docket-json.7", "docket-systemd.7", "docket-exec.8"}
DOCS = "\n".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
QUOTED = ("aq", "'", "dq", '"', "ha", "^", "ti", "~", "ga", "`")
_FONT = re.compile(r"\\f[BIR]")


@cache
def plain(name: str) -> str:
    """Return the text of a page as its source has it, without fonts and escapes."""
    text = _FONT.sub("", (ROOT / "docs" / "man" / name).read_text())
    for escape, meant in ((r"\-", "-"), (r"\(aq", "'"), (r"\(dq", '"'), (r"\&", "")):
        text = text.replace(escape, meant)
    return text


def tags(name: str) -> set[str]:
    """Return the words that a page explains: what stands after each .TP."""
    found = re.findall(r"^\.TP\n(.*)$", plain(name), re.MULTILINE)
    return {word.rstrip(",*") for line in found for word in line.split()}


def options_of(name: str) -> set[str]:
    group = program()
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return {
        flag
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }


def test_the_manual_pages_are_up_to_date() -> None:
    tool = [sys.executable, str(ROOT / "tools" / "make_man.py"), "--check"]
    done = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_page_for_each_command_and_each_other_subject() -> None:
    assert {page.name for page in PAGES} == {f"docket-{name}.1" for name in VERBS} | OTHERS
    assert {f"docket-{name}(1)" for name in VERBS} <= tags("docket.1")


@pytest.mark.parametrize("name", VERBS)
def test_every_option_of_a_command_is_in_its_page_or_in_that_of_docket(name: str) -> None:
    assert options_of(name) - tags(f"docket-{name}.1") - tags("docket.1") == set()


@pytest.mark.parametrize("name", VERBS)
def test_the_page_of_a_command_has_every_part(name: str) -> None:
    heads = re.findall(r'^\.SH "?([A-Z ]+)"?$', plain(f"docket-{name}.1"), re.MULTILINE)
    needed = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "JSON", "EXAMPLES"]
    missing = [part for part in (*needed, "SEE ALSO") if part not in heads]
    assert missing == []  # EXAMPLES: the sh blocks of its section in docs/commands.md


def test_every_key_of_the_config_is_in_a_page() -> None:
    built_in = set(SCHEMA["properties"]["tasks"]["properties"])  # names of tasks, not keys
    assert set(keys(SCHEMA)) - built_in - tags("docket.yaml.5") == set()
    assert [kind for kind in built_in if f'.SS "type: {kind}"' not in plain("docket.yaml.5")] == []


def test_every_error_code_and_cause_is_in_a_page() -> None:
    assert {code.code for code in codes_and_causes()} - tags("docket-json.7") == set()


def test_every_exit_code_is_in_the_pages_of_what_ends_with_it() -> None:
    codes = set(map(str, EXIT_CODES))
    assert codes <= tags("docket.1")
    assert codes <= tags("docket-json.7")
    assert {*codes, str(EXIT_SKIPPED)} <= tags("docket-exec.8")
    for usage in USAGES:
        assert set(map(str, usage.exit_codes)) <= tags(f"docket-{usage.name.split()[0]}.1")


def test_every_answer_and_every_key_of_it_is_in_a_page() -> None:
    page, explained = plain("docket-json.7"), tags("docket-json.7")
    for path in (ROOT / "schemas" / "output").iterdir():
        assert f'.SS "{path.name.partition(".")[0]}"\n' in page
        assert set(keys(json.loads(path.read_text()))) - explained == set(), path.name


def test_every_option_of_the_runner_is_in_a_page() -> None:
    assert set(re.findall(r"--[a-z-]+", USAGE)) == {
        tag for tag in tags("docket-exec.8") if tag.startswith("--")
    }


def test_every_variable_that_docket_reads_is_in_a_page() -> None:
    """Beside those that it sets for tasks, by which it knows their processes."""
    reading = re.compile(r'(?:environ(?:\.get\(|\[)|^[A-Z_]+ = )"(DOCKET_\w+)"', re.MULTILINE)
    rooms = [ROOT / "docket" / room for room in ("app", "cli", "mcp")]
    files = [ROOT / "docket" / "paths.py", *(p for room in rooms for p in room.rglob("*.py"))]
    read = {name for file in files for name in reading.findall(file.read_text())}
    of_tasks = set(re.findall(r"`(DOCKET_\w+)`", (ROOT / "docs" / "writing-tasks.md").read_text()))
    assert len(read) > 4
    assert read - (of_tasks - {"DOCKET_CONFIG"}) - tags("docket.1") == set()


def _said(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stderr + (done.stdout if words[0] == "mandoc" else "")


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff")
def test_groff_formats_every_page_without_a_warning() -> None:
    names = [str(page) for page in PAGES]
    assert {
        name: said for name in names if (said := _said("groff", "-man", "-ww", "-z", name))
    } == {}


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="there is no mandoc")
def test_mandoc_has_no_warning_about_any_page() -> None:
    assert _said("mandoc", "-T", "lint", "-W", "warning", *map(str, PAGES)) == ""


@pytest.mark.skipif(shutil.which("lexgrog") is None, reason="there is no man-db")
def test_whatis_finds_the_name_and_the_purpose_of_every_page() -> None:
    done = subprocess.run(["lexgrog", *PAGES], capture_output=True, text=True, check=True)
    found = re.findall(r'^.*/([\w.-]+)\.\d: "([\w.-]+) - [a-z][^"]+"$', done.stdout, re.MULTILINE)
    assert [name for name, _ in found] == [page.name[:-2] for page in PAGES]
    assert [(file, name) for file, name in found if file != name] == []


def shown(name: str) -> list[str]:
    """Return what a page shows as it is: its examples, character by character."""
    text = (ROOT / "docs" / "man" / name).read_text()
    found = re.findall(r"^\.EX\n(.*?)^\.EE$", text, re.MULTILINE | re.DOTALL)
    meant = {r"\e": "\\", r"\-": "-", r"\&": ""}
    meant |= {rf"\({two}": sign for two, sign in zip(QUOTED[::2], QUOTED[1::2], strict=True)}
    meant |= {rf"\[u{ord(sign):04X}]": sign for sign in re.findall(r"[^\x00-\x7f]", DOCS)}
    escape = re.compile("|".join(map(re.escape, meant)))
    return [escape.sub(lambda at: meant[at[0]], example) for example in found]


def test_every_example_of_a_page_is_one_of_the_documentation() -> None:
    """The other tests of this folder run those, or validate them."""
    indented = re.sub(r"^    ", "", DOCS, flags=re.MULTILINE)
    for page in PAGES:
        for example in shown(page.name):
            assert example in DOCS or example in indented, page.name


def test_every_command_line_in_an_example_of_a_page_parses() -> None:
    lines = [
        (page.name, line)
        for page in PAGES
        for example in shown(page.name)
        for line in example.replace("\\\n", " ").splitlines()
        if line.startswith("docket ") and "[OPTIONS]" not in line
    ]
    assert len(lines) > 80
    told = {line: refusal(re.split(r" [|>&)]|  \(", line)[0]) for _, line in lines}
    assert {line: said for line, said in told.items() if said} == {}


def test_no_page_shows_the_marks_of_markdown() -> None:
    """What the converter did not understand would be seen as it is."""
    odd = re.compile(r"(?<!\*)\*\*(?!\*)|\]\(|^#+ |^\|", re.MULTILINE)
    shown = re.compile(r"^\.EX\n.*?^\.EE$", re.MULTILINE | re.DOTALL)
    found = {page.name: odd.findall(shown.sub("", plain(page.name))) for page in PAGES}
    assert {name: marks for name, marks in found.items() if marks} == {}
