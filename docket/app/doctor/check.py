"""One check of `docket doctor`, and what all of them look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from docket.app.catalog.compilation import Compilation
from docket.app.catalog.ownstore import own_store
from docket.app.session.ports import UnitState
from docket.app.session.session import Session
from docket.app.text.redaction import redact, redact_text
from docket.errors import ConfigError, DocketError
from docket.model.plan import Plan
from docket.model.record import Record, field

if TYPE_CHECKING:
    from docket.app.doctor.shapes import CheckDocument


class CheckStatus(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"  # it works, but may surprise the user
    MISSING = "missing"  # not there yet
    ERROR = "error"  # it does not work


class Check(Record):
    """The outcome of one check; `facts` are further keys of its JSON form."""

    verdict: CheckStatus
    sentence: str = ""
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""  # filled in by its Inspection

    @property
    def bad(self) -> bool:
        """Whether the installation cannot be called sound with this outcome."""
        return self.verdict is CheckStatus.ERROR

    @property
    def remark(self) -> bool:
        """Whether the user may want to do something, though nothing is broken.

        What the first run makes, and nobody else, is missing on every first day.
        """
        if self.verdict is CheckStatus.MISSING:
            return self.hint is not None
        return self.verdict is CheckStatus.WARNING

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

    `states` is what the service manager said of the units, and `plans` the plan of each task that
    has a plan file, None if it is damaged: asked and read once for all checks.
    """

    session: Session
    state_db: str
    compilation: Compilation | None
    refusal: ConfigError | None
    states: Mapping[str, UnitState] | None = None  # None: the service manager does not answer
    plans: Mapping[str, Plan | None] = field(default_factory=dict)

    @property
    def own_state_db(self) -> str:
        """The database, for a check that opens it; StoreError if it is another user's."""
        return own_store(self.state_db)

    @property
    def log_dir(self) -> str:
        """Where the logs are: the config says so, if it can be used."""
        if self.compilation is None:
            return self.session.paths.log_dir
        return self.compilation.config.log_dir

    @property
    def usable_plans(self) -> list[Plan]:
        """The plans that are not damaged, in the order of their tasks' names."""
        return [plan for plan in self.plans.values() if plan is not None]


class Inspection(Record):
    """One check of `docket doctor`: its name, and the function whose docstring is its promise."""

    name: str
    look: Callable[..., Check]

    @property
    def promise(self) -> str:
        """What the check is about, in one sentence for the docs."""
        return self.look.__doc__ or ""

    def __call__(self, seen: Examined) -> Check:
        """Make the check; one that cannot be made is itself a finding, never an error."""
        try:
            found = self.look(seen)
        except DocketError as error:
            found = Check(CheckStatus.ERROR, error.sentence, error.hint)
        except OSError as error:
            sentence = f"{error.filename or self.name}: {error.strerror}."
            found = Check(CheckStatus.ERROR, sentence)
        return found.replace(name=self.name)


def check(name: str) -> Callable[[Callable[..., Check]], Inspection]:
    """Make a function the check of that name: `docket doctor`, its JSON and the docs have it."""
    return lambda look: Inspection(name, look)


def verdict_of(problems: object, bad: CheckStatus = CheckStatus.WARNING) -> CheckStatus:
    """Return `bad` if there are problems, else ok."""
    return bad if problems else CheckStatus.OK
