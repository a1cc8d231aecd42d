"""What every manual page has: its head, its name, and the pages to see also."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from generated import ROOT

from docket import __version__
from man.roff import escaped, reference

MANUALS = {1: "User Commands", 5: "File Formats", 7: "Miscellaneous", 8: "System Administration"}
_PAGE = re.compile(r"^([\w.-]+)\((\d)\)$")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Page(NamedTuple):
    """A manual page: its name, its section, its line of whatis, and its lines of roff."""

    name: str
    section: int
    purpose: str
    body: Iterable[str]
    see_also: tuple[str, ...]

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}.{self.section}"

    def text(self) -> str:
        """Return the whole page."""
        return "\n".join([*self._head(), *self.body, *self._see_also(), ""])

    def _head(self) -> Iterator[str]:
        manual = f'"docket {__version__}" "{MANUALS[self.section]}"'
        yield r".\" Made by tools/make_man.py."
        yield f'.TH "{escaped(self.name.upper())}" {self.section} {_date()} {manual}'
        yield ".SH NAME"
        yield rf"{escaped(self.name)} \- {escaped(self.purpose)}"

    def _see_also(self) -> Iterator[str]:
        own = f"{self.name}({self.section})"
        names = sorted({name for name in self.see_also if name != own}, key=_by_section)
        yield '.SH "SEE ALSO"'
        yield ",\n".join(map(reference, names))


def _by_section(name: str) -> tuple[str, str]:
    page, section = _PAGE.findall(name)[0]
    return section, page


def _date() -> str:
    """Return the day of the newest release, as packaging/debian/changelog has it."""
    with open(os.path.join(ROOT, "packaging", "debian", "changelog"), encoding="utf-8") as file:
        found = re.search(r"^ -- .*, +(\d+) (\w{3}) (\d{4}) ", file.read(), re.MULTILINE)
    assert found
    return f"{found[3]}-{_MONTHS.index(found[2]) + 1:02}-{int(found[1]):02}"
