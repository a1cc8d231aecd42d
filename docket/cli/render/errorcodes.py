"""How the list of error codes looks."""

from __future__ import annotations

from collections.abc import Sequence

from docket.cli.render.layout.screen import Screen
from docket.cli.render.layout.table import Column, Row, TextTable
from docket.model.errorcode import ErrorCode


def codes_text(codes: Sequence[ErrorCode], screen: Screen) -> str:
    """Return a line for each code with what it means and what to do about it."""
    rows = [Row([code.code], f"{code.meaning} {code.what_to_do}".strip()) for code in codes]
    return TextTable([Column("CODE")], rows, note_title="MEANING").text(screen)
