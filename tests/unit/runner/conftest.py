"""A home for `docket exec`, fresh for every test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runner.runner_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return a Docket home in a directory of its own; every gate is opened at the end."""
    home = Home(tmp_path / "home")
    yield home
    home.open_gates()


@pytest.fixture
def status_lines(tmp_path: Path) -> Any:
    """Listen where a service manager would; give its address and what was said."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.setblocking(False)

        def said() -> list[str]:
            found = []
            while True:
                try:
                    found.append(listener.recv(65536).decode())
                except BlockingIOError:
                    return found

        yield address, said
