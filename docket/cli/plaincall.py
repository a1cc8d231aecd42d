"""Reads the plainest command lines without click.

They are `docket`, `docket [--json] VERB [TASK]...` of verbs that show something, and
`docket [--json] run TASK --async [--force]`.

click and what it needs are a fifth to a quarter of what such a call executes. Every other command
line is read by click, and both come to the same function: docs/decisions/0027.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docket.cli.answer import Answer
    from docket.cli.call import Call

# Verbs, each with the fewest and the most names of tasks that it takes.
_NAMES = {
    "status": range(2),
    "list": range(1),
    "runs": range(2),
    "describe": range(1, 2),
    "health": range(1_000),
    "run": range(1, 2),
}
_OPTIONS_OF_RUN = {"--async", "--force"}


def plain_call(words: Sequence[str], call: Call) -> Callable[[], Answer] | None:
    """Return what answers `words`; None if click has to read them."""
    if not words:
        return overview(call)
    verb, *rest = [word for word in words if word != "--json"] or [""]
    names = [word for word in rest if not word.startswith("-")]
    options = {word for word in rest if word.startswith("-")}
    if len(names) not in _NAMES.get(verb, ()):
        return None
    if verb == "run":
        if "--async" not in options or options - _OPTIONS_OF_RUN:
            return None
        call.json = "--json" in words
        return _answering("background", call, *names, force="--force" in options)
    if options:
        return None
    call.json = "--json" in words
    return _answering(verb, call, *names)


def overview(call: Call) -> Callable[[], Answer]:
    """Return what answers a call without a command."""
    return _answering("overview", call)


def _answering(module: str, call: Call, *names: str, **options: bool) -> Callable[[], Answer]:
    answer: Callable[..., Answer] = importlib.import_module(f"docket.cli.answers.{module}").answer
    return lambda: answer(call, *names, **options)
