"""Tables fit the screen."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from docket.cli.render.layout.plain import width
from docket.cli.render.layout.screen import Ink, Screen
from docket.cli.render.layout.table import Cell, Column, Row, TextTable

COLUMNS = [Column("ID"), Column("NAME", shrink=6), Column("N", right=True)]


def screen(columns: int | None, *, colour: bool = False) -> Screen:
    return Screen(width=columns, colour=colour, unicode=True, now_us=0)


def table(*names: str, note: str = "") -> TextTable:
    return TextTable(COLUMNS, [Row(["1", name, "12"], note) for name in names], note_title="NOTE")


@example(names=["000" + 6 * "\x1f"], note="0", columns=40)
@given(
    st.lists(st.text(max_size=60), min_size=1, max_size=4),
    st.text(max_size=60),
    st.integers(40, 120),
)
def test_no_line_is_wider_than_the_screen(names: list[str], note: str, columns: int) -> None:
    for line in table(*names, note=note).text(screen(columns)).splitlines():
        assert width(line) <= columns


def test_nothing_is_cut_if_no_width_limits_it() -> None:
    assert "x" * 500 in table("x" * 500).text(screen(None))


def test_a_note_is_beside_its_row_on_a_wide_screen_and_below_on_a_narrow_one() -> None:
    made = table("backup", note="Command failed with exit 3")
    assert made.text(screen(80)).splitlines() == [
        "ID  NAME     N  NOTE",
        "1   backup  12  Command failed with exit 3",
    ]
    assert made.text(screen(30)).splitlines() == [
        "ID  NAME     N",
        "1   backup  12",
        "    Command failed with exit 3",
    ]


def test_columns_line_up_beside_wide_characters_and_colours() -> None:
    rows = [Row([Cell("日本", Ink.GOOD), "a", "1"]), Row([Cell("x", Ink.BAD), "b", "22"])]
    plain = TextTable(COLUMNS, rows).text(screen(60)).splitlines()
    assert plain[1] == "日本  a      1"
    assert plain[2] == "x     b     22"
    coloured = TextTable(COLUMNS, rows).text(screen(60, colour=True))
    assert "\x1b[32m日本\x1b[0m" in coloured


def test_a_cell_cannot_bring_a_line_of_its_own() -> None:
    shown = table("a\nroot 0 succeeded\x1b[A").text(screen(80))
    assert len(shown.splitlines()) == 2
    assert "\x1b" not in shown
