"""Where programs are looked for when tasks are compiled."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from docket.app.catalog.executables import search_path


def test_relative_and_repeated_directories_are_left_out() -> None:
    environ = {"PATH": "bin:/usr/bin:.:/bin:/usr/bin::/a\nb"}
    assert search_path(environ, system=False) == "/usr/bin:/bin"
    assert search_path({}, system=False).startswith("/usr/local/sbin:")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give a directory away")
def test_the_system_scope_finds_no_program_where_another_user_can_put_one(tmp_path: Path) -> None:
    theirs, open_to_all, ours = (tmp_path / name for name in ("theirs", "open", "ours"))
    for directory in (theirs, open_to_all, ours):
        directory.mkdir(mode=0o755)
    os.chown(theirs, 65534, 65534)
    open_to_all.chmod(0o777)
    environ = {"PATH": f"{theirs}:{open_to_all}:{theirs}/sub:{ours}:/usr/bin"}
    assert search_path(environ, system=True) == f"{ours}:/usr/bin"
    assert search_path(environ, system=False).startswith(f"{theirs}:")
