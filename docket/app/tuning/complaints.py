"""What a program complained of, read from its output: an errno in words, and the path it names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from docket.model.record import Record

_MOST = 20
_LONGEST_LINE = 4096


class ErrorName(StrEnum):
    """The reasons for which a system call fails in a sandbox."""

    READ_ONLY = "EROFS"
    DENIED = "EACCES"
    FORBIDDEN = "EPERM"
    MISSING = "ENOENT"
    UNREACHABLE = "ENETUNREACH"
    NO_FAMILY = "EAFNOSUPPORT"
    NO_ANSWER = "ECONNREFUSED"
    NO_NAME = "EAI_AGAIN"


# How C, Python, Go, Rust and Node print each of them.
_WORDS = {
    ErrorName.READ_ONLY: r"read-only file ?system|\[Errno 30\]|os error 30\b|\bEROFS\b",
    ErrorName.DENIED: r"permission denied|\[Errno 13\]|os error 13\b|\bEACCES\b",
    ErrorName.FORBIDDEN: r"operation not permitted|\[Errno 1\]|os error 1\b|\bEPERM\b"
    r"|no new privileges",
    ErrorName.MISSING: r"no such file or directory|\[Errno 2\]|os error 2\b|\bENOENT\b",
    ErrorName.UNREACHABLE: r"network is unreachable|\[Errno 101\]|os error 101\b|\bENETUNREACH\b",
    ErrorName.NO_FAMILY: r"address family not supported|\[Errno 97\]|os error 97\b"
    r"|\bEAFNOSUPPORT\b",
    ErrorName.NO_ANSWER: r"connection refused|\[Errno 111\]|os error 111\b|\bECONNREFUSED\b",
    ErrorName.NO_NAME: r"temporary failure in name resolution|could not resolve host"
    r"|name or service not known|name does not resolve|\bEAI_AGAIN\b|\[Errno -[23]\]",
}
_REFUSALS = [(refusal, re.compile(words, re.IGNORECASE)) for refusal, words in _WORDS.items()]
_PATH = re.compile(
    r"""'(?P<single>[^'\0]+)'|"(?P<double>[^"\0]+)"|\u2018(?P<curly>[^\u2018\u2019\0]+)\u2019"""
    r"""|(?<![\w.~/-])(?P<bare>/[^\s:,;'"()\u2018\u2019]*)"""
)


class Complaint(Record):
    """One line that names a refusal; `path` is absolute, "" if the line names none."""

    refusal: ErrorName
    path: str
    line: str


def complaints(lines: Iterable[str], directory: str) -> tuple[Complaint, ...]:
    """Return what the lines complain of, each refusal of each path once, in order.

    A path that is not absolute is one below `directory`, where the program began.
    """
    found: dict[tuple[ErrorName, str], Complaint] = {}
    for line in lines:
        for one in _of_line(line[:_LONGEST_LINE], directory):
            found.setdefault((one.refusal, one.path), one)
        if len(found) >= _MOST:
            break
    return tuple(found.values())


def _of_line(line: str, directory: str) -> Iterator[Complaint]:
    for refusal, words in _REFUSALS:
        if match := words.search(line):
            yield Complaint(refusal, _path(line, match, directory), line.strip())
            return


def _path(line: str, words: re.Match[str], directory: str) -> str:
    """Return the path that stands nearest before the words, else the first one after them."""
    before = after = ""
    for match in _PATH.finditer(line):
        path = next(filter(None, match.groups()))
        if not path.startswith("/") and ("/" not in path and " " in path):
            continue  # a word in quotes
        if match.end() <= words.start():
            before = path
        elif match.start() >= words.end():
            after = after or path
    found = before or after
    return os.path.normpath(os.path.join(directory, found)) if found else ""
