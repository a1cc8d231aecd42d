"""A missing library is added by the tool that made this installation."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from docket import libraries


@pytest.mark.parametrize(
    ("prefix", "file", "begins"),
    [
        ("/home/ada/.local/share/pipx/venvs/docket-cli", "", "pipx inject docket-cli 'jeepney'"),
        ("/home/ada/venv", "", f"{sys.executable} -m pip install 'jeepney'"),
        ("/usr", libraries.DIST_PACKAGES + "docket/libraries.py", "apt install python3-jeepney"),
        ("/usr", "/usr/lib/python3.13/site-packages/docket/libraries.py", "make an environment"),
        ("/usr", "/home/ada/.local/lib/docket/libraries.py", f"{sys.executable} -m pip install"),
    ],
)
def test_the_hint_fits_the_installation(
    monkeypatch: pytest.MonkeyPatch, prefix: str, file: str, begins: str
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(libraries, "__file__", file)
    assert libraries.how_to_add("jeepney", "python3-jeepney").startswith(begins)


def test_a_tool_of_uv_is_known_by_its_receipt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "uv-receipt.toml").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert libraries.how_to_add("jeepney", None).startswith("uv pip install --python ")
