"""The schema is the one truth: fast checks, sentences and documents all agree with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from docket.config.schema import fastchecks, violations
from docket.config.schema import schema as schemas
from docket.config.yaml.composer import Composer, UnreadableYaml
from docket.config.yaml.nodes import Section
from docket.config.yaml.syntax import compose
from docket.tasks import builtin
from tests.searches import examples

BUILT_IN = tuple(schemas.built_in_definition(task.name) for task in builtin.BUILT_IN)
DEFINITIONS = ("command_task", "class_task", "default_keys", "task", *BUILT_IN)


def truth(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schemas.part(name))


def test_the_schema_is_a_schema_of_draft_2020_12() -> None:
    assert schemas.document()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schemas.document())


def described(schema: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key of the configuration that the schema knows."""
    for name, part in schema.get("properties", {}).items():
        if set(part) != {"const"}:
            yield f"{where}.{name}", schemas.resolve(part)
    for key in ("anyOf", "items", "additionalProperties"):
        children = schema.get(key)
        for child in children if isinstance(children, list) else [children]:
            if isinstance(child, dict):
                yield from described(child, where)


def every_key() -> list[tuple[str, dict[str, Any]]]:
    whole = schemas.document()
    found = list(described(whole, "top"))
    for name, part in whole["$defs"].items():
        found += described(part, name)
    return found


@pytest.mark.parametrize(("name", "part"), every_key(), ids=lambda value: str(value)[:40])
def test_every_key_has_a_description_and_an_example_that_is_valid(
    name: str, part: dict[str, Any]
) -> None:
    assert part.get("description", "").endswith("."), name
    assert part.get("examples"), name
    own = {**part, "$defs": schemas.document()["$defs"]}
    for example in part["examples"]:
        jsonschema.Draft202012Validator(own).validate(example)


def words(schema: dict[str, Any]) -> Iterator[Any]:
    """Yield what a schema names itself: allowed words, examples, limits and their neighbours."""
    yield from schema.get("enum", ())
    yield from schema.get("examples", ())
    for limit in ("minimum", "maximum", "exclusiveMinimum"):
        if limit in schema:
            yield from (schema[limit], schema[limit] - 1, schema[limit] + 1, schema[limit] + 0.5)
    for child in schema.values():
        for part in child if isinstance(child, list) else [child]:
            if isinstance(part, dict):
                yield from words(part)


ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    1.0,
    1.5,
    10**20,
    "",
    " ",
    "x",
    "a\n",
    "5min",
    [],
    {},
]
LEAVES = st.sampled_from(ODD) | st.text(max_size=4) | st.floats(allow_nan=False) | st.integers()
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "command", "cron", "A", "Service", "x y"]), inner
        )
    ),
    max_leaves=6,
)


@st.composite
def entries(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Return a mapping that is nearly a valid one of the definition `name`."""
    known = schemas.definition(name).get("properties", {})
    chosen = draw(st.lists(st.sampled_from([*known, "comand", "path"]), max_size=5, unique=True))
    entry: dict[str, Any] = {"command": "x"} if draw(st.booleans()) else {}
    for key in chosen:
        part = schemas.resolve(known[key]) if key in known else {}
        likely = list(words(part)) or ODD
        entry[key] = draw(st.sampled_from(likely) | TREES)
    return entry


@pytest.mark.parametrize("name", DEFINITIONS)
@examples(150)
@given(data=st.data())
def test_the_fast_checks_agree_with_jsonschema(name: str, data: st.DataObject) -> None:
    entry = data.draw(entries(name if name != "task" else "command_task"))
    assert fastchecks.recogniser(name)(entry) == truth(name).is_valid(entry)


@examples(100)
@given(entry=entries("command_task"))
def test_every_invalid_entry_gets_at_least_one_sentence(entry: dict[str, Any]) -> None:
    text = json.dumps({"a": json.loads(json.dumps(entry))})
    if re.search(r"Infinity|\\u0000|\\u[dD][89a-fA-F]", text):
        return
    found = violations.find(schemas.part("command_task"), entry, Section(0, 0))
    assert bool(found) != truth("command_task").is_valid(entry)
    for violation in found:
        assert violation.sentence.isprintable() or "\n" in str(entry)
        assert "is not valid under any of the given schemas" not in violation.sentence


def test_an_unknown_keyword_in_the_schema_is_refused_rather_than_overlooked() -> None:
    with pytest.raises(KeyError):
        fastchecks.compile_check({"multipleOf": 2})


@examples(300)
@given(
    st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"#%@` \n\t,?0123.~yn<=")), max_size=40)
)
def test_any_text_is_read_or_refused_and_never_raises_anything_else(text: str) -> None:
    try:
        root, _ = compose(text)
    except UnreadableYaml as refusal:
        told = (refusal.sentence, refusal.line, refusal.column)
    else:
        told = ("", 0, 0) if root is None else (json.dumps(root.plain()), 0, 0)
    assert 0 <= told[1] <= text.count("\n") + 1


@examples(200)
@given(st.text(alphabet=st.sampled_from(list("ab:-[]{}'\" \n,0123.~yn")), max_size=30))
def test_what_is_read_is_what_yaml_reads(text: str) -> None:
    try:
        expected = yaml.safe_load(text)
        root, duplicates = compose(text)
    except (yaml.YAMLError, UnreadableYaml, ValueError, TypeError):
        return
    if root is None or duplicates:
        return
    assert _texts(root.plain()) == _texts(expected)


def _texts(value: Any) -> Any:
    """Return `value` with keys as text, for ours are, and dates left out of the comparison."""
    if isinstance(value, dict):
        return {"key": len(value), "values": [_texts(part) for part in value.values()]}
    if isinstance(value, list):
        return [_texts(part) for part in value]
    return value


def test_the_parser_does_not_depend_on_libyaml() -> None:
    root = Composer("a: [1, {b: yes}]\n", yaml.SafeLoader).compose()
    assert root is not None
    assert root.plain() == {"a": [1, {"b": True}]}
