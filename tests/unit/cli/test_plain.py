"""Text of tasks cannot play with the terminal, and is measured as the terminal shows it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docket.cli.render.layout.plain import cut, exact, lines, one_line, pad, width

HOSTILE = st.text(alphabet=st.characters(codec=None), max_size=80)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", r"\x1b[2J\x1b]0;owned\x07"),
        ("two\nlines", "two lines"),
        ("bell\x07 \x9b31m c1", r"bell\x07 \x9b31m c1"),
        ("user\u202egnp.exe", r"user\u202egnp.exe"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("bad\udcff byte", r"bad\xff byte"),
        ("\U000e0041tag", r"\U000e0041tag"),
        ("日本 ünïcode ✓", "日本 ünïcode ✓"),
    ],
)
def test_control_characters_are_shown_instead_of_obeyed(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_a_name_keeps_its_newline_visible() -> None:
    assert exact("a\nb") == r"a\nb"


@given(HOSTILE)
def test_nothing_unprintable_survives_on_one_line(text: str) -> None:
    shown = one_line(text)
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in shown)
    shown.encode()  # and it is text that UTF-8 has a form for


@given(HOSTILE, st.integers(0, 30))
def test_cut_text_never_exceeds_its_columns(text: str, columns: int) -> None:
    assert width(cut(one_line(text), columns)) <= columns


@given(HOSTILE)
def test_lines_of_a_log_hold_no_escape_and_no_bare_return(text: str) -> None:
    shown = "\n".join(lines(text))
    assert "\x1b" not in shown
    assert "\r" not in shown


def test_colours_of_a_log_are_left_out_and_a_progress_bar_hides_nothing() -> None:
    assert lines("\x1b[1;31mred\x1b[0m\r10%\r20%\r\nend\t.") == ["red", "10%", "20%", "end\t."]


def test_wide_and_combining_characters_count_as_the_terminal_shows_them() -> None:
    assert width("日本") == 4
    assert width("e\u0301") == 1
    assert pad("日本", 6) == "日本  "
    assert pad("日本", 6, right=True) == "  日本"
    assert cut("日本語", 5, "…") == "日本…"
