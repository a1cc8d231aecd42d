"""Environment files are read as systemd reads them."""

from __future__ import annotations

import pytest

from docket.model.envfile import parse_environment
from docket.runner.call.environment import iso


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("A=b", {"A": "b"}),
        ("A=b\nA=c\n", {"A": "c"}),
        ("# no\n; no\n\n  A=b\n", {"A": "b"}),
        ("A = b c  \n", {"A": "b c"}),
        ("A=\"b c\"\nB='d $x \\n'\n", {"A": "b c", "B": "d $x \\n"}),
        ('A="say \\"hi\\" \\$x \\n"', {"A": 'say "hi" $x \\n'}),
        ("A=one\\\ntwo\nB=3", {"A": "onetwo", "B": "3"}),
        ('A="two\nlines"\nB=3', {"A": "two\nlines", "B": "3"}),
        ("A=it's", {"A": "it's"}),
        ("no equals\n1A=x\nA-B=x\n=x\nexport A=x\n", {}),
        ("A=", {"A": ""}),
        ('A="never closed', {"A": "never closed"}),
        ("", {}),
    ],
)
def test_environment_files(text: str, values: dict[str, str]) -> None:
    assert parse_environment(text) == values


def test_instants_are_iso_in_utc() -> None:
    assert iso(1_777_253_400_000_001) == "2026-04-27T01:30:00.000001+00:00"
