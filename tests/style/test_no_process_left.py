"""A run of the tests fails when a process of a test is left, in whatever folder the test is."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.runner.runner_home import alive, wait_until

TESTS = Path(__file__).parents[1]
_LEAVES = """
import os, subprocess, sys

def test_it(tmp_path):
    more = {MORE}
    process = subprocess.Popen(["sleep", "600"], start_new_session=True, **more)
    print(f"pid:{process.pid};")
"""


@pytest.mark.parametrize(
    "more",
    [
        "dict(env={'PATH': os.environ['PATH'], 'WHERE': str(tmp_path)})",
        "dict(env={'PATH': os.environ['PATH']}, cwd=tmp_path)",
        "dict()",  # the test's own home is in its environment
    ],
    ids=["environment", "directory", "home"],
)
def test_a_process_that_a_test_leaves_fails_the_run_and_is_killed(
    tmp_path: Path, more: str
) -> None:
    folder = tmp_path / "tests" / "unit" / "deep"
    folder.mkdir(parents=True)
    for name in ("__init__.py", "conftest.py", "searches.py"):
        shutil.copy(TESTS / name, tmp_path / "tests" / name)
    (folder / "test_leaves.py").write_text(_LEAVES.replace("{MORE}", more))
    words = [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", str(folder)]
    words += ["--rootdir", str(tmp_path), f"--basetemp={tmp_path / 'base'}"]
    environ = {**os.environ, "TESTS_END_SECONDS": "0.3"}
    done = subprocess.run(
        words, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    found = re.search(r"pid:(\d+);", done.stdout)
    assert found is not None, done.stdout
    assert done.returncode == 1
    assert "processes of tests are left" in done.stdout
    assert f"{found[1]}: sleep 600" in done.stdout
    wait_until(lambda: not alive(int(found[1])))


def test_no_folder_of_tests_replaces_what_watches_for_processes() -> None:
    for path in TESTS.rglob("conftest.py"):
        found = "def no_process_left" in path.read_text(encoding="utf-8")
        assert found == (path.parent == TESTS), path
