"""`docket import crontab` as it is called: what it prints, writes, answers and refuses."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.unit.app.conftest import Home
from tests.unit.app.documents import require_valid
from tests.unit.crontab.conftest import answer, docket

TAB = b"MAILTO=ada\n# Nightly\n30 2 * * * backup --full\n@reboot start\n"


def fake_crontab(tmp_path: Path, script: str) -> str:
    """Put a `crontab` that does what `script` says into a directory of its own."""
    directory = tmp_path / "bin"
    directory.mkdir()
    program = directory / "crontab"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(directory)


def test_only_the_yaml_is_on_standard_output_and_it_loads_as_a_config(home: Home) -> None:
    done = docket(home, "import", "crontab", "-", stdin=TAB)
    assert done.returncode == 0
    assert b"@reboot is the start of your service manager" in done.stderr
    home.config(done.stdout.decode())
    assert sorted(answer(home, 0, "check")["tasks"]) == ["backup", "start"]


def test_the_document_is_in_its_published_shape(home: Home) -> None:
    text = TAB + b"5/15 * * * * x\nCRON_TZ=Europe/Berlin\n30 2 * * * gap\nnonsense\n"
    found = require_valid("import", answer(home, 1, "import", "crontab", "-", stdin=text))
    assert [task["name"] for task in found["tasks"]] == ["backup", "start", "gap"]
    assert [task["line"] for task in found["tasks"]] == [3, 4, 7]
    assert found["tasks"][0]["proof"]["identical"] is True
    assert found["tasks"][1]["proof"] is None
    assert found["tasks"][2]["proof"]["by_daylight_saving"] == 5
    assert [problem["line"] for problem in found["problems"]] == [5, 8]
    assert found["ok"] is False


def test_problems_name_file_and_line_and_what_to_write(home: Home, tmp_path: Path) -> None:
    tab = tmp_path / "tab"
    tab.write_text("1 * * * * good\n5/15 * * * * bad\n")
    done = docket(home, "import", "crontab", str(tab))
    assert done.returncode == 1
    assert b"good:" in done.stdout
    assert f"{tab}:2".encode() in done.stderr
    assert b"5-59/15" in done.stderr


def test_output_is_private_and_never_replaced_without_force(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "tasks.yaml"
    done = docket(home, "import", "crontab", "-", "--output", str(target), stdin=TAB)
    assert done.returncode == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert b"identical to Debian's cron and cronie: 1,82" in done.stdout
    assert b"next: docket configure" in done.stdout
    before = target.read_text()
    again = ("import", "crontab", "-", "--output", str(target))
    refused = require_valid("error", answer(home, 1, *again, stdin=b"5 * * * * other\n"))
    assert refused["error_code"] == "import.exists"
    assert target.read_text() == before
    replaced = answer(home, 0, *again, "--force", stdin=b"5 * * * * other\n")
    assert replaced["output"] == str(target)
    assert "other:" in target.read_text()


def test_a_link_that_was_planted_at_the_output_is_not_followed(home: Home, tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "out.yaml"
    victim.write_text("mine\n")
    link.symlink_to(victim)
    words = ("import", "crontab", "-", "--output", str(link))
    assert answer(home, 1, *words, stdin=TAB)["error_code"] == "import.exists"
    answer(home, 0, *words, "--force", stdin=TAB)
    assert victim.read_text() == "mine\n"
    assert not link.is_symlink()


def test_without_a_file_the_callers_own_crontab_is_asked_for(home: Home, tmp_path: Path) -> None:
    path = fake_crontab(tmp_path, '[ "$*" = -l ] && cat <<E\n# x\n5 4 * * * mine\nE')
    home.environ["PATH"] = f"{path}:/usr/bin:/bin"
    [task] = answer(home, 0, "import", "crontab")["tasks"]
    assert (task["name"], task["file"], task["line"]) == ("mine", "crontab", 2)


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("echo no crontab for ada >&2; exit 1", "import.no_crontab"),
        ("echo cannot open it >&2; exit 1", "import.unreadable"),
        ("kill -9 $$", "import.unreadable"),
    ],
)
def test_a_crontab_program_that_fails_is_explained(
    home: Home, tmp_path: Path, script: str, code: str
) -> None:
    home.environ["PATH"] = f"{fake_crontab(tmp_path, script)}:/usr/bin:/bin"
    refused = answer(home, 1, "import", "crontab")
    assert refused["error_code"] == code
    assert refused["hint"]


def test_if_there_is_no_crontab_program_a_file_is_asked_for(home: Home, tmp_path: Path) -> None:
    home.environ["PATH"] = str(tmp_path)
    assert answer(home, 1, "import", "crontab")["error_code"] == "tool.missing"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("/nowhere",), "import.unreadable"),
        (("/dev/zero",), "import.unreadable"),
        (("-", "-"), "usage"),
        (("",), "usage"),
        (("-", "--force"), "usage"),
        (("-", "--output", ""), "usage"),
        (("-", "--years", "0"), "usage"),
        (("-", "--output", "/nowhere/x.yaml"), "import.not_written"),
    ],
)
def test_a_wrong_call_gives_one_sentence(home: Home, words: tuple[str, ...], code: str) -> None:
    refused = require_valid("error", answer(home, 1, "import", "crontab", *words, stdin=TAB))
    assert refused["error_code"] == code


def test_only_crontabs_can_be_imported(home: Home) -> None:
    assert answer(home, 1, "import", "anacron")["error_code"] == "usage"


def test_a_file_that_may_not_be_read_is_named(home: Home, tmp_path: Path) -> None:
    tab = tmp_path / "tab"
    tab.write_text("x")
    tab.chmod(0)
    if os.access(tab, os.R_OK):
        pytest.skip("root reads everything")
    assert answer(home, 1, "import", "crontab", str(tab))["file"] == str(tab)


@pytest.mark.parametrize(
    "text", [b"", b"\n\n", b"# only words\n", b"\xff\xfe\x00", b"\0" * 1000, b"*" * 100_000]
)
def test_whatever_is_read_no_traceback_is_seen(home: Home, text: bytes) -> None:
    done = docket(home, "import", "crontab", "-", stdin=text)
    assert b"Traceback" not in done.stderr
    assert b"internal" not in done.stderr
    assert done.stdout.endswith(b"tasks: {}\n")


def test_control_characters_of_a_crontab_do_not_reach_the_terminal(home: Home) -> None:
    done = docket(home, "import", "crontab", "-", stdin=b"5/\x1b[2J * * * * x\n\x1b[31mred\n")
    assert b"\x1b" not in done.stderr + done.stdout
