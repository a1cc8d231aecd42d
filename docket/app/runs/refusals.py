"""Refusals of a request to run, in the words that the command line, Python and agents share."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar

from docket.errors import UsageError
from docket.model.text.nearest import nearest

Word = TypeVar("Word", bound=StrEnum)


def refuse_in_dry_run(
    *, background: bool = False, params: bool = False, idempotency_key: bool = False
) -> None:
    """Raise UsageError for what a dry run does not accept; each says whether it was given."""
    hint = "Leave out the dry run, or what it does not accept."
    if background:
        raise UsageError(
            "A dry run leaves no record, so it cannot go on in the background.", hint=hint
        )
    if params:
        raise UsageError("A dry run takes no parameters.", hint=hint)
    if idempotency_key:
        raise UsageError("A dry run leaves no record, so it takes no idempotency key.", hint=hint)


def known_word(kind: str, word: str, words: type[Word]) -> Word:
    """Return the member of `words` that is called `word`; UsageError if there is none.

    `kind` is what the words are: launcher, status, trigger.
    """
    try:
        return words(word)
    except ValueError:
        near = nearest(word, words)
        lead = f"did you mean {near}? " if near else ""
        hint = f"{lead}the words are: {', '.join(words)}"
        raise UsageError(f"There is no {kind} {word[:80]!r}.", hint=hint) from None
