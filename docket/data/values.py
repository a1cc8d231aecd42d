"""What can be kept: the rules for names, and values as JSON text."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from docket.errors import DataRefusedError
from docket.model.jsontext import DEEPEST, depth
from docket.model.names import ALLOWED_SENTENCE, is_safe_name

LARGEST_BYTES = 1024 * 1024  # of one value as JSON
LONGEST_NAME = 512  # bytes of a key, an item, a namespace


def packed(value: Any) -> str:
    """Return a value as the JSON text that is kept; DataRefusedError if it has none."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise DataRefusedError(
            f"This value cannot be kept as JSON: {error}.",
            hint="Give text, numbers, booleans, None, and lists and mappings of those.",
        ) from None
    return _bounded(text, value)


def packed_word(word: str) -> str:
    """Return the JSON text for a word of the command line.

    A word that is JSON is kept as it was written, so that `1.10` comes back as it was; any other
    word is kept as text. DataRefusedError if it is too large or too deep.
    """
    try:
        value = json.loads(word, parse_constant=_refuse_constant)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        return packed(word)
    return _bounded(word.strip(" \t\r\n"), value)


def unpacked(text: str) -> Any:
    """Return the value of a JSON text that is kept."""
    return json.loads(text)


def shown(text: str) -> str:
    """Return a kept value for people and shells: text without its quotes, all else as JSON."""
    value = unpacked(text)
    return value if isinstance(value, str) else text


def check_name(kind: str, name: str) -> str:
    """Return a namespace, a key or an item; DataRefusedError if it cannot be one."""
    problem = None
    if not isinstance(name, str) or not name:
        problem = "is empty" if name == "" else "is no text"
    elif not name.isprintable():
        problem = "has a character in it that cannot be printed"
    elif len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME:
        problem = f"is longer than {LONGEST_NAME} bytes"
    if problem is not None:
        raise DataRefusedError(f"The {kind} {str(name)[:60]!a} {problem}.")
    return name


def check_queue(name: str) -> str:
    """Return the name of a queue; DataRefusedError if it cannot be one: files are named so."""
    if not isinstance(name, str) or not is_safe_name(name):
        raise DataRefusedError(
            f"{str(name)[:60]!a} is not a name for a queue.",
            hint=ALLOWED_SENTENCE[0].upper() + ALLOWED_SENTENCE[1:] + ".",
        )
    return name


def _bounded(text: str, value: Any) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise DataRefusedError("This value has text in it that is not valid Unicode.") from None
    if size > LARGEST_BYTES:
        raise DataRefusedError(
            f"This value is {size} bytes of JSON, and {LARGEST_BYTES} can be kept.",
            hint="Keep it in a file, and its path here.",
        )
    if depth(value) > DEEPEST:
        raise _too_deep()
    return text


def _too_deep() -> DataRefusedError:
    return DataRefusedError(f"This value is nested more than {DEEPEST} levels deep.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
