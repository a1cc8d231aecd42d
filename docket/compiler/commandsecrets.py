"""Secrets written out in a command line or a shell script, recognised by the text before them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from docket.model.text.secretnames import names_a_secret
from docket.model.text.tokenshapes import TOKEN_SHAPES

_HEADER = "-----BEGIN"
# Options whose value is a name and a password, with the sign between the two; if there is no
# sign, the whole value is the password.
_CURL = {"-u": ":", "--user": ":", "-U": ":", "--proxy-user": ":"}
_HTTPIE = {"-a": ":", "--auth": ":"}
_LOGINS: dict[str, dict[str, str]] = {
    "curl": _CURL,
    **dict.fromkeys(("http", "https", "xh"), _HTTPIE),
    "lftp": {"-u": ","},
    "smbclient": {"-U": "%"},
    "sshpass": {"-p": ""},
    "redis-cli": {"-a": ""},
    **{program: {"-w": ""} for program in ("ldapsearch", "ldapmodify", "ldapadd")},
}
# `mysql -p NAME` asks for the password, and only `mysql -pPASSWORD` holds it.
_ATTACHED = frozenset({"mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump"})
_LEAST_KEY = 16


def secrets_in_command(words: Sequence[str], *, script: bool = False) -> Iterator[str]:
    """Yield the secrets that a command line holds, without the shell's signs beside them.

    They follow `--token`, `-u user:` of curl and the like, or are in `TOKEN=`, a header or the
    query of an address. A word with blanks in it may be a shell's script (`sh -c`, a hook): its
    words count too.
    """
    for before, word in pairwise(words):
        if before.startswith("-") and names_a_secret(before) and not _is_syntax(word):
            yield word
    yield from _logins(words)
    for word in words:
        yield from token_shapes(word)
        yield from _assigned(word)
        yield from _in_query(word)
        if not script and any(sign in word for sign in " \t\n;|&"):
            yield from secrets_in_command(_split(word), script=True)


def token_shapes(text: str) -> Iterator[str]:
    """Yield what in a text has the well-known shape of a token."""
    for found in TOKEN_SHAPES.finditer(text):
        if not found[0].startswith(_HEADER):
            yield found[0]


def _split(script: str) -> list[str]:
    """Return the words of a shell's script, its operators apart."""
    lexer = shlex.shlex(script, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # a quote that only a shell can make sense of
        return script.split()


def _assigned(word: str) -> Iterator[str]:
    for sign in ("=", ":"):
        name, found, value = word.partition(sign)
        value = value.strip()
        bare = found and " " not in name and (sign == ":" or " " not in value)
        if bare and names_a_secret(name) and not _is_syntax(value, after_sign=True):
            yield value


def _in_query(word: str) -> Iterator[str]:
    """Yield the secrets in the query of an address: `?api_key=X&page=2`."""
    _, _, query = word.partition("?")
    for part in query.partition("#")[0].replace(";", "&").split("&"):
        name, found, value = part.partition("=")
        if found and names_a_secret(name) and not _is_syntax(value, after_sign=True):
            yield value


def _logins(words: Sequence[str]) -> Iterator[str]:
    """Yield the passwords in options that have no telling name, by the program they belong to."""
    options: dict[str, str] = {}
    attached = False
    for index, word in enumerate(words):
        program = os.path.basename(word)
        if program in _LOGINS or program in _ATTACHED:
            options, attached = _LOGINS.get(program, {}), program in _ATTACHED
        if attached and word.startswith("-p") and not word.startswith("--"):
            yield from _password(word[2:], "")
        for option, sign in options.items():
            if word == option and index + 1 < len(words):
                yield from _password(words[index + 1], sign)
            elif option.startswith("--") and word.startswith(f"{option}="):
                yield from _password(word[len(option) + 1 :], sign)
            elif not option.startswith("--") and word.startswith(option) and word != option:
                yield from _password(word[len(option) :], sign)


def _password(value: str, sign: str) -> Iterator[str]:
    found = value.partition(sign)[2] if sign else value
    if found and not _is_syntax(found, after_sign=True):
        yield found


def _is_syntax(word: str, *, after_sign: bool = False) -> bool:
    """Whether a word is another option, or refers to what it does not hold.

    A key in base64 may begin with a slash as a path does.
    """
    if word[:1] == "/":
        return not (len(word) >= _LEAST_KEY and ("=" in word or "+" in word))
    return word[:1] in ("$", "`", "<", "") or (word[:1] == "-" and not after_sign)
