"""The nearest name is found one way for tasks, commands, options, keys and arguments."""

from __future__ import annotations

import pytest

from docket.model.text.nearest import nearest, slip_of


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("backpu", ["backup", "sync"], "backup"),
        ("BackUp", ["backup", "sync"], "backup"),
        ("time-out", ["timeout", "retry"], "timeout"),
        ("max_concurrent", ["max-concurrent"], "max-concurrent"),
        ("zebra", ["backup", "sync"], None),
        ("x" * 100_000, ["backup"], None),
        ("", ["backup"], None),
    ],
)
def test_a_mistyped_name_leads_to_the_one_that_was_meant(
    word: str, known: list[str], meant: str | None
) -> None:
    assert nearest(word, known) == meant


def test_a_name_that_may_be_right_is_a_slip_only_if_hardly_a_letter_differs() -> None:
    assert slip_of("excldes", ["excludes"]) == "excludes"
    assert slip_of("extra", ["excludes", "extra_args"]) is None
