"""Each mutation is one change, and what it leaves is still Python."""

from __future__ import annotations

import ast

from tests.mutants.cover import COVER, WIDE, stages
from tests.mutants.equivalents import EQUIVALENTS
from tests.mutants.mutations import mutations
from tests.mutants.sample import ROOT, mutants_of, product_files, sample

TEXT = """def f(a: int, b: bool) -> bool:
    if not b and (a + 1) < 3:
        print("é", a)
    return a is None or b == True
"""
ONLY_TYPES = """TYPE_CHECKING = False
if TYPE_CHECKING:
    x = 1
"""


def test_operators_constants_conditions_and_calls_are_changed() -> None:
    changes = {(m.before, m.after) for m in mutations(TEXT)}
    expected = {("<", "<="), ("and", "or"), ("+", "-"), ("not b", "bool(b)"), ("is", "is not")}
    assert expected <= changes
    assert {('print("é", a)', "pass"), ("True", "False"), ("3", "4")} <= changes
    assert ("not b and (a + 1) < 3", "False") in changes
    assert all(ast.parse(m.applied(TEXT)) and m.applied(TEXT) != TEXT for m in mutations(TEXT))


def test_what_only_a_type_checker_reads_is_not_changed() -> None:
    assert list(mutations(ONLY_TYPES)) == []


def test_every_sampled_mutant_of_the_product_parses_and_has_tests_that_cover_it() -> None:
    for mutant in sample("docket", 150, 7):
        text = (ROOT / mutant.path).read_text(encoding="utf-8")
        assert ast.parse(mutant.mutation.applied(text))
        assert stages(mutant.path)


def test_a_sample_has_mutants_of_every_room() -> None:
    rooms = {path.split("/")[1] for path in product_files("docket") if mutants_of(path)}
    assert {mutant.path.split("/")[1] for mutant in sample("docket", 60, 1)} == rooms


def test_the_tests_of_each_room_exist_and_none_runs_twice() -> None:
    for test in [*WIDE, *(test for tests in COVER.values() for test in tests)]:
        assert (ROOT / test).exists(), test
    for path in product_files("docket"):
        tests = [test for stage in stages(path) for test in stage]
        assert len(tests) == len(set(tests)), path
        assert all((ROOT / test).exists() for test in tests)


def test_an_equivalent_mutant_is_one_of_the_product_as_it_is_now() -> None:
    paths = {identity.partition(":")[0] for identity in EQUIVALENTS}
    every = {mutant.identity for path in paths for mutant in mutants_of(path)}
    assert set(EQUIVALENTS) - every == set()
