"""The package that DOCKET_TEST_DEB names, in a booted bare tree of the Debian it was built for."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import CALLERS_ENVIRON, TREE
from tests.system.host import PrivateHost

DEB = CALLERS_ENVIRON.get("DOCKET_TEST_DEB")
OLDER_TREE = CALLERS_ENVIRON.get("DOCKET_TEST_OLDER_TREE", "/")
# Building and installing take minutes: `make test-deb` does it, and `make test` leaves it out.
collect_ignore_glob = [] if DEB else ["test_*.py"]
DEBIAN = Path(__file__).resolve().parents[2] / "packaging" / "debian"
_PYTHON = "usr/bin/python3"


class Supplies(NamedTuple):
    """What the machine is handed, in one folder that it sees."""

    folder: Path
    deb: Path
    newer: Path  # the same package with a higher version
    source: Path  # the part of a source package that autopkgtest reads
    older_python: Path | None  # the Python of an older Debian; None if this is the oldest


@pytest.fixture(scope="session")
def deb() -> Path:
    """Return the path of the built package."""
    assert DEB is not None
    return Path(DEB)


@pytest.fixture(scope="session")
def supplies(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Supplies:
    """Return the packages and the Python that the steps use."""
    folder = tmp_path_factory.mktemp("supplies")
    folder.chmod(0o755)
    newer = _with_a_higher_version(deb, folder)
    shutil.copy(deb, folder)
    shutil.copytree(DEBIAN, folder / "source" / "debian")
    return Supplies(folder, folder / deb.name, newer, folder / "source", _older_python(folder))


@pytest.fixture(scope="module")
def machine(supplies: Supplies) -> Iterator[PrivateHost]:
    """A booted machine that has never seen Docket, and can reach the mirror of its Debian."""
    with PrivateHost([str(supplies.folder)], tree=TREE) as host:
        host.write("/etc/resolv.conf", Path("/etc/resolv.conf").read_text())
        yield host


def _with_a_higher_version(deb: Path, folder: Path) -> Path:
    unpacked = folder / "unpacked"
    subprocess.run(["dpkg-deb", "-R", str(deb), str(unpacked)], check=True)
    control = unpacked / "DEBIAN" / "control"
    control.write_text(control.read_text().replace("\nVersion: ", "\nVersion: 99:", 1))
    newer = folder / "newer.deb"
    build = ["dpkg-deb", "--root-owner-group", "-b", str(unpacked), str(newer)]
    subprocess.run(build, check=True, capture_output=True)
    shutil.rmtree(unpacked)
    return newer


def _older_python(folder: Path) -> Path | None:
    """Copy the interpreter and the standard library of the older tree, if it is another minor."""
    interpreter = os.path.realpath(os.path.join(OLDER_TREE, _PYTHON))
    name = os.path.basename(interpreter)
    if os.path.basename(os.path.realpath(os.path.join(TREE, _PYTHON))) == name:
        return None
    shutil.copy(interpreter, folder / name)
    shutil.copytree(os.path.join(OLDER_TREE, "usr/lib", name), folder / "lib" / name, symlinks=True)
    return folder / name
