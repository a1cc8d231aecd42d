"""The files for rpm and Arch Linux, which nobody has built, agree with the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from docket import __version__

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "packaging" / "rpm" / "docket.spec"
PKGBUILD = ROOT / "packaging" / "arch" / "PKGBUILD"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("path", [SPEC, PKGBUILD])
def test_it_says_that_nobody_has_built_it(path: Path) -> None:
    assert path.read_text().startswith("# Nobody has built this package yet:")


@pytest.mark.skipif(shutil.which("rpmspec") is None, reason="rpm is not installed")
def test_rpmspec_reads_the_spec() -> None:
    query = ["rpmspec", "-q", "--srpm", "--qf", "%{NAME} %{VERSION}", str(SPEC)]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"docket {__version__}", "")
    parsed = subprocess.run(["rpmspec", "-P", str(SPEC)], capture_output=True, check=False)
    assert (parsed.returncode, parsed.stderr) == (0, b"")


@pytest.mark.skipif(shutil.which("rpmlint") is None, reason="rpmlint is not installed")
def test_rpmlint_finds_no_mistake_in_the_spec() -> None:
    rpmlint = ["rpmlint", "-c", str(SPEC.parent / "rpmlint.toml"), str(SPEC)]
    done = subprocess.run(rpmlint, capture_output=True, text=True, check=False)
    assert "1 specfiles checked; 0 errors, 0 warnings" in done.stdout, done.stdout


def test_the_spec_lists_every_file_that_the_wheel_puts_below_the_prefix() -> None:
    spec = SPEC.read_text()
    for directory, files in PROJECT["tool"]["setuptools"]["data-files"].items():
        for file in files:
            name = Path(file).name.replace("*.", "docket*.")
            shown = (
                f"/{name}" if directory.endswith("catalog") else f"/{Path(directory).name}/{name}"
            )
            assert shown in spec, shown


def test_bash_reads_the_pkgbuild_and_it_has_the_version_and_the_libraries() -> None:
    show = 'source "$0" && printf "%s\\n" "$pkgver" "${depends[@]}"'
    done = subprocess.run(
        ["bash", "-euc", show, str(PKGBUILD)], capture_output=True, text=True, check=True
    )
    version, *depends = done.stdout.splitlines()
    assert version == __version__
    for requirement in PROJECT["project"]["dependencies"]:
        name = re.sub("^py(?=yaml)", "", requirement.lower())
        assert f"python-{name}" in depends
