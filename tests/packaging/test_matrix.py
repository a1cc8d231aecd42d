"""What the build server says of the parts for both Debians: passed, failed, or not run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PARTS = 3


class Checkout:
    """A clone in which the mirror, the system tests and the packages are small scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outputs = folder / "outputs"
        self.outputs.mkdir()
        (folder / ".ci").mkdir()
        shutil.copy(ROOT / ".ci" / "matrix", folder / ".ci")
        self.script("tools/tree", 'echo "/trees/$1"')
        self.script(".venv/bin/python", 'echo "$DOCKET_TEST_TREE: 7 passed in 3.1s"')
        self.script("bin/make", 'echo "$*: 9 passed in 4.2s"')

    def script(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def run(self, seconds: int = 30, least: int = 0) -> tuple[int, list[str]]:
        """Return the exit code, and what is said."""
        environ = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}"}
        matrix, folder = str(self.folder / ".ci" / "matrix"), str(self.outputs)
        subprocess.run([matrix, "trees", folder], env=environ, check=True)
        done = subprocess.run(
            [matrix, "try", folder, str(seconds), str(least)],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def said(lines: list[str], word: str) -> list[str]:
    return sorted(line for line in lines if line.startswith(f"ci: {word}: "))


def test_each_part_that_passed_is_said_with_its_figures(checkout: Checkout) -> None:
    code, lines = checkout.run()
    assert (code, len(lines)) == (0, _PARTS)
    packages = [line for line in said(lines, "passed") if "package for" in line]
    for suite in ("bookworm", "trixie"):
        assert f"ci: passed: package for {suite}: test-deb SUITE={suite}: 9 passed in 4.2s" in (
            packages
        )
    (system,) = set(lines) - set(packages)
    assert system in {
        f"ci: passed: system tests on {suite}: /trees/{suite}: 7 passed in 3.1s"
        for suite in ("bookworm", "trixie")
    }


def test_without_a_mirror_nothing_is_said_to_have_passed_or_failed(checkout: Checkout) -> None:
    reason = 'echo "$1: making a root tree" >&2; echo "$1: the mirror cannot be reached" >&2'
    checkout.script("tools/tree", f'{reason}; echo "$1: hint: is there a network?" >&2; exit 69')
    code, lines = checkout.run()
    assert code == 0
    assert said(lines, "NOT RUN") == sorted(lines)
    assert len(lines) == _PARTS
    assert all(line.endswith("the mirror cannot be reached") for line in lines)


def test_a_tree_that_cannot_be_made_for_another_reason_is_a_failure(checkout: Checkout) -> None:
    checkout.script("tools/tree", 'echo "$1: no space" >&2; exit 1')
    code, lines = checkout.run()
    assert (code, len(said(lines, "FAILED"))) == (1, _PARTS)
    assert said(lines, "passed") == []


def test_only_what_needs_the_tree_that_lacks_is_not_run(checkout: Checkout) -> None:
    reason = 'echo "$1: the mirror cannot be reached" >&2; echo "$1: hint: a network?" >&2'
    checkout.script(
        "tools/tree", f'[ "$2" != build ] || {{ {reason}; exit 69; }}; echo "/trees/$1"'
    )
    code, lines = checkout.run()
    assert code == 0
    assert (len(said(lines, "NOT RUN")), len(said(lines, "passed"))) == (1, 2)


@pytest.mark.parametrize("name", [".venv/bin/python", "bin/make"])
def test_a_part_that_fails_is_shown_and_the_others_are_tried(checkout: Checkout, name: str) -> None:
    checkout.script(name, "echo 'E   one is not two'; exit 3")
    code, lines = checkout.run()
    assert code == 1
    assert "E   one is not two" in lines
    assert len(said(lines, "FAILED")) + len(said(lines, "passed")) == _PARTS
    assert said(lines, "passed")


def test_a_part_that_does_not_end_in_its_time_is_a_failure(checkout: Checkout) -> None:
    checkout.script(".venv/bin/python", "exec sleep 60")
    code, lines = checkout.run(seconds=1)
    assert code == 1
    assert any("did not end in the time that was left" in line for line in lines)


def test_what_has_too_little_time_is_not_begun_and_not_said_to_have_passed(
    checkout: Checkout,
) -> None:
    code, lines = checkout.run(seconds=30, least=60)
    assert (code, len(said(lines, "NOT RUN"))) == (0, _PARTS)
    assert all("60 s" in line for line in lines)
