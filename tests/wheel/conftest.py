"""The wheels in the directory that DOCKET_TEST_WHEELS names, in a booted bare tree of Debian."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CALLERS_ENVIRON, TREE
from tests.system.host import PrivateHost

WHEELS = CALLERS_ENVIRON.get("DOCKET_TEST_WHEELS")
# Only `make test-wheel` has a bare tree and the wheels.
collect_ignore_glob = [] if WHEELS else ["test_*.py"]


@pytest.fixture(scope="session")
def wheels() -> Path:
    """Return the directory of wheels, the only place that pip and uv may take packages from."""
    assert WHEELS is not None
    return Path(WHEELS)


@pytest.fixture(scope="session")
def machine(wheels: Path) -> Iterator[PrivateHost]:
    """A booted machine with systemd and python3-venv, without a compiler and without Docket."""
    with PrivateHost([str(wheels)], tree=TREE) as host:
        for program in ("gcc", "cc", "pkg-config", "docket"):
            assert host.run(["which", program], check=False).returncode != 0
        yield host
