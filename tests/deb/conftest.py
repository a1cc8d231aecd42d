"""The package that DOCKET_TEST_DEB names, in a booted tree of the Debian it was built for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CALLERS_ENVIRON, TREE
from tests.system.host import PrivateHost

DEB = CALLERS_ENVIRON.get("DOCKET_TEST_DEB")
# Building and installing take minutes: `make test-deb` does it, and `make test` leaves it out.
collect_ignore_glob = [] if DEB else ["test_*.py"]


@pytest.fixture(scope="session")
def deb() -> Path:
    """Return the path of the built package."""
    assert DEB is not None
    return Path(DEB)


@pytest.fixture(scope="module")
def machine(deb: Path) -> Iterator[PrivateHost]:
    """A booted machine that has never seen Docket; the package's folder is shown in it."""
    with PrivateHost([str(deb.parent)], tree=TREE) as host:
        yield host
