"""Reading the journal of one run, through a journalctl of the test's own."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest

from docket.errors import ToolMissingError
from docket.systemd.journalctl import (
    JournalError,
    is_invocation_id,
    parse_entry,
    probe,
    read_invocation,
)

INVOCATION = "0123456789abcdef0123456789abcdef"


def script(directory: Any, body: str) -> dict[str, str]:
    path = os.path.join(str(directory), "journalctl")
    with open(path, "w") as file:
        file.write("#!/bin/sh\n" + body)
    os.chmod(path, stat.S_IRWXU)
    return {"PATH": f"{directory}:/usr/bin:/bin"}


def entry(message: Any, **fields: str) -> str:
    return json.dumps({"MESSAGE": message, "__REALTIME_TIMESTAMP": "5", **fields})


def test_lines_of_an_invocation_come_in_order_with_their_bytes(tmp_path: Any) -> None:
    lines = [entry("first", PRIORITY="4"), entry([0xFF, 0x41]), entry(None), entry("ü")]
    out = tmp_path / "out"
    out.write_text("\n".join(lines) + "\n")
    found = read_invocation(INVOCATION, system=False, environ=script(tmp_path, f"cat {out}"))
    assert [line.message for line in found] == [b"first", b"\xffA", b"", "ü".encode()]
    assert [line.priority for line in found] == [4, 6, 6, 6]
    assert found[0].at_us == 5


def test_journalctl_is_asked_for_this_invocation_of_this_scope(tmp_path: Any) -> None:
    environ = script(tmp_path, f'printf "%s\\n" "$*" >> {tmp_path}/asked')
    read_invocation(INVOCATION, system=False, environ=environ, tail=7)
    read_invocation(INVOCATION, system=True, environ=environ)
    user, system = (tmp_path / "asked").read_text().splitlines()
    assert "--user" in user
    assert user.endswith(f"-n 7 _SYSTEMD_INVOCATION_ID={INVOCATION}")
    assert "--user" not in system
    assert system.endswith(f"_SYSTEMD_INVOCATION_ID={INVOCATION}")


@pytest.mark.parametrize("text", ["", "x" * 32, "--help", INVOCATION[:-1], INVOCATION.upper()])
def test_what_is_not_an_invocation_id_never_reaches_a_command_line(text: str) -> None:
    assert not is_invocation_id(text)
    with pytest.raises(JournalError):
        read_invocation(text, system=False, environ={"PATH": "/nonexistent"})


def test_a_journalctl_that_fails_is_reported_with_its_last_line(tmp_path: Any) -> None:
    environ = script(tmp_path, "echo one >&2; echo No access >&2; exit 1")
    with pytest.raises(JournalError, match="No access"):
        read_invocation(INVOCATION, system=False, environ=environ)
    assert probe(system=False, environ=environ) == "The journal cannot be read: No access."


def test_a_missing_journalctl_is_reported(tmp_path: Any) -> None:
    with pytest.raises(ToolMissingError):
        read_invocation(INVOCATION, system=False, environ={"PATH": str(tmp_path)})


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 10000])
def test_a_line_that_is_not_an_entry_is_left_out(line: bytes) -> None:
    assert parse_entry(line) is None


@pytest.mark.parametrize(
    ("message", "expected"),
    [(["a", "b"], b"a\nb"), ({"x": 1}, b""), ([300], b""), ([-1, 2], b"\n"), (7, b"")],
)
def test_odd_messages_do_no_harm(message: Any, expected: bytes) -> None:
    found = parse_entry(entry(message, PRIORITY="high").encode())
    assert found is not None
    assert found.message == expected
    assert found.priority == 6
