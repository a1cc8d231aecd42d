"""docket(1): the program as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from docket.app.status.capabilities import EXIT_CODES
from docket.cli.clickgroup import program
from docket.cli.commandtable import SECTIONS, VERBS
from docket.cli.selfdescription import command_detail
from man import docs
from man.frame import Page
from man.markdown import Paragraph, entry, rendered
from man.roff import bold, inline, prose, reference
from man.verbs import options

SEE_ALSO = (
    "docket-mcp(1)",
    "docket.yaml(5)",
    "docket-json(7)",
    "docket-systemd(7)",
    "docket-exec(8)",
    "systemctl(1)",
    "journalctl(1)",
    "systemd.timer(5)",
    "systemd.time(7)",
)
_FROM_DOCS = ("Runs", "Instants", "Environment", "Files")


def program_page() -> Page:
    """Return the page of the program."""
    return Page("docket", 1, _purpose(), _body(), SEE_ALSO)


def _purpose() -> str:
    first, *_ = (program().help or "").split("\n\n")
    return f"{first[:1].lower()}{first[1:]}".rstrip(".")


def _body() -> Iterator[str]:
    yield ".SH SYNOPSIS"
    yield rf"{bold('docket')} \fI[OPTIONS] COMMAND [ARGS]...\fR"
    yield ".SH DESCRIPTION"
    yield from rendered([Paragraph(text) for text in (program().help or "").split("\n\n")[1:]])
    yield ".PP"
    yield f"The config is described in {reference('docket.yaml(5)')}, the answers to programs in"
    yield f"{reference('docket-json(7)')}, and the units in {reference('docket-systemd(7)')}."
    yield ".SH COMMANDS"
    for section in SECTIONS:
        yield f'.SS "{inline(section)}"'
        for verb in VERBS.values():
            if verb.section == section:
                yield from entry(reference(f"docket-{verb.name}(1)"), [prose(verb.summary)])
    yield ".SH OPTIONS"
    yield "They come before or after the command."
    yield from options(command_detail("list").shared, {})
    yield from entry(f"{bold('-h')}, {bold('--help')}", [prose("Print the help.")])
    yield from entry(bold("--version"), [prose("Print the version.")])
    for title in _FROM_DOCS:
        yield f'.SH "{title.upper()}"'
        yield from rendered(docs.section("commands.md", title))
    yield '.SH "EXIT STATUS"'
    for code, meaning in EXIT_CODES.items():
        yield from entry(bold(str(code)), [prose(meaning)])
