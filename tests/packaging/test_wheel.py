"""The wheel holds the whole package: it is installed and used away from this checkout."""

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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that holds what the wheel holds."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    for name in ("docket", "schemas", "units", "docs/man"):
        shutil.copytree(
            ROOT / name,
            source / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--wheel-dir", str(place), str(source)], check=True)
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place / "site")
    return place / "site"


def test_every_module_and_every_data_file_is_in_the_wheel(installed: Path) -> None:
    def files(root: Path) -> set[str]:
        found = set()
        for directory, _, names in os.walk(root / "docket", followlinks=True):
            inside = os.path.relpath(directory, root)
            if "__pycache__" not in inside:
                found |= {os.path.join(inside, name) for name in names}
        return found

    assert files(installed) == files(ROOT)


def test_every_manual_page_is_where_man_looks_for_it(installed: Path) -> None:
    (share,) = installed.glob("*.data/data/share/man")
    found = {path.relative_to(share).as_posix() for path in share.rglob("*.[1-8]")}
    assert found == {f"man{path.name[-1]}/{path.name}" for path in (ROOT / "docs/man").iterdir()}


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
