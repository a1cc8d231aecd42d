"""`docket setup-shell`: what it writes, renews, leaves alone and takes away."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Docket

ROOT = Path(__file__).parents[3]
BASH = ".local/share/bash-completion/completions/docket"
ZSH = ".local/share/zsh/site-functions/_docket"
FISH = ".config/fish/completions/docket.fish"
PAGES = {f".local/share/man/man{p.name[-1]}/{p.name}" for p in (ROOT / "docs/man").iterdir()}


def files_in(home: Path) -> set[str]:
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def test_completion_and_every_page_are_where_shells_and_man_look(
    docket: Docket, tmp_path: Path
) -> None:
    told = docket("--json", "setup-shell", "bash", "zsh", "fish")
    assert told.code == 0
    assert files_in(tmp_path) == {BASH, ZSH, FISH} | PAGES
    assert {part["kind"]: part["written"] for part in told.document["parts"]} == {
        "bash": 1,
        "zsh": 1,
        "fish": 1,
        "man": len(PAGES),
    }
    assert (tmp_path / ZSH).read_text().startswith("#compdef docket\n")
    for path in files_in(tmp_path):  # of everybody, with --system
        assert (tmp_path / path).stat().st_mode & 0o777 == 0o644
        assert (tmp_path / path).parent.stat().st_mode & 0o777 == 0o755
    shown = subprocess.run(
        ["man", "-M", str(tmp_path / ".local/share/man"), "--where", "docket-run", "docket.yaml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr


def test_a_second_time_nothing_is_written(docket: Docket, tmp_path: Path) -> None:
    docket("setup-shell", "bash")
    times = {path: (tmp_path / path).stat().st_mtime_ns for path in files_in(tmp_path)}
    told = docket("setup-shell", "bash")
    assert told.code == 0
    assert "nothing to change" in told.out
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in files_in(tmp_path)} == times


def test_what_an_older_docket_wrote_is_renewed_and_its_old_pages_go(
    docket: Docket, tmp_path: Path
) -> None:
    docket("setup-shell", "bash")
    mark = (tmp_path / BASH).read_text().splitlines()[-1]
    (tmp_path / BASH).write_text(f"old\n{mark}\n")
    page = tmp_path / ".local/share/man/man1"
    (page / "docket-gone.1").write_text((page / "docket-run.1").read_text())
    told = docket("--json", "setup-shell", "bash")
    bash, man = told.document["parts"]
    assert (bash["written"], man["written"], man["removed"]) == (1, 0, 1)
    assert files_in(tmp_path) == {BASH} | PAGES


def test_a_file_of_somebody_else_is_left_named_and_counts_as_a_failure(
    docket: Docket, tmp_path: Path
) -> None:
    (tmp_path / BASH).parent.mkdir(parents=True)
    (tmp_path / BASH).write_text("mine\n")
    fifo = tmp_path / ".local/share/man/man1/docket.1"
    fifo.parent.mkdir(parents=True)
    os.mkfifo(fifo)
    told = docket("setup-shell", "bash")
    assert told.code == 1
    assert f"{tmp_path / BASH} is not Docket's: left as it is." in told.out
    assert f"{fifo} is not Docket's" in told.out
    assert docket("setup-shell", "--remove").code == 0
    assert files_in(tmp_path) == {BASH}
    assert (tmp_path / BASH).read_text() == "mine\n"


def test_a_page_that_pipx_has_linked_is_in_place(docket: Docket, tmp_path: Path) -> None:
    page = tmp_path / ".local/share/man/man1/docket.1"
    page.parent.mkdir(parents=True)
    page.symlink_to(ROOT / "docs/man/docket.1")
    assert docket("setup-shell", "bash").code == 0
    assert page.is_symlink()
    docket("setup-shell", "--remove")
    assert page.is_symlink()


def test_removing_takes_away_all_that_was_written(docket: Docket, tmp_path: Path) -> None:
    docket("setup-shell", "bash", "zsh", "fish")
    told = docket("--json", "setup-shell", "--remove")
    assert told.code == 0
    assert sum(part["removed"] for part in told.document["parts"]) == 3 + len(PAGES)
    assert files_in(tmp_path) == set()


def test_it_says_what_is_left_to_do(docket: Docket, tmp_path: Path) -> None:
    said = docket("setup-shell", "zsh").out
    assert f"fpath=({tmp_path}/.local/share/zsh/site-functions $fpath)" in said
    assert f"have {tmp_path}/.local/bin in PATH" in said
    assert "open a new shell" in said


def test_a_place_that_cannot_be_written_gets_one_sentence(docket: Docket, tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("a file in the way")
    told = docket("setup-shell", "bash")
    assert told.code == 1
    assert "cannot be written: Not a directory." in told.err


@pytest.mark.parametrize("words", [("--remove", "bash"), ("tcsh",)])
def test_words_that_make_no_sense_are_refused(docket: Docket, words: tuple[str, ...]) -> None:
    assert docket("--json", "setup-shell", *words).document["error_code"] == "usage"
