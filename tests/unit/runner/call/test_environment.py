"""Environment files are read as systemd reads them."""

from __future__ import annotations

import pytest

from docket.model.text.envfile import EnvironmentFileError, doubtful_lines, parse_environment
from docket.runner.call.environment import iso
from tests.envfiles import READ, REFUSED


@pytest.mark.parametrize(("text", "values"), READ)
def test_an_environment_file_is_read_as_by_systemd(text: bytes, values: dict[str, str]) -> None:
    assert parse_environment(text) == values


@pytest.mark.parametrize("text", REFUSED)
def test_a_file_that_systemd_refuses_is_refused_with_the_reason(text: bytes) -> None:
    with pytest.raises(EnvironmentFileError, match=r"not UTF-8|NUL byte|Unicode reserves"):
        parse_environment(text)


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (b"A=1\nexport K=1\n", "line 2 begins with `export` and is passed over: leave that out"),
        (b"\xef\xbb\xbfA=1\n", "line 1 begins with a byte order mark and is passed over"),
        (b"K: 1\n", "line 1 has no `=`"),
        (b"A-B=1", "line 1 has no name of a variable before the `=` and is passed over"),
        (b"A=plain # note\n", "line 1 gives A a value with what follows the `#`"),
        (
            b"# x \\\nA=1\n",
            "line 1 is a comment that ends in a backslash: before systemd 254 it goes on",
        ),
    ],
)
def test_a_line_that_is_not_what_it_looks_like_is_named(text: bytes, doubt: str) -> None:
    assert list(doubtful_lines(text)) == [doubt]


def test_an_ordinary_file_has_no_doubtful_line() -> None:
    assert not list(doubtful_lines(b"# words\n\nA='1 # 2'\nB=\"x\" # y\nC=a#b\n D = 2 \n"))


def test_instants_are_iso_in_utc() -> None:
    assert iso(1_777_253_400_000_001) == "2026-04-27T01:30:00.000001+00:00"
