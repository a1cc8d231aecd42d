"""One interpreter for all tests of plugins; what a test installs in it goes again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.plugins.installation import Installation, make_interpreter
from tests.warm import Warm


@pytest.fixture(scope="session")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with this checkout."""
    path = tmp_path_factory.mktemp("interpreter")
    make_interpreter(path)
    return path


@pytest.fixture(scope="session")
def warm(interpreter: Path) -> Iterator[Warm]:
    """A server of that interpreter."""
    with Warm(python=str(interpreter / "bin" / "python")) as found:
        yield found


@pytest.fixture
def installed(interpreter: Path, own_home: str, warm: Warm) -> Iterator[Installation]:
    """An installation with nothing but Docket."""
    found = Installation(interpreter, own_home, warm)
    before = set(found.packages.iterdir())
    yield found
    for path in set(found.packages.iterdir()) - before:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
