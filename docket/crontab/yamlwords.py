"""Words and texts as YAML that every reader reads the same way."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"-?[A-Za-z/][A-Za-z0-9_./+-]*")
_TRAPS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_NAMED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def word(text: str) -> str:
    """Return `text` as one YAML scalar: bare if that is safe, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _TRAPS:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """Return `text` in double quotes, on one line, with every unprintable character escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def comment(text: str) -> str:
    """Return `text` fit for one comment line: what cannot be printed is shown as an escape."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def flow(words: tuple[str, ...]) -> str:
    """Return a list of words on one line."""
    return f"[{', '.join(map(word, words))}]"


def _escaped(character: str) -> str:
    named = _NAMED.get(character)
    if named is not None:
        return named
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
