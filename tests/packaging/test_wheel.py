"""The wheel and the source distribution hold the whole package, used away from this checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import docket
from docket import __version__

ROOT = Path(docket.__path__[0]).parent
MAN = ROOT / "docs" / "man"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the repository without what was made in it."""
    place = tmp_path_factory.mktemp("source") / "docket"
    made = ("__pycache__", ".*", "build", "dist", "*.egg-info")
    shutil.copytree(ROOT, place, symlinks=True, ignore=shutil.ignore_patterns(*made))
    return place


@pytest.fixture(scope="module")
def sdist(source: Path) -> Path:
    """Return the unpacked source distribution."""
    build = "from setuptools.build_meta import build_sdist; build_sdist('made')"
    subprocess.run([sys.executable, "-c", build], cwd=source, capture_output=True, check=True)
    (archive,) = (source / "made").glob("*.tar.gz")
    subprocess.run(["tar", "-xf", archive.name], cwd=source / "made", check=True)
    return source / "made" / archive.name.removesuffix(".tar.gz")


def unpacked_wheel(source: Path, place: Path) -> Path:
    """Build the wheel of a source tree and return a directory that holds what it holds."""
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(place), str(source)], check=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    return place / "site"


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that holds what the wheel holds."""
    return unpacked_wheel(source, tmp_path_factory.mktemp("wheel"))


def files_in(root: Path) -> set[str]:
    """Return the paths of all files below a directory, links to directories followed."""
    return {
        os.path.relpath(os.path.join(directory, name), root)
        for directory, _, names in os.walk(root, followlinks=True)
        for name in names
        if "__pycache__" not in directory
    }


def test_every_module_and_every_data_file_is_in_the_wheel(installed: Path) -> None:
    assert files_in(installed / "docket") == files_in(ROOT / "docket")


def test_the_wheel_holds_schemas_units_and_completions_beside_the_modules(installed: Path) -> None:
    held = files_in(installed / "docket")
    for folder in ("schemas", "units", "completions"):
        assert {path for path in held if path.startswith(f"{folder}/")}
    assert "schemas/config.schema.json" in held
    assert "schemas/output/status.schema.json" in held


def test_the_wheel_puts_what_other_programs_read_where_they_look_for_it(installed: Path) -> None:
    (data,) = installed.glob("*.data/data")
    pages = {f"share/man/man{page.name[-1]}/{page.name}" for page in MAN.iterdir()}
    assert files_in(data) == pages | {
        "lib/systemd/catalog/docket.catalog",
        "share/bash-completion/completions/docket",
        "share/fish/vendor_completions.d/docket.fish",
        "share/zsh/site-functions/_docket",
    }


def test_the_source_distribution_holds_what_a_distribution_builds_from(sdist: Path) -> None:
    held = files_in(sdist)
    for folder in ("docs", "packaging", "schemas", "tests", "tools", "units"):
        assert {f"{folder}/{path}" for path in files_in(ROOT / folder)} <= held
    assert {"CHANGELOG.md", "LICENSE", "Makefile", "README.md", "pyproject.toml"} <= held
    assert not [path for path in held if path.endswith(".pyc")]


def test_the_wheel_of_the_source_distribution_is_that_of_the_repository(
    sdist: Path, installed: Path, tmp_path: Path
) -> None:
    again = unpacked_wheel(sdist, tmp_path)
    assert files_in(again) == files_in(installed)
    for path in files_in(installed):
        if not path.endswith("/RECORD"):
            assert (again / path).read_bytes() == (installed / path).read_bytes(), path


def test_what_is_installed_answers_and_runs(installed: Path, own_home: str) -> None:
    environ = {"HOME": own_home, "PATH": os.environ["PATH"], "PYTHONPATH": str(installed)}
    for words in (["capabilities"], ["run", "health-check"], ["schema", "output", "run"]):
        done = subprocess.run(
            [sys.executable, "-m", "docket", "--json", *words],
            cwd=own_home,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        document = json.loads(done.stdout)
        assert document.get("version", __version__) == __version__
        assert "internal" not in str(document.get("error_code"))
    where = "import docket; print(docket.__path__[0])"
    done = subprocess.run(
        [sys.executable, "-c", where],
        cwd=own_home,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(installed / "docket")
