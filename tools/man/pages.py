"""The table of all manual pages."""

from __future__ import annotations

from collections.abc import Iterator

from docket.cli.commandtable import VERBS
from man import docs
from man.answers import answers_page
from man.frame import Page
from man.markdown import rendered
from man.program import program_page
from man.verbs import verb_page


def pages() -> Iterator[Page]:
    """Yield every manual page."""
    yield program_page()
    yield from map(verb_page, VERBS.values())
    yield _of_docs(
        "docket.yaml",
        5,
        "the configuration of docket: tasks, schedules and everything else",
        "config.md",
        ("docket-configure(1)", "docket-check(1)", "docket-add(1)", "docket-schema(1)"),
    )
    yield answers_page()
    yield _of_docs(
        "docket-systemd",
        7,
        "what docket writes for systemd, and what it asks of it",
        "units.md",
        ("docket-install(1)", "systemd.service(5)", "systemd.timer(5)", "systemd.unit(5)"),
    )
    yield _of_docs(
        "docket-exec",
        8,
        "runs one task, as its unit calls it",
        "exec.md",
        ("docket-run(1)", "docket-systemd(7)", "docket-json(7)"),
    )


def _of_docs(name: str, section: int, purpose: str, source: str, also: tuple[str, ...]) -> Page:
    """Return the page that has what a page of docs/ has."""
    body = [
        ".SH DESCRIPTION",
        *rendered(docs.introduction(source)),
        *rendered(docs.sections(source)),
    ]
    return Page(name, section, purpose, body, ("docket(1)", *also))
