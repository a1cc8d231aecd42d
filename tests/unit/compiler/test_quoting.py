"""Argument lists and values come out of a unit file unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docket.compiler.quoting import (
    command_line,
    double_percent,
    quote_argument,
    refusal,
    value_refusal,
)
from docket.compiler.text import UnitText
from tests.unit.compiler.manager_words import words_of

AWKWARD = [
    "",
    " ",
    "two words",
    "  leading and trailing  ",
    'say "hi"',
    "it's",
    "back\\slash",
    "ends with \\",
    "\\n is not a line end here",
    "$HOME",
    "${HOME}",
    "$$",
    "costs $5",
    "100%",
    "%h/%i",
    "%%",
    "a;b",
    ";",
    "\\;",
    "#no comment",
    "=",
    "-",
    "@/bin/sh",
    "+x",
    "!x",
    "!!x",
    ":x",
    "|x",
    "-x",
    "tab\there",
    "bell\a and escape\x1b and delete\x7f",
    "ünïcödé ✓ 日本語 🙂",
    "--flag=value with 'both' \"quotes\"",
    "*?[a-z]{1,2}~",
    "'",
    '"',
    "`id`",
    "$(id)",
]


@pytest.mark.parametrize("word", AWKWARD)
def test_an_argument_comes_out_of_the_manager_as_it_went_in(word: str) -> None:
    assert words_of(command_line(["/bin/true", word, "last"])) == ["/bin/true", word, "last"]


@given(st.lists(st.text(), max_size=6))
def test_any_arguments_without_a_line_end_survive_the_round_trip(words: list[str]) -> None:
    carried = [word for word in words if refusal(word) is None]
    line = command_line(["/usr/bin/printf", *carried])
    assert words_of(line) == ["/usr/bin/printf", *carried]
    assert "\n" not in line


@pytest.mark.parametrize(
    "path", ["/opt/with space/python3", "/opt/100%/python", '/o"q/py', "/ü/py"]
)
def test_an_awkward_program_path_survives(path: str) -> None:
    assert words_of(command_line([path, "x"])) == [path, "x"]


@pytest.mark.parametrize("path", ["python3", "@/bin/sh", "-/bin/sh", "+/bin/x", "!/x", "./x", ""])
def test_a_program_that_is_not_an_absolute_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="absolute path"):
        command_line([path, "x"])


def test_a_program_path_with_a_dollar_is_refused_because_it_would_stay_doubled() -> None:
    with pytest.raises(ValueError, match="'\\$'"):
        command_line(["/opt/$x/python3"])


def test_plain_words_stay_readable() -> None:
    assert command_line(["/usr/bin/python3", "-IS", "/a/b-c_d.e", "x=1"]) == (
        "/usr/bin/python3 -IS /a/b-c_d.e x=1"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("two\nlines", "line break"),
        ("carriage\rreturn", "line break"),
        ("nul\0", "NUL"),
        ("bad \udcff byte", "UTF-8"),
        ("\ufffe", "not a character"),
        ("\ufdd0", "not a character"),
    ],
)
def test_what_no_unit_file_can_carry_is_refused_with_the_reason(text: str, why: str) -> None:
    assert why in (refusal(text) or "")
    assert why in (value_refusal(text) or "")


@pytest.mark.parametrize("text", [" x", "x ", "x\\", "x\x01", "\u00a0x", "x\n"])
def test_a_bare_value_that_would_come_out_different_is_refused(text: str) -> None:
    assert value_refusal(text) is not None


def test_a_bare_value_with_anything_else_is_taken_and_its_percent_signs_doubled() -> None:
    text = 'it\'s 50% of "$HOME"; done\\x'
    assert value_refusal(text) is None
    assert double_percent(text) == text.replace("%", "%%")


def test_an_empty_argument_is_written_out() -> None:
    assert quote_argument("") == '""'


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("$CREDENTIALS_DIRECTORY/key", '"A=%d/key"'),
        ("${CREDENTIALS_DIRECTORY}/50%", '"A=%d/50%%"'),
        ("unix:${XDG_RUNTIME_DIR}/bus", '"A=unix:%t/bus"'),
        ("$XDG_RUNTIME_DIR", '"A=%t"'),
        ("$XDG_RUNTIME_DIRECTORY", '"A=$XDG_RUNTIME_DIRECTORY"'),
    ],
)
def test_the_directories_of_a_run_are_specifiers_in_a_plain_unit(value: str, line: str) -> None:
    text = UnitText("job")
    text.variable("A", value, "env.A")
    assert text.body() == f"Environment={line}\n"
