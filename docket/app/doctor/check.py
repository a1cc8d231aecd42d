"""One check of `docket doctor`, and what all of them look at."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from docket.app.catalog.compilation import Compilation
from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.app.text.redaction import redact, redact_text
from docket.errors import ConfigError
from docket.model.record import Record, field

if TYPE_CHECKING:
    from docket.app.doctor.shapes import CheckDocument


class CheckStatus(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"  # it works, and may surprise
    MISSING = "missing"  # not there yet
    ERROR = "error"  # it does not work


class Check(Record):
    """The outcome of one check; `facts` are further keys of its JSON form."""

    name: str
    verdict: CheckStatus
    sentence: str = ""
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def bad(self) -> bool:
        """Whether the installation cannot be called sound with this outcome."""
        return self.verdict is CheckStatus.ERROR

    def document(self) -> CheckDocument:
        """Return the check as an element of `docket doctor --json`; nothing in it is secret."""
        sentence = redact_text(self.sentence)
        document: CheckDocument = {
            "check": self.name,
            "status": str(self.verdict),
            "detail": sentence,
            "hint": self.hint,
        }
        if self.verdict is CheckStatus.ERROR:
            document["error"] = sentence
        document.update(redact(dict(self.facts)))
        return document


class Examined(Record):
    """What the checks look at; without a usable config `compilation` is None, and `refusal` why.

    `states` is what the service manager said of the units, asked once for all checks.
    """

    session: Session
    state_db: str
    compilation: Compilation | None
    refusal: ConfigError | None
    states: Mapping[str, UnitState] | None = None  # None: the service manager does not answer


def verdict_of(problems: object, bad: CheckStatus = CheckStatus.WARNING) -> CheckStatus:
    """Return `bad` where there are problems, else ok."""
    return bad if problems else CheckStatus.OK
