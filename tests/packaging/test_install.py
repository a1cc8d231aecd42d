"""`make install` is shell, and what the README says."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_make_install_is_shell_that_the_readme_names() -> None:
    subprocess.run(["sh", "-n", str(ROOT / "tools" / "install")], check=True)
    assert "\nmake install " in (ROOT / "README.md").read_text()
    assert "@tools/install\n" in (ROOT / "Makefile").read_text()
