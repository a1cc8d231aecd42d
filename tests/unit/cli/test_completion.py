"""What a shell is offered: profiles of sandboxes, tasks and words of closed sets."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.warm import called

ROOT = str(Path(__file__).parents[3])
CONFIG = "tasks:\n  nightly: {type: command, command: 'true'}\n  broken: {type: command}\n"
PROFILES = {"none", "standard", "strict", "readonly"}


def offered(environ: Mapping[str, str], shell: str, words: str, begun: str) -> set[str]:
    """Return the words that the script of `shell` is given after `words`."""
    line = f"docket {words} {begun}"
    asked = {"_DOCKET_COMPLETE": f"{shell}_complete", "COMP_WORDS": line}
    position = begun if shell == "fish" else str(len(words.split()) + 1)
    done = called([], {**environ, **asked, "COMP_CWORD": position}, ROOT)
    lines = done.stdout.decode().splitlines()
    match shell:
        case "bash" | "fish":
            return {line.partition(",")[2].partition("\t")[0] for line in lines}
        case _:
            return set(lines[1::3])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "begun", "wanted"),
    [
        ("try nightly --sandbox", "", PROFILES),
        ("run nightly --sandbox", "st", {"standard", "strict"}),
        ("policy nightly --sandbox", "re", {"readonly"}),
        ("policy nightly --trigger", "", {"timer", "agent", "manual"}),
        ("try", "ni", {"nightly"}),
        ("advise", "ni", {"nightly"}),
        ("", "advi", {"advise"}),
    ],
)
def test_each_shell_is_offered_what_may_come_next(
    environ: dict[str, str],
    config: Callable[[str], Path],
    shell: str,
    words: str,
    begun: str,
    wanted: set[str],
) -> None:
    config(CONFIG)
    assert offered(environ, shell, words, begun) == wanted


# What each shell makes of `docket unin` and the Tab key, with the script where it looks for it.
TABS = {
    "bash": """
        . "$SCRIPTS/bash/docket"
        COMP_WORDS=(docket unin) COMP_CWORD=1
        _docket_completion docket && echo "docket ${COMPREPLY[*]}"
    """,
    "fish": "source $SCRIPTS/fish/docket.fish; complete -C 'docket unin'",
    "zsh": """
        zmodload zsh/zpty
        zpty shell 'TERM=dumb zsh -f -i'
        zpty -w shell "fpath=($SCRIPTS/zsh \\$fpath); autoload -Uz compinit; compinit -u -D"
        zpty -w -n shell $'docket unin\\t'
        zpty -r -m shell line '*docket unin*stall*' && print -r -- "${line//$'\\a'/}"
    """,
}


@pytest.mark.parametrize("shell", TABS)
def test_each_shell_completes_the_first_time_that_it_is_asked(
    environ: dict[str, str], tmp_path: Path, shell: str
) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "docket").write_text(f'#!/bin/sh\nexec {sys.executable} -m docket "$@"\n')
    (tmp_path / "docket").chmod(0o755)
    mine = {
        "PATH": f"{tmp_path}:{environ['PATH']}",
        "PYTHONPATH": ROOT,
        "SCRIPTS": f"{ROOT}/docket/completions",
    }
    done = subprocess.run(
        [program, "-c", TABS[shell]],
        env={**environ, **mine},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "uninstall" in done.stdout, done.stderr


@pytest.mark.parametrize("begun", ["$(touch planted)", "'", "\\", "\x1b[31m", "é" * 5000])
def test_hostile_words_are_offered_nothing(
    environ: dict[str, str], config: Callable[[str], Path], begun: str
) -> None:
    config(CONFIG)
    assert offered(environ, "bash", "try nightly --sandbox", begun) <= {*PROFILES, ""}
