"""The unit of a single run says over the bus what the unit file says in text."""

from __future__ import annotations

from typing import Any

import pytest

from docket.compiler.properties import UnitProperties


def told(*lines: str) -> dict[str, tuple[str, Any]]:
    found = UnitProperties("task")
    found.fixed(*lines)
    assert found.unsaid == []
    return {name: (signature, value) for name, signature, value in found.properties}


@pytest.mark.parametrize(
    ("line", "name", "signature", "value"),
    [
        ("TimeoutStartSec=1min 30s", "TimeoutStartUSec", "t", 90_000_000),
        ("TimeoutStartSec=infinity", "TimeoutStartUSec", "t", 2**64 - 1),
        ("StartLimitIntervalSec=0", "StartLimitIntervalUSec", "t", 0),
        ("MemoryMax=64M", "MemoryMax", "t", 64 << 20),
        ("MemoryMax=1.5K", "MemoryMax", "t", 1536),
        ("MemoryMax=infinity", "MemoryMax", "t", 2**64 - 1),
        ("MemoryHigh=50%", "MemoryHighScale", "u", 2**31),
        ("CPUQuota=12.5%", "CPUQuotaPerSecUSec", "t", 125_000),
        ("TasksMax=20", "TasksMax", "t", 20),
        ("Nice=-5", "Nice", "i", -5),
        ("IOWeight=50", "IOWeight", "t", 50),
        ("SuccessExitStatus=75", "SuccessExitStatus", "(aiai)", [[75], []]),
        ("NoNewPrivileges=yes", "NoNewPrivileges", "b", True),
        ("PrivateTmp=0", "PrivateTmp", "b", False),
        ("After=a.service b.service", "After", "as", ["a.service", "b.service"]),
        ("LoadCredential=key:/etc/key", "LoadCredential", "a(ss)", [["key", "/etc/key"]]),
    ],
)
def test_a_line_becomes_a_property(line: str, name: str, signature: str, value: Any) -> None:
    assert told(line) == {name: (signature, value)}


def test_lists_add_up_and_an_empty_one_begins_again() -> None:
    assert told("After=a.service", "After=b.service")["After"][1] == ["a.service", "b.service"]
    assert told("After=a.service", "After=", "After=b.service")["After"][1] == ["b.service"]


def test_a_limit_of_open_files_is_soft_and_hard() -> None:
    found = told("LimitNOFILE=512:1024")
    assert (found["LimitNOFILESoft"][1], found["LimitNOFILE"][1]) == (512, 1024)


@pytest.mark.parametrize(
    "line",
    ["OnFailure=tell@%n.service", "BindPaths=/a:/b", "NoNewPrivileges=maybe", 'After="a b"'],
)
def test_what_the_bus_cannot_carry_is_named_and_never_dropped(line: str) -> None:
    found = UnitProperties("task")
    found.fixed(line)
    assert found.properties == []
    assert found.unsaid[0].startswith(line.partition("=")[0])


def test_no_variable_is_expanded_in_a_command() -> None:
    found = UnitProperties("task")
    found.command("ExecStart", ["/bin/sh", "-c", 'echo "$HOME" 100%'])
    [[name, signature, value]] = found.properties
    assert (name, signature) == ("ExecStartEx", "a(sasas)")
    assert value == [["/bin/sh", ["/bin/sh", "-c", 'echo "$HOME" 100%'], ["no-env-expand"]]]


@pytest.mark.parametrize(("word", "number"), [("EPERM", 1), ("kill", 2**31 - 2), ("38", 38)])
def test_the_error_of_a_refused_system_call_is_found_in_every_form(word: str, number: int) -> None:
    assert told(f"SystemCallErrorNumber={word}") == {"SystemCallErrorNumber": ("i", number)}


def test_a_word_that_is_not_an_errno_is_left_to_the_unit_file() -> None:
    found = UnitProperties("task")
    found.fixed("SystemCallErrorNumber=EFROB")
    assert found.properties == []
    assert "SystemCallErrorNumber" in found.unsaid[0]
