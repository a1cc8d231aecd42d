"""What is made before a sandbox is: the directories that a run inside must not make itself."""

from __future__ import annotations

import os
import stat

import pytest

from docket.paths import discover
from docket.runner.call.preparation import prepare
from tests.unit.runner.runner_home import Home


@pytest.mark.parametrize("name", ["secrets", "tasks", "conf.d"])
def test_a_confined_run_finds_what_it_must_not_make(home: Home, name: str) -> None:
    paths = discover({"HOME": str(home.path.parent), "DOCKET_HOME": str(home.path)})
    assert prepare(home.plan("job", "/bin/true"), paths.guarded_dirs) == 0
    status = os.lstat(home.path / name)
    assert stat.S_ISDIR(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o700
