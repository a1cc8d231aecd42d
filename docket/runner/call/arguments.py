"""The options of `docket exec`, read without a library."""

from __future__ import annotations

from docket.errors import UsageError
from docket.model.names import ALLOWED_SENTENCE, is_safe_name
from docket.model.runid import is_run_id
from docket.model.states import Trigger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS = {
    "--system": "system",
    "--force": "force",
    "--dry-run": "dry_run",
    "--quiet": "quiet",
    "--finalize": "finalize",
    "--notify-test": "notify_test",
    "--no-destructive": "gated",
    "--prepare": "prepare",
    "--environment": "environment",
    "--start-followers": "start_followers",
}
_VALUES = {
    "--home": "home",
    "--config": "config",
    "--run-id": "run_id",
    "--trigger": "trigger",
    "--result-fd": "result_fd",
    "--channel": "channel",
    "--sandbox": "sandbox",
    "--trial": "trial",
}
USAGE = (
    "docket exec TASK [--system | --home DIR] [--config FILE] [--run-id ID] [--trigger WORD] "
    "[--force] [--dry-run] [--no-destructive] [--quiet] [--result-fd N] [--finalize] "
    "[--notify-test [--channel WORD]] [--sandbox WORD] [--prepare] [--environment] "
    "[--trial DIR] [--start-followers]"
)


_TIGHT = ("strict", "readonly")


class Arguments:
    """What `docket exec` was asked to do."""

    __slots__ = (
        "channel",
        "config",
        "dry_run",
        "environment",
        "finalize",
        "force",
        "gated",
        "home",
        "notify_test",
        "prepare",
        "quiet",
        "result_fd",
        "run_id",
        "sandbox",
        "start_followers",
        "system",
        "task",
        "trial",
        "trigger",
    )

    def __init__(self) -> None:
        self.task = ""
        self.system = False
        self.force = False
        self.dry_run = False
        self.quiet = False
        self.finalize = False
        self.notify_test = False
        self.prepare = False
        self.environment = False
        self.start_followers = False
        self.channel: str | None = None
        self.gated = False
        self.home: str | None = None
        self.config: str | None = None
        self.run_id: str | None = None
        self.trigger: str | None = None
        self.result_fd: str | None = None
        self.sandbox = "none"
        self.trial: str | None = None

    @property
    def encloses(self) -> bool:
        """Whether the runner itself closes the sandbox; a user's own has a namespace for that."""
        return self.system and self.sandbox.startswith(_TIGHT)


def parse(words: list[str]) -> Arguments:
    """Return what the words ask for; UsageError if they are wrong."""
    found = Arguments()
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            setattr(found, _FLAGS[word], True)
        elif name in _VALUES:
            setattr(found, _VALUES[name], value if equals else _next_word(name, rest))
        elif word.startswith("-"):
            raise UsageError(f"docket exec has no option {word!r}.", hint=USAGE)
        elif found.task:
            raise UsageError(f"docket exec takes one task, not {word!r} too.", hint=USAGE)
        else:
            found.task = word
    _refuse_nonsense(found)
    return found


def _next_word(name: str, rest: Iterator[str]) -> str:
    for word in rest:
        return word
    raise UsageError(f"The option {name} needs a value.", hint=USAGE)


def _refuse_nonsense(found: Arguments) -> None:
    if not found.task:
        raise UsageError("docket exec needs the name of a task.", hint=USAGE)
    if not is_safe_name(found.task):
        raise UsageError(f"{found.task!r} is not a task name.", hint=ALLOWED_SENTENCE)
    if found.run_id is not None and not is_run_id(found.run_id):
        raise UsageError(f"{found.run_id!r} is not a run id.", hint=USAGE)
    if found.trigger is not None and found.trigger not in list(Trigger):
        raise UsageError(
            f"{found.trigger!r} is not a trigger.", hint="One of: " + ", ".join(Trigger) + "."
        )
    if found.result_fd is not None and not (
        found.result_fd.isascii() and found.result_fd.isdigit() and len(found.result_fd) < 6
    ):
        raise UsageError(f"{found.result_fd!r} is not a descriptor.", hint=USAGE)
