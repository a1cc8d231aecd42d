"""The errors of the YAML parser, in clearer words."""

from __future__ import annotations

import yaml

from docket.config.yaml.codes import Code
from docket.config.yaml.composer import Composer, Duplicate, UnreadableYaml
from docket.config.yaml.nodes import Node

_OPEN_QUOTE = "a quote is opened and never closed"

# The parser's own phrases (libyaml's, then yaml's own) and what they mean for the reader.
_MEANINGS = (
    (
        "mapping values are not allowed",
        "a `:` is in a place where no key can be",
        "put the value in quotes when it holds a `:`, or check the indentation",
    ),
    ("found unexpected end of stream", _OPEN_QUOTE, None),
    ("unexpected end of stream", _OPEN_QUOTE, None),
    (
        "did not find expected ',' or ']'",
        "a list that begins with `[` is not closed here",
        "a `,` or `]` is missing before this place",
    ),
    (
        "did not find expected ',' or '}'",
        "a mapping that begins with `{` is not closed here",
        "a `,` or `}` is missing before this place",
    ),
    (
        "expected ',' or",
        "a list or mapping in brackets is not closed here",
        "a `,` or a closing bracket is missing before this place",
    ),
    (
        "did not find expected '-' indicator",
        "this line is at the level of a list, but is not an item of it",
        "begin it with `- `, or check the indentation",
    ),
    (
        "did not find expected key",
        "this does not fit the mapping around it",
        "check the indentation against the lines above",
    ),
    (
        "expected <block end>",
        "this does not fit the lines around it",
        "check the indentation against the lines above",
    ),
    (
        "could not find expected ':'",
        "a key above this place has no `:`",
        "write `key: value`, with a space after the colon",
    ),
    (
        "expected <document start>",
        "this does not belong to the lines above it",
        "check the indentation: top-level keys begin in the first column",
    ),
    (
        "unknown escape character",
        "there is no such escape in double quotes",
        "write the backslash twice, or use single quotes",
    ),
    (
        "cannot start any token",
        "no value can begin with this character",
        "put the value in quotes",
    ),
    ("incompatible YAML document", "the %YAML line asks for another version of YAML", None),
)


def compose(text: str) -> tuple[Node | None, list[Duplicate]]:
    """Return the tree of `text` and the keys that occur twice; raise UnreadableYaml."""
    composer = Composer(text)
    try:
        return composer.compose(), composer.duplicates
    except yaml.MarkedYAMLError as error:
        raise _explained(text, error) from None
    except (yaml.YAMLError, UnicodeError, ValueError):
        raise UnreadableYaml("the text is not YAML", 0, 0) from None


def _explained(text: str, error: yaml.MarkedYAMLError) -> UnreadableYaml:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    tab = _tab_near(text, line)
    if tab is not None:
        return UnreadableYaml(
            "the line is indented with a tab: YAML indents with spaces only",
            *tab,
            Code.YAML,
            "replace each tab by two spaces",
        )
    problem = error.problem or "the text is not YAML"
    for phrase, sentence, hint in _MEANINGS:
        if phrase in problem:
            if sentence == _OPEN_QUOTE and error.context_mark is not None:
                line, column = error.context_mark.line, error.context_mark.column
            return UnreadableYaml(sentence, line, column, Code.YAML, hint)
    return UnreadableYaml(problem, line, column, Code.YAML)


def _tab_near(text: str, line: int) -> tuple[int, int] | None:
    """Return the place of a tab in the indentation of the line, or of the one before it."""
    lines = text.split("\n")
    for number in (line, line - 1):
        if 0 <= number < len(lines):
            row = lines[number]
            indent = row[: len(row) - len(row.lstrip(" \t"))]
            if "\t" in indent and row.strip():
                return number, indent.index("\t")
    return None
