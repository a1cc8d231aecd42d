"""`docket queue`: work that waits to be claimed."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import click

from docket.app.data import queues
from docket.app.data.queues import LEASE_SECONDS, MAX_ATTEMPTS, STATES, Wish
from docket.app.data.state import Word
from docket.app.session.session import Session
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.commands.data.state import given_value
from docket.cli.parameters import MOST_ROWS, InstantOption, SpanOption, verb
from docket.cli.render.data.queue import (
    claimed_text,
    items_text,
    pushed_text,
    queue_changed_text,
    settled_text,
    stats_text,
)
from docket.errors import UsageError

# What each action takes: [] may be left out, and ... may come more than once.
_WORDS = {
    "push": "QUEUE [PAYLOAD]",
    "claim": "QUEUE",
    "done": "QUEUE TOKEN",
    "fail": "QUEUE TOKEN",
    "release": "QUEUE TOKEN",
    "extend": "QUEUE TOKEN",
    "list": "QUEUE",
    "stats": "[QUEUE]",
    "purge": "QUEUE",
    "retry": "QUEUE [ID]...",
}


class _Options(NamedTuple):
    """The options of a call; each action takes some of them."""

    key: str | None
    key_field: str | None
    within: float
    priority: int
    not_before: int | None
    delay: float | None
    max_attempts: int
    ndjson: bool
    lease: float
    most: int
    error: str
    retry_in: float | None
    states: Sequence[str]
    limit: int


@verb("queue")
@click.argument("action", type=click.Choice(list(_WORDS)))
@click.argument("words", metavar="[QUEUE] [WORD]...", nargs=-1)
@click.option("--key", metavar="KEY", help="push: leave it out while an item of KEY is not over.")
@click.option("--key-field", metavar="NAME", help="push --ndjson: the field that is the key.")
@click.option(
    "--within",
    type=SpanOption(),
    default=0.0,
    metavar="SPAN",
    help="push: leave it out too if one of its key was pushed within SPAN.",
)
@click.option(
    "--priority", type=int, default=0, metavar="N", help="push: higher goes first.  [default: 0]"
)
@click.option(
    "--not-before",
    type=InstantOption(ahead=True),
    metavar="TIME",
    help="push: no claim before TIME.",
)
@click.option("--delay", type=SpanOption(), metavar="SPAN", help="push: no claim for SPAN.")
@click.option(
    "--max-attempts",
    type=click.IntRange(1, 1000),
    default=MAX_ATTEMPTS,
    metavar="N",
    help=f"push: it is dead after N attempts.  [default: {MAX_ATTEMPTS}]",
)
@click.option("--ndjson", is_flag=True, help="push: an item for each line of standard input.")
@click.option(
    "--lease",
    type=SpanOption(),
    default=LEASE_SECONDS,
    metavar="SPAN",
    help="claim, extend: hold it for SPAN.  [default: 5min]",
)
@click.option(
    "--count",
    "most",
    type=click.IntRange(1, 1000),
    default=1,
    metavar="N",
    help="claim: N items at most.  [default: 1]",
)
@click.option("--error", default="", metavar="TEXT", help="fail: why.")
@click.option(
    "--retry-in",
    type=SpanOption(),
    metavar="SPAN",
    help="fail: wait for SPAN.  [default: 30s, doubled each time]",
)
@click.option(
    "--state",
    "states",
    type=click.Choice(STATES),
    multiple=True,
    help="list, purge: only items in that state. May be repeated.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_ROWS),
    default=50,
    metavar="N",
    help="list: show at most N.  [default: 50]",
)
def command(call: Call, action: str, words: Sequence[str], **options: object) -> Answer:
    """Push work into queues, claim it, and say what became of it.

    docket queue push QUEUE PAYLOAD adds an item; - reads it from standard input. docket queue
    claim QUEUE prints the next items with their tokens, one JSON object a line, or exits with 1 if
    none waits. done, fail, release and extend take the token; an item whose lease ran out goes to
    whoever claims next. list, stats, purge and retry look after queues.
    """
    given = _Options(**options)  # type: ignore[arg-type]
    _require_words(action, words)
    if given.ndjson and (action != "push" or len(words) > 1):
        raise UsageError("--ndjson goes with 'docket queue push QUEUE', and needs no PAYLOAD.")
    session = call.session()
    name = words[0] if words else ""
    if action == "push":
        return _push(session, name, words[1:], given)
    if action in ("claim", "list", "stats"):
        return _shown(session, action, name, given)
    if action in ("purge", "retry"):
        return _cleaned(session, action, words, given)
    settled = queues.settle(
        session,
        name,
        action,
        words[1],
        error=given.error,
        retry_in=given.retry_in,
        lease=given.lease,
    )
    return Answer(settled.document()[0], lambda screen: settled_text(settled, screen))


def _shown(session: Session, action: str, name: str, given: _Options) -> Answer:
    match action:
        case "claim":
            claimed = queues.claim(session, name, lease=given.lease, count=given.most)
            return Answer(claimed.document(), lambda _screen: claimed_text(claimed))
        case "list":
            found = queues.items(session, name, given.states, given.limit)
            return Answer(found.document(), lambda screen: items_text(name, found, screen))
        case _:
            figures = queues.stats(session, name or None)
            return Answer(figures.document(), lambda screen: stats_text(figures, screen))


def _cleaned(session: Session, action: str, words: Sequence[str], given: _Options) -> Answer:
    name, *ids = words
    if action == "retry":
        changed = queues.retry(session, name, _ids(ids))
    elif given.states:
        changed = queues.purge(session, name, given.states)
    else:
        raise UsageError(
            "'docket queue purge' needs --state.",
            hint=f"docket queue purge {name} --state done --state dead",
        )
    return Answer(changed.document(), lambda _screen: queue_changed_text(changed))


def _push(session: Session, name: str, words: Sequence[str], given: _Options) -> Answer:
    if given.not_before is not None and given.delay is not None:
        raise UsageError("--not-before and --delay exclude each other.")
    later = given.not_before
    if given.delay is not None:
        later = time.time_ns() // 1000 + round(given.delay * 1_000_000)
    wish = Wish(given.key, given.within, given.priority, later, given.max_attempts)
    if given.ndjson:
        report = queues.push_lines(session, name, sys.stdin.buffer, wish, given.key_field)
    elif not words:
        raise UsageError(
            "'docket queue push' needs PAYLOAD, or --ndjson.", hint="docket queue push QUEUE TEXT"
        )
    else:
        report = queues.push(session, name, [Word(given_value(words[0]))], wish)
    return Answer(report.document(), lambda _screen: pushed_text(report))


def _require_words(action: str, words: Sequence[str]) -> None:
    wanted = _WORDS[action].split()
    least = sum(not word.startswith("[") for word in wanted)
    most = 1000 if wanted[-1].endswith("...") else len(wanted)
    if not least <= len(words) <= most:
        raise UsageError(
            f"'docket queue {action}' takes {_WORDS[action]}, and got {len(words)} words.",
            hint=f"docket queue {action} {_WORDS[action]}",
        )


def _ids(words: Sequence[str]) -> list[int]:
    for word in words:
        if not (word.isascii() and word.isdigit() and len(word) < 19):
            raise UsageError(f"{word[:60]!a} is not the number of an item.")
    return [int(word) for word in words]
