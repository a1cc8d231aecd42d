"""The page about the built-in tasks names every key that they take and every key that they give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docket.config.schema import schema as schemas
from docket.model.task.taskclass import TaskClass
from docket.tasks.builtin import BUILT_IN

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tasks.md").read_text()
SECTIONS = {
    part.partition("\n")[0]: part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}


def own_keys(built_in: TaskClass) -> set[str]:
    definition = schemas.definition(schemas.built_in_definition(built_in.name))
    shared = set(schemas.key_names("class_task")) - {"idle_timeout_seconds"}
    return set(definition["properties"]) - shared - {"type"}


@pytest.mark.parametrize("built_in", BUILT_IN, ids=lambda found: found.name)
def test_every_key_of_a_built_in_task_is_on_the_page_and_in_its_inputs(built_in: TaskClass) -> None:
    keys = own_keys(built_in)
    if not built_in.network:
        keys -= {"idle_timeout_seconds"}
    assert {key for key in keys if f"`{key}`" not in SECTIONS[built_in.name]} == set()
    assert set(built_in.inputs) == keys


@pytest.mark.parametrize("built_in", BUILT_IN, ids=lambda found: found.name)
def test_every_key_of_the_details_is_on_the_page(built_in: TaskClass) -> None:
    section = SECTIONS[built_in.name]
    if built_in.name == "backup":
        section += SECTIONS["hbackup"]
    elif built_in.name == "hbackup":
        section += SECTIONS["backup"]
    assert {
        key for key in built_in.outputs if f"`{key}" not in section and f".{key}" not in section
    } == set()


@pytest.mark.parametrize("built_in", BUILT_IN, ids=lambda found: found.name)
def test_each_key_has_one_sentence_for_people_and_agents(built_in: TaskClass) -> None:
    for text in (built_in.description, *built_in.inputs.values(), *built_in.outputs.values()):
        assert 5 < len(text) < 100
        assert "\n" not in text
