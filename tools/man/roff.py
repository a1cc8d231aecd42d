"""Text as roff: what is escaped, and the inline marks of Markdown as fonts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

# The page of the documentation -> the manual page that is made of it.
PAGES: Mapping[str, str] = {
    "commands.md": "docket(1)",
    "config.md": "docket.yaml(5)",
    "errors.md": "docket-json(7)",
    "exec.md": "docket-exec(8)",
    "mcp.md": "docket-mcp(1)",
    "units.md": "docket-systemd(7)",
}
_INLINE = re.compile(
    r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)"
    r"|\*\*(?P<strong>.+?)\*\*"
    r"|(?<![\w*])\*(?P<emphasis>[^*\s](?:[^*]*[^*\s])?)\*(?![\w*])"
    r"|\[(?P<text>[^\]]+)\]\((?P<target>[^)\s]+)\)"
)
_SPECIAL = str.maketrans(
    {"\\": r"\e", "-": r"\-", "^": r"\(ha", "~": r"\(ti", "`": r"\(ga", '"': r"\(dq"}
)
_END_OF_SENTENCE = re.compile(r"(?<=[.!?:]) (?=(?:\\f[BI])?[A-Z])")


def escaped(text: str, *, code: bool = False) -> str:
    """Return text that roff prints as it is; a quote in code stays the one that shells know."""
    text = text.translate(_SPECIAL)
    if code:
        text = text.replace("'", r"\(aq")
    return "".join(char if char.isascii() else rf"\[u{ord(char):04X}]" for char in text)


def line(text: str) -> str:
    """Return a line of roff that is not a request, whatever it begins with."""
    return rf"\&{text}" if text.startswith((".", "'")) else text


def bold(text: str) -> str:
    """Return literal words: what is typed as it is written."""
    return rf"\fB{escaped(text, code=True)}\fR"


def italic(text: str) -> str:
    """Return a word that the reader replaces."""
    return rf"\fI{escaped(text, code=True)}\fR"


def inline(text: str) -> str:
    """Return a line of Markdown as roff."""
    parts, end = [], 0
    for found in _INLINE.finditer(text):
        parts += [escaped(text[end : found.start()]), _marked(found)]
        end = found.end()
    return "".join([*parts, escaped(text[end:])])


def prose(text: str) -> Iterator[str]:
    """Yield a paragraph of Markdown, each sentence on a line of its own."""
    for sentence in _END_OF_SENTENCE.split(inline(" ".join(text.split()))):
        yield line(sentence)


def reference(name: str) -> str:
    """Return the name of a manual page such as docket-run(1), as pages write it."""
    page, _, section = name.partition("(")
    return rf"\fB{escaped(page)}\fR({section}"


def _marked(found: re.Match[str]) -> str:
    if found["code"] is not None:
        return bold(found["code"].strip() if found["ticks"] != "`" else found["code"])
    if found["strong"] is not None:
        inner = inline(found["strong"])
        return inner if "`" in found["strong"] else rf"\fB{inner}\fR"
    if found["emphasis"] is not None:
        return rf"\fI{inline(found['emphasis'])}\fR"
    return _link(found["text"], found["target"])


def _link(text: str, target: str) -> str:
    """Return a link: the manual page that it leads to, or the name of the page of the docs."""
    file, _, anchor = target.partition("#")
    name = file.rpartition("/")[2]
    if "://" in target:
        return f"{inline(text)} ({escaped(target)})"
    if (not file and anchor) or "decisions/" in file:
        return inline(text)
    page = PAGES.get(name)
    if text in (name, f"`{name}`"):
        return reference(page) if page else escaped(name)
    return f"{inline(text)} ({reference(page) if page else escaped(name)})"
