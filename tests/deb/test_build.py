"""What is built: the same bytes each time, and nothing that lintian minds."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tests.conftest import CALLERS_ENVIRON

ROOT = Path(__file__).resolve().parents[2]


def test_a_second_build_has_the_same_bytes(deb: Path, tmp_path: Path) -> None:
    # Another time zone, language and umask than the first build had.
    environ = {**CALLERS_ENVIRON, "TZ": "Asia/Kathmandu", "LANG": "C", "LC_ALL": "C"}
    words = ["sh", "-c", 'umask 077; exec "$0" "$@"', str(ROOT / "tools" / "deb"), str(tmp_path)]
    words.append(CALLERS_ENVIRON["DOCKET_TEST_SUITE"])
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    again = Path(done.stdout.strip())
    assert again.name == deb.name
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(deb.read_bytes()).digest()


def test_lintian_has_nothing_to_say(deb: Path) -> None:
    lintian = ["lintian", "--allow-root", "-EIL", "+pedantic", str(deb)]
    done = subprocess.run(lintian, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
