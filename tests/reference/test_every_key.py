"""Every key that the older program prints is here, with the same type."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.reference.departures import DEPARTURES, EXIT_CODES
from tests.reference.published import require_published
from tests.reference.shapes import lacking, shape_of
from tests.reference.tour import Step, Tour

RECORDED = Path(__file__).with_name("recorded.json")


def recorded() -> dict[str, dict[str, Any]]:
    """Return what docket-cli 0.2.2 answered on the tour: exit code and shape by step.

    `make compare` records it again.
    """
    found: dict[str, dict[str, Any]] = json.loads(RECORDED.read_text())
    return found


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    """Return what this program answers on the tour."""
    root = str(Path(__file__).parents[2])
    home = tmp_path_factory.mktemp("tour") / "home"
    return Tour(None, home, {"PYTHONPATH": root, "LANG": os.environ.get("LANG", "C")}).go()


@pytest.mark.parametrize("step", recorded())
def test_no_key_of_the_older_program_is_lost_or_of_another_type(
    step: str, answers: dict[str, Step]
) -> None:
    wrong = [
        f"{path}: {what}"
        for path, what in lacking(recorded()[step]["shape"], shape_of(answers[step].document))
        if not any(departure.covers(step, path) for departure in DEPARTURES)
    ]
    assert wrong == []


@pytest.mark.parametrize("step", sorted(recorded().keys() - EXIT_CODES.keys()))
def test_the_exit_codes_are_those_of_the_older_program(step: str, answers: dict[str, Step]) -> None:
    assert answers[step].exit_code == recorded()[step]["exit_code"]


@pytest.mark.parametrize("step", recorded())
def test_each_answer_is_what_its_published_schema_says(step: str, answers: dict[str, Step]) -> None:
    require_published(answers[step].words, answers[step].document)


def test_the_record_covers_the_whole_tour(answers: dict[str, Step]) -> None:
    assert sorted(answers) == sorted(recorded())
