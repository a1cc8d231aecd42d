"""The outcome of one message, and why."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TIMED_OUT = -1
NOT_SENT = -2  # nothing was sent: something is missing or cannot be read

DELIVERED = "delivered"
FAILED = "failed"
UNANSWERED = "timed_out"
UNSENT = "failed_to_start"
SUPPRESSED = "suppressed"


class Delivery:
    """The outcome of one channel.

    `code` is the channel's own answer: an HTTP status, the exit status of a program, the reply code
    of a mail server; TIMED_OUT or NOT_SENT if there was none. `problem` is a sentence.
    """

    __slots__ = ("code", "problem", "said", "state")

    def __init__(self, state: str, code: int, *, said: str = "", problem: str = "") -> None:
        self.state = state
        self.code = code
        self.said = said
        self.problem = problem

    def to_json(self) -> dict[str, Any]:
        """Return the form in which it comes out of the sending process."""
        return {name: getattr(self, name) for name in Delivery.__slots__}


class DeliveryError(Exception):
    """A message that did not arrive; the text is a sentence without any address or token.

    `passing`: another try may go better, after `wait` seconds if the other side said so.
    `untaken`: the other side has certainly not accepted the message, so a second try cannot repeat
    it.
    """

    def __init__(
        self,
        sentence: str,
        code: int,
        *,
        passing: bool = False,
        untaken: bool = False,
        wait: float | None = None,
        said: str = "",
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.passing = passing
        self.untaken = untaken
        self.wait = wait
        self.said = said

    def delivery(self) -> Delivery:
        """Return the outcome for this error."""
        state = UNSENT if self.code == NOT_SENT else FAILED
        if self.code == TIMED_OUT:
            state = UNANSWERED
        return Delivery(state, self.code, said=self.said, problem=self.sentence)


def missing(what: str) -> DeliveryError:
    """Return the error for a setting that was not found."""
    return DeliveryError(f"Missing {what}", NOT_SENT)
