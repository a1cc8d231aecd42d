"""docs/api.md names every function of docket.api with the parameters that it takes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from docket import api

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
ROWS = dict(re.findall(r"^\| `([a-z_]+)(\([^`]*\))` \|", PAGE, re.MULTILINE))


def written(name: str) -> str:
    signature = inspect.signature(getattr(api, name))
    kept = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    text = str(signature.replace(parameters=kept, return_annotation=inspect.Signature.empty))
    return text.replace("'", '"')


def test_every_function_is_documented_with_its_parameters() -> None:
    functions = {name for name in api.__all__ if inspect.isfunction(getattr(api, name))}
    assert set(ROWS) == functions
    assert {name: written(name) for name in functions} == ROWS


def test_every_function_takes_the_same_scope_and_says_what_it_promises() -> None:
    for name in ROWS:
        function = getattr(api, name)
        assert "scope" in inspect.signature(function).parameters, name
        assert function.__doc__, name
