"""Each mutation is one change, and what it leaves is still Python."""

from __future__ import annotations

import ast
import random

from tests.mutants.mutations import mutations
from tests.mutants.run import ROOT, cover, sample

TEXT = """def f(a: int, b: bool) -> bool:
    if not b and (a + 1) < 3:
        print("é", a)
    return a is None or b == True
"""


def test_operators_constants_conditions_and_calls_are_changed() -> None:
    changes = {(m.before, m.after) for m in mutations(TEXT)}
    expected = {("<", "<="), ("and", "or"), ("+", "-"), ("not b", "bool(b)"), ("is", "is not")}
    assert expected <= changes
    assert {('print("é", a)', "pass"), ("True", "False"), ("3", "4")} <= changes
    assert ("not b and (a + 1) < 3", "False") in changes
    assert all(ast.parse(m.applied(TEXT)) and m.applied(TEXT) != TEXT for m in mutations(TEXT))


def test_every_sampled_mutant_of_the_product_parses_and_has_tests_that_cover_it() -> None:
    for mutant in sample("docket", 150, random.Random(7)):
        text = (ROOT / mutant.path).read_text(encoding="utf-8")
        assert ast.parse(mutant.mutation.applied(text))
        assert cover(mutant.path)
