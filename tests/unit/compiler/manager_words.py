"""What the manager makes of a command line, written from systemd.syntax(7) and systemd.service(5).

An oracle for round trips that shares nothing with the code under test: words are split and
unquoted, then specifiers are resolved (only `%%` is known here), then variables (only `$$`).
"""

from __future__ import annotations

_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "s": " ",
}


def words_of(line: str) -> list[str]:
    """Return the arguments that a process gets for the value `line` of ExecStart=."""
    words: list[str] = []
    position = 0
    while position < len(line):
        if line[position] in " \t":
            position += 1
            continue
        if line[position] == ";" and line[position + 1 : position + 2] in ("", " ", "\t"):
            raise ValueError("a second command begins")
        word, position = _word(line, position)
        if not words and word[:1] in "@-:+!|":
            raise ValueError("the first word begins with a prefix that changes its meaning")
        # Variables are not expanded in the path itself.
        words.append(_specifiers(word) if not words else _variables(_specifiers(word)))
    return words


def _word(line: str, position: int) -> tuple[str, int]:
    quote, found = "", []
    while position < len(line):
        character = line[position]
        if character == "\\":
            value, position = _escape(line, position + 1)
            found.append(value)
            continue
        if quote and character == quote:
            quote = ""
        elif not quote and character in "\"'":
            quote = character
        elif not quote and character in " \t":
            break
        else:
            found.append(character)
        position += 1
    if quote:
        raise ValueError("a quote is not closed")
    return "".join(found), position


def _escape(line: str, position: int) -> tuple[str, int]:
    letter = line[position]
    if letter == "x":
        return chr(int(line[position + 1 : position + 3], 16)), position + 3
    return _ESCAPES[letter], position + 1


def _specifiers(word: str) -> str:
    if "%" in word.replace("%%", ""):
        raise ValueError("a specifier would be resolved")
    return word.replace("%%", "%")


def _variables(word: str) -> str:
    if "$" in word.replace("$$", ""):
        raise ValueError("a variable would be expanded")
    return word.replace("$$", "$")
