"""Values and command lines as systemd reads them: systemd.syntax(7), systemd.service(5).

A unit file is read line by line, so no character that ends a line can be carried in a value. `%`
begins a specifier everywhere; `$` begins a variable only in command lines.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@,+-")
_CONTROL = {chr(code): f"\\x{code:02x}" for code in (*range(0x20), 0x7F)}
_IN_QUOTES_WITHOUT_VARIABLES = str.maketrans(
    {
        **_CONTROL,
        '"': '\\"',
        "\\": "\\\\",
        "%": "%%",
        "\t": "\\t",
        "\b": "\\b",
        "\f": "\\f",
        "\v": "\\v",
        "\a": "\\a",
    }
)
_IN_QUOTES = {**_IN_QUOTES_WITHOUT_VARIABLES, ord("$"): "$$"}


def refusal(text: str) -> str | None:
    """Return why no unit file can carry `text`, or None if one can."""
    if "\n" in text or "\r" in text:
        return "holds a line break"
    if "\0" in text:
        return "holds a NUL character"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not valid UTF-8"
    if text.isascii():
        return None
    # The manager drops a whole line that holds one of these (utf8_is_valid in its parser).
    if any("\ufdd0" <= c <= "\ufdef" or ord(c) & 0xFFFE == 0xFFFE for c in text):
        return "holds a code point that is not a character"
    return None


def value_refusal(text: str) -> str | None:
    """Return why `text` cannot follow a `=` without quotes, or None if it can."""
    why = refusal(text)
    if why is not None:
        return why
    if text != text.strip():
        return "begins or ends with a blank, which a unit file does not keep"
    if text.endswith("\\"):
        return "ends with a backslash, which joins lines in a unit file"
    if not text.isprintable() and any(ord(c) < 0x20 and c != "\t" for c in text):
        return "holds a control character"
    return None


def double_percent(text: str) -> str:
    """Return `text` so that the manager reads no specifier in it."""
    return text.replace("%", "%%")


def path_refusal(path: str) -> str | None:
    """Return why `path` cannot be in a list of paths, or None if it can.

    A colon divides source and destination in them.
    """
    if any(c in path for c in "\"'\\:"):
        return f"names the path {path!r} with a quote, a backslash or a colon"
    return value_refusal(path)


@functools.lru_cache(maxsize=1024)
def quote_argument(word: str) -> str:
    """Return one argument of a command line, quoted so that the manager passes it on as it is."""
    if word and all(c in _PLAIN for c in word):
        return word
    return f'"{word.translate(_IN_QUOTES)}"'


def quote_assignment(name: str, value: str) -> str:
    """Return one variable of Environment=, where `$` means nothing; systemd.exec(5).

    ValueError for a control character, with which systemd drops the assignment without a word.
    """
    if any((ord(c) < 0x20 and c not in "\t\n") or c == "\x7f" for c in value):
        raise ValueError("holds a control character")
    return f'"{f"{name}={value}".translate(_IN_QUOTES_WITHOUT_VARIABLES)}"'


def quote_path(path: str) -> str:
    """Return one path of a list such as ReadWritePaths=, where `$` means nothing."""
    if all(c in _PLAIN for c in path):
        return path
    return f'"{path.translate(_IN_QUOTES_WITHOUT_VARIABLES)}"'


def command_line(words: Sequence[str]) -> str:
    """Return `words` as the value of ExecStart= and its kind; the first must be an absolute path.

    An absolute path cannot begin with one of the prefixes (`@ - : + !`) that change the meaning.
    ValueError if the first word is not a plain absolute path: variables are not expanded in it, so
    a doubled `$` would stay doubled.
    """
    program = words[0]
    if not program.startswith("/") or "$" in program:
        raise ValueError("must be started by an absolute path without a '$'")
    return " ".join(quote_argument(word) for word in words)
