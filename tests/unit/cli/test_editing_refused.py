"""What is edited on a full disk: one sentence, and everything is as it was."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Docket

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
MAIN = "tasks:\n  main: {type: command, command: /bin/true}\n"


@pytest.fixture
def full(tmp_path: Path, spawn: Docket) -> Iterator[Path]:
    """A home on a disk without room, with a config, a task in conf.d and a secret."""
    home = tmp_path / ".docket"
    home.mkdir(mode=0o700)
    options = ["-o", "size=128k,mode=0700"]
    subprocess.run(["mount", "-t", "tmpfs", *options, "docket-test", str(home)], check=True)
    try:
        (home / "config.yaml").write_text(MAIN)
        (home / "config.yaml").chmod(0o600)
        assert spawn("secret", "set", "kept", stdin=b"old").code == 0
        assert spawn("add", "one", "--", "/bin/true").code == 0
        with (home / "fill").open("wb", buffering=0) as file:
            try:
                while file.write(b"x" * 4096) > 0:
                    pass
            except OSError:
                pass
        yield home
    finally:
        subprocess.run(["umount", str(home)], check=True)


def contents(home: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (("secret", "set", "kept"), b"new-and-unsaid"),
        (("secret", "set", "other"), b"new-and-unsaid"),
        (("add", "two", "--", "/bin/echo", "x" * 2000), b""),
        (("edit", "one"), b""),
        (("configure",), b""),
    ],
)
def test_an_edit_on_a_full_disk_is_refused_and_nothing_has_changed(
    spawn: Docket, full: Path, words: tuple[str, ...], value: bytes
) -> None:
    before = contents(full)
    told = spawn(*words, stdin=value, EDITOR="sed -i s,/bin/true,/bin/false,")
    assert told.code == 1
    assert "cannot be read or written: No space left on device." in told.err
    assert told.err.count("\n") == 2  # the sentence and its hint
    assert "unsaid" not in told.out + told.err
    assert contents(full) == before


def test_what_is_removed_on_a_full_disk_is_gone(spawn: Docket, full: Path) -> None:
    assert spawn("secret", "remove", "kept").code == 0
    assert spawn("remove", "one").code == 0
    assert not list((full / "conf.d").iterdir())
