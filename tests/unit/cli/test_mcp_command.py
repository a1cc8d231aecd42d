"""`docket mcp` that cannot serve gives one sentence, a code and a hint, never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


def told(
    words: list[str], environ: dict[str, str], **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        env={**environ, **more},
        stdin=subprocess.DEVNULL,
        check=False,
    )


@pytest.fixture
def old_sdk(tmp_path: Path) -> str:
    """An installed SDK of the major version before, as far as its metadata goes."""
    folder = tmp_path / "site" / "mcp-1.30.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: mcp\nVersion: 1.30.0\n")
    return str(tmp_path / "site")


@pytest.mark.parametrize("words", [["docket", "mcp"], ["docket-mcp"]])
def test_without_the_extra_it_says_what_to_install(
    words: list[str], environ: dict[str, str]
) -> None:
    """Defect: without the extra a traceback, that named a distribution which is not this one."""
    command = [str(BIN / words[0]), *words[1:]]
    done = told(command, environ)
    assert (done.returncode, done.stdout) == (1, "")
    assert "which is not installed.\nhint: " in done.stderr
    assert " -m pip install 'mcp>=2,<3'" in done.stderr
    assert "Traceback" not in done.stderr
    document = json.loads(told([*command, "--json"], environ).stdout)
    assert document["error_code"] == "tool.extra_missing"


def test_an_sdk_of_another_major_version_is_named(environ: dict[str, str], old_sdk: str) -> None:
    """Defect: the extra took any version of the SDK, and broke with the next major one (W2)."""
    done = told([str(BIN / "docket-mcp"), "--json"], environ, PYTHONPATH=old_sdk)
    document = json.loads(done.stdout)
    assert document["error_code"] == "tool.extra_missing"
    assert "not with 1.30.0" in document["error"]


@pytest.mark.parametrize("closed", [0, 1])
def test_a_closed_stream_is_reported(environ: dict[str, str], closed: int) -> None:
    server = BIN.parent.parent / ".venv-mcp" / "bin" / "docket-mcp"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" {closed}<&-', str(server)],
        capture_output=True,
        text=True,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 1
    assert "one of them is closed" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_an_unusable_home_ends_the_server_before_it_serves(environ: dict[str, str]) -> None:
    server = BIN.parent.parent / ".venv-mcp" / "bin" / "docket-mcp"
    done = told([str(server), "--system", "--home", "/x", "--json"], environ)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error_code"] == "usage"
