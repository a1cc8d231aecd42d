"""`tools/tree` replaces no tree that somebody uses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import CALLERS_ENVIRON

TOOL = str(Path(__file__).resolve().parents[2] / "tools" / "tree")
_MOUNT = """
    mount -t tmpfs tmpfs "$1/layer" && mkdir "$1/layer/upper" "$1/layer/work" &&
    layers="upperdir=$1/layer/upper,workdir=$1/layer/work" &&
    mount -t overlay overlay -o "lowerdir=$1/bookworm,$layers" "$1/root" && echo mounted && exec cat
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_tree_that_a_host_is_booted_from_is_not_made_anew(tmp_path: Path) -> None:
    for name in ("bookworm/etc", "layer", "root"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "bookworm/etc/docket-tree").write_text("an older list of packages")
    holding = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", _MOUNT, "mount", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holding:
        assert holding.stdout is not None
        assert holding.stdout.readline() == b"mounted\n"
        done = subprocess.run(
            [TOOL, "bookworm"],
            env={**CALLERS_ENVIRON, "DOCKET_TREES": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "a host is booted from the tree as it was" in done.stderr
    assert (tmp_path / "bookworm/etc/docket-tree").read_text() == "an older list of packages"
    assert not (tmp_path / "bookworm.part").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a root tree needs root")
def test_an_unknown_kind_of_tree_is_refused() -> None:
    done = subprocess.run(
        [TOOL, "bookworm", "nope"], capture_output=True, text=True, env=CALLERS_ENVIRON, check=False
    )
    assert (done.returncode, done.stderr) == (1, "tree: no such kind: nope\n")
