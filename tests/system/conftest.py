"""The users that system tests act as: those of a private host (as root), or the caller.

With neither, the tests are reported as not run (see the summary in tests/conftest.py), and never
counted as passed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.conftest import CALLERS_ENVIRON, TREE
from tests.system.host import HostError, PrivateHost, why_not
from tests.system.seat import REPOSITORY, HostSeat, OwnSeat, Seat, user_manager_answers
from tests.unit.notify.loopback import Loopback


@pytest.fixture(scope="session")
def host_or_reason() -> Iterator[PrivateHost | str]:
    """One private host for all tests, or the reason why there is none."""
    reason = why_not(TREE)
    host = None
    if reason is None:
        try:
            host = PrivateHost([REPOSITORY, sys.prefix], tree=TREE, warm=True)
            host.boot()
            # As root: what Python compiles on the way is then there for everybody.
            host.docket(["--version"])
        except HostError as error:
            host, reason = None, str(error)
    if host is None:
        yield reason or "no private host"
        return
    try:
        yield host
    finally:
        host.close()


@pytest.fixture(scope="session")
def host(host_or_reason: PrivateHost | str) -> PrivateHost:
    """The private host; a test that asks for it needs root."""
    if isinstance(host_or_reason, str):
        pytest.skip(f"NOT RUN: {host_or_reason}")
    return host_or_reason


@pytest.fixture
def ada(host: PrivateHost) -> Iterator[HostSeat]:
    """A lingering user of the private host with the default home and nothing of Docket yet."""
    yield from HostSeat(host, "ada").own()


@pytest.fixture
def bob(host: PrivateHost) -> Iterator[HostSeat]:
    """Another such user, who is up to something."""
    yield from HostSeat(host, "bob").own()


@pytest.fixture
def root(host: PrivateHost) -> Iterator[HostSeat]:
    """Root of the private host, in the system scope, with nothing of Docket yet."""
    yield from HostSeat(host, "root").own()


@pytest.fixture
def seat(
    host_or_reason: PrivateHost | str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Seat]:
    """Somebody under a running manager: a user of the private host, otherwise the caller."""
    if isinstance(host_or_reason, PrivateHost):
        yield request.getfixturevalue("ada")
        return
    if TREE != "/":
        pytest.skip(f"NOT RUN: {TREE} was asked for, and {host_or_reason}")
    if not user_manager_answers(CALLERS_ENVIRON):
        pytest.skip(f"NOT RUN: no user manager runs, and {host_or_reason}")
    own = OwnSeat(str(tmp_path_factory.mktemp("own")), CALLERS_ENVIRON)
    try:
        yield own
    finally:
        own.forget()


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A web server here: a private host shares the network of this machine."""
    with Loopback().serving() as loopback:
        yield loopback
