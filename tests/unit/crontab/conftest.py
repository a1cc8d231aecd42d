"""A home for imports, and the command line in it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from docket.app.crontab.imported import CrontabImport
from docket.app.crontab.importing import import_crontabs
from docket.schedule import zones
from tests.unit.app.conftest import Home
from tests.warm import called

Importer = Callable[..., CrontabImport]


@pytest.fixture(autouse=True)
def _in_utc(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let the machine's zone be UTC, whatever the machine says."""
    local = tmp_path_factory.mktemp("zone") / "localtime"
    local.symlink_to("/usr/share/zoneinfo/UTC")
    monkeypatch.setattr(zones, "LOCAL_ZONE_FILE", str(local))


@pytest.fixture
def home(own_home: str) -> Home:
    """A user's home with nothing in it."""
    return Home(own_home)


@pytest.fixture
def bring(home: Home) -> Importer:
    """Import a text as a crontab that was read from standard input."""

    def bring(
        text: str | bytes, *, years: int = 1, user_field: bool | None = None
    ) -> CrontabImport:
        data = text if isinstance(text, bytes) else text.encode()
        return import_crontabs(
            home.session, ["-"], user_field=user_field, years=years, read_stdin=lambda _most: data
        )

    return bring


def docket(
    home: Home, *words: str, stdin: bytes = b"", **environ: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in the home."""
    known = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/dev/null/no-bus"}
    return called(words, {**home.environ, **known, **environ}, os.getcwd(), stdin=stdin)


def answer(home: Home, expected: int, *words: str, stdin: bytes = b"") -> Any:
    """Return the document of a command that ends with the exit code `expected`."""
    done = docket(home, *words, "--json", stdin=stdin)
    assert done.returncode == expected, (done.stdout, done.stderr)
    return json.loads(done.stdout)
