"""debian/tests, as Debian's own runner runs them: on a machine of its own, with real timers."""

from __future__ import annotations

import re

from tests.deb.conftest import Supplies
from tests.system.host import PrivateHost

_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
_APT = ["apt-get", "-y", "-q", "-o", "Acquire::Retries=3"]


def test_autopkgtest_passes_on_a_booted_machine(supplies: Supplies, machine: PrivateHost) -> None:
    machine.run(["mkdir", "-p", "/var/cache/apt/archives/partial", "/var/lib/apt/lists/partial"])
    machine.run([*_APT, "update"], environ=_QUIET, timeout_seconds=400)
    runner = ["install", "--no-install-recommends", "autopkgtest"]
    machine.run([*_APT, *runner], environ=_QUIET, timeout_seconds=400)
    # This is a machine of its own, which the runner `null` no longer claims in Debian 13.
    words = [
        "autopkgtest",
        "--ignore-restrictions=isolation-machine",
        "-B",
        str(supplies.deb),
        f"{supplies.source}/",
        "--",
        "null",
    ]
    done = machine.run(words, environ=_QUIET, timeout_seconds=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^timers +PASS$", done.stdout + done.stderr, re.MULTILINE)
