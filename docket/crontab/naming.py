"""A task's name from its command: what a person would call it, and the same one every time.

If two lines would have one name, each gets a few letters of the hash of what it says: never a
number, which would change when the lines change places.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shlex
from collections import Counter
from collections.abc import Sequence

_OPERATORS = frozenset({"&&", "||", ";", "|", "&", "(", ")", "{", "}", ";;", "|&", "!"})
_ASIDE = frozenset(
    ("cd", "test", "[", "[[", ".", "source", "export", "sleep", "set", "umask", "ulimit", "trap")
)
_ASIDE_TOO = frozenset(("if", "then", "else", "while", "do", "true", ":", "echo", "date", "printf"))
# These commands only check or prepare; they name the task only if the line has nothing else.
_LOOKS = frozenset(("ls", "cat", "pwd", "stat", "which", "hostname", "mkdir", "touch", "chmod"))
_LOOKS_TOO = frozenset(("pgrep", "grep", "egrep", "fgrep", "head", "tail", "wc", "sort", "tee"))
_WRAPPERS = frozenset(
    ("nice", "ionice", "nohup", "time", "env", "exec", "sudo", "doas", "chronic", "setsid")
)
_WRAPPERS_TOO = frozenset(
    ("command", "timeout", "flock", "systemd-cat", "chrt", "stdbuf", "runuser", "taskset")
)
_SWITCHES_USER = frozenset(("su", "runuser"))
_TAKE_A_WORD = frozenset({"-n", "-c", "-p", "-u", "-g", "-k", "-s", "-t", "-i", "-o", "-e", "-w"})
_INTERPRETERS = re.compile(
    r"(?:sh|bash|dash|zsh|ksh|perl|ruby|php|node|Rscript|python)[0-9.]*|java|lua|tclsh"
)
_EXTENSION = re.compile(r"\.(?:sh|bash|py|pl|rb|php|js|cgi|R|jar|exe|lua|tcl|cron)$")
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_AMOUNT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[smhd]?")
_VERB = re.compile(r"[a-z][a-z-]{1,19}")
_LONGEST = 40
_LEAST_HASH = 4
_FALLBACK = "job"
_RESERVED = frozenset({"maintenance"})


def task_names(commands: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return one name for each (command, whole contents of the line); equal contents share one."""
    stems = [stem(command) for command, _ in commands]
    shared = Counter(
        stem for stem, _ in {(s, c) for s, (_, c) in zip(stems, commands, strict=True)}
    )
    digests = {
        c: hashlib.sha256(c.encode(errors="surrogateescape")).hexdigest() for _, c in commands
    }
    length = _telling_length(set(digests.values()))
    return tuple(
        name if shared[name] == 1 else f"{name}-{digests[contents][:length]}"
        for name, (_, contents) in zip(stems, commands, strict=True)
    )


def stem(command: str) -> str:
    """Return what a command would be called: its program or script, and its verb."""
    words = _telling_words(_tokens(command))
    if not words:
        return _FALLBACK
    if words[0] == "-c" and len(words) > 1:  # `flock FILE -c` and `su -c` give this to a shell
        return stem(words[1])
    program = os.path.basename(words[0])
    rest = words[1:]
    if _INTERPRETERS.fullmatch(program):
        program, rest = _script(program, rest)
    elif program == "run-parts" and rest:
        program, rest = os.path.basename(rest[-1].rstrip("/")), []
    looks = program in _LOOKS | _LOOKS_TOO
    verb = _looked_at(rest) if looks else rest[0] if rest and _VERB.fullmatch(rest[0]) else ""
    name = _safe(_EXTENSION.sub("", program))
    whole = f"{name}-{verb}" if verb and name else name
    whole = whole[:_LONGEST].rstrip("-.")
    return _FALLBACK if not whole else f"{whole}-task" if whole in _RESERVED else whole


def _looked_at(words: Sequence[str]) -> str:
    """Return the last path among the words of a command that only looks, as part of a name."""
    own = itertools.takewhile(lambda word: not set(word) <= set("<>&"), words)
    paths = [os.path.basename(word.rstrip("/")) for word in own if "/" in word]
    return _safe(paths[-1]) if paths else ""


def _tokens(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:  # an open quote: the shell handles it, and a name is found anyway
        return command.split()


def _telling_words(tokens: Sequence[str]) -> list[str]:
    """Return the first simple command that is more than a preparation for the next one."""
    simple: list[list[str]] = [[]]
    for token in tokens:
        if token in _OPERATORS or set(token) <= set("&|;(){}"):
            simple.append([])
        else:
            simple[-1].append(token)
    unwrapped = [words for part in simple if (words := _unwrapped(part))]
    for aside in (_ASIDE | _ASIDE_TOO | _LOOKS | _LOOKS_TOO, _ASIDE | _ASIDE_TOO):
        for words in unwrapped:
            if os.path.basename(words[0]) not in aside:
                return words
    return unwrapped[0] if unwrapped else []


def _unwrapped(words: list[str]) -> list[str]:
    at = 0
    while at < len(words):
        word = words[at]
        if _ASSIGNMENT.match(word):
            at += 1
        elif os.path.basename(word) in _SWITCHES_USER and "-c" in words[at:]:
            return words[words.index("-c", at) :]
        elif os.path.basename(word) in _WRAPPERS | _WRAPPERS_TOO:
            at = _after_options(words, at + 1, lock=os.path.basename(word) == "flock")
        else:
            break
    return words[at:]


def _after_options(words: list[str], at: int, *, lock: bool) -> int:
    while at < len(words) and (words[at].startswith("-") or _AMOUNT.fullmatch(words[at])):
        at += 2 if words[at] in _TAKE_A_WORD and not lock else 1
    return at + 1 if lock else at


def _script(program: str, rest: list[str]) -> tuple[str, list[str]]:
    """Return the script or module that an interpreter runs, with the words after it."""
    for at, word in enumerate(rest):
        if word == "-m" and at + 1 < len(rest):
            return rest[at + 1], rest[at + 2 :]
        if word in ("-c", "-e", "-lc", "-ec"):
            inner = rest[at + 1] if at + 1 < len(rest) else ""
            return (stem(inner), []) if program.endswith("sh") else (program, [])
        if not word.startswith("-"):
            return os.path.basename(word), rest[at + 1 :]
    return program, []


def _safe(name: str) -> str:
    kept = re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.")
    return re.sub(r"-{2,}", "-", kept.replace(".", "-"))


def _telling_length(digests: set[str]) -> int:
    length = _LEAST_HASH
    while len({digest[:length] for digest in digests}) < len(digests):
        length += 1
    return length
