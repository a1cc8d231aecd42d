"""What YAML 1.1 makes of a single word, and whether that may surprise."""

from __future__ import annotations

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_SWITCHES = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_LONGEST_NUMBER = 1000  # YAML 1.1 reads 1:1:1 in base 60, with a product for each part
_UNDERSCORED = re.compile(r"[0-9]_")


class UnreadableScalarError(ValueError):
    """A word whose value cannot be read; the text of the error is a sentence."""

    def __init__(self, sentence: str, hint: str = "put it in quotes") -> None:
        super().__init__(sentence)
        self.hint = hint


def read_plain(text: str) -> tuple[Any, str | None]:
    """Return the value of an unquoted word and, if it may surprise, what YAML makes of it.

    A date is read as the text that it is: neither JSON nor any key of Docket has a form for one.
    """
    first = text[:1]
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(first, ())
    for tag, pattern in resolvers:
        if pattern.match(text):
            return _read_as(tag, text)
    return text, None


def read_tagged(tag: str, text: str) -> tuple[Any, str | None]:
    """Return the value of a word with an explicit YAML tag, as `read_plain` does."""
    if tag in ("!", _TAG + "str"):
        return text, None
    if tag in (_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null"):
        value, trap = read_plain(text)
        if isinstance(value, str):
            raise UnreadableScalarError(f"the tag !!{tag.rpartition(':')[2]} does not fit the text")
        return value, trap
    raise UnreadableScalarError(f"the tag {_shown(tag)} is not supported", hint="leave it out")


def _read_as(tag: str, text: str) -> tuple[Any, str | None]:
    match tag.removeprefix(_TAG):
        case "bool":
            value = _SWITCHES[text.lower()]
            word = "true" if value else "false"
            return value, None if text.lower() == word else f"the switch `{word}`"
        case "null":
            return None, None if text in ("", "null") else "no value at all"
        case "int" | "float" as kind:
            return _number(kind, text)
        case _:  # dates, the merge sign, "="
            return text, None


def _number(kind: str, text: str) -> tuple[Any, str | None]:
    if kind == "int" and text.isdecimal() and (text[0] != "0" or text == "0") and len(text) < 19:
        return int(text), None
    if len(text) > _LONGEST_NUMBER:
        raise UnreadableScalarError(f"the number has more than {_LONGEST_NUMBER} characters")
    reader = yaml.constructor.SafeConstructor()
    node = yaml.ScalarNode(_TAG + kind, text)
    try:
        value = reader.construct_object(node)
    except (ValueError, OverflowError, IndexError):
        raise UnreadableScalarError("the number cannot be read") from None
    if value != value:  # noqa: PLR0124  (what NaN is)
        raise UnreadableScalarError("this is not a number", "leave it out, or put it in quotes")
    if isinstance(value, int) and value.bit_length() > 63:
        raise UnreadableScalarError("the number is too large: 64 bits hold no more than 19 digits")
    if ":" in text or _UNDERSCORED.search(text) or (kind == "int" and _odd_base(text)):
        return value, f"the number {value}"
    return value, None


def _odd_base(text: str) -> bool:
    digits = text.lstrip("+-")
    return digits[:1] == "0" and digits != "0"


def _shown(tag: str) -> str:
    short = tag.replace(_TAG, "!!")
    return short if short.isprintable() and len(short) <= 60 else "of this value"
