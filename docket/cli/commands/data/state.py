"""`docket state`: the small facts that tasks keep between their runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import click

from docket.app.data import state as keeping
from docket.app.data.state import LARGEST_BYTES, Where, Word
from docket.app.session.session import Session
from docket.cli.answer import Answer
from docket.cli.call import Call
from docket.cli.parameters import MOST_ROWS, SpanOption, verb
from docket.cli.render.data.state import changed_text, kept_text, list_text, set_text
from docket.errors import UsageError

_STATE = {"get": "KEY", "set": "KEY VALUE", "delete": "KEY", "list": "", "increment": "KEY"}
_ITEMS = {
    "has": "KEY",
    "get": "KEY",
    "set": "KEY [VALUE]",
    "delete": "KEY",
    "count": "",
    "prune": "",
    "list": "",
}


class _Options(NamedTuple):
    """The options of a call; each action takes some of them."""

    default: str | None
    ttl: float | None
    if_version: int | None
    if_absent: bool
    by: str
    prefix: str
    keep: int | None
    older_than: float | None
    limit: int


@verb("state")
@click.argument("action", type=click.Choice([*_STATE, "items"]))
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("--namespace", metavar="NAME", help="Whose state it is.  [default: the task's own]")
@click.option("--default", metavar="VALUE", help="get: answer VALUE if nothing is kept.")
@click.option("--ttl", type=SpanOption(), metavar="SPAN", help="set: keep it for SPAN only.")
@click.option(
    "--if-version",
    type=click.IntRange(0),
    metavar="N",
    help="set: only over version N; 0 means none.",
)
@click.option("--if-absent", is_flag=True, help="set: only if nothing is kept; exit 1 otherwise.")
@click.option("--by", default="1", metavar="N", help="increment: add N.  [default: 1]")
@click.option("--prefix", default="", metavar="TEXT", help="list: only keys that begin so.")
@click.option("--keep", type=click.IntRange(0), metavar="N", help="prune: keep the N newest.")
@click.option(
    "--older-than",
    type=SpanOption(),
    metavar="SPAN",
    help="prune: remove what has not changed for SPAN.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, MOST_ROWS),
    default=1000,
    metavar="N",
    help="list: show at most N.  [default: 1000]",
)
def command(
    call: Call, action: str, words: Sequence[str], namespace: str | None, **options: object
) -> Answer:
    """Keep small facts of tasks between their runs.

    docket state get|set|delete|list|increment KEY keeps single values; docket state items
    has|get|set|delete|count|prune|list COLLECTION keeps sets of them. A VALUE that is JSON is that
    value, any other is text, and - reads it from standard input. In a run, the state is the task's
    own; elsewhere --namespace names the task.
    """
    given = _Options(**options)  # type: ignore[arg-type]
    if action != "items":
        values = _values("state", action, _STATE[action], words)
        session = call.session()
        where = keeping.place(session, namespace)
        return _answer(session, where, action, values, given)
    if len(words) < 2 or words[0] not in _ITEMS:
        raise UsageError(
            f"'docket state items' takes one of {', '.join(_ITEMS)}, and then a collection.",
            hint="docket state items set seen 4711",
        )
    item_action, collection, *rest = words
    values = _values("state items", item_action, _ITEMS[item_action], rest)
    session = call.session()
    where = keeping.place(session, namespace, collection)
    return _answer(session, where, item_action, values, given)


def _answer(
    session: Session, where: Where, action: str, values: Sequence[str], given: _Options
) -> Answer:
    key = values[0] if values else ""
    match action:
        case "get":
            kept = keeping.get(session, where, key, given.default)
            return Answer(kept.document(), lambda _screen: kept_text(kept))
        case "set":
            return _set(
                session, where, key, given_value(values[1] if values[1:] else "null"), given
            )
        case "increment":
            kept = keeping.increment(session, where, key, _number(given.by), ttl=given.ttl)
            return Answer(kept.document(), lambda _screen: kept_text(kept))
        case "list":
            found = keeping.entries(session, where, given.prefix, given.limit)
            return Answer(found.document(), lambda screen: list_text(found, screen))
        case "prune":
            if given.keep is None and given.older_than is None:
                raise UsageError("'docket state items prune' needs --keep or --older-than.")
            changed = keeping.prune(session, where, keep=given.keep, older_than=given.older_than)
        case "count":
            changed = keeping.count(session, where)
        case "has":
            changed = keeping.has(session, where, key)
        case _:
            changed = keeping.delete(session, where, key)
    code = 0 if changed.ok else 1
    return Answer(changed.document(), lambda _screen: changed_text(changed), code)


def _set(session: Session, where: Where, key: str, word: str, given: _Options) -> Answer:
    if given.if_absent and given.if_version is not None:
        raise UsageError("--if-absent and --if-version exclude each other.")
    if given.if_absent:
        changed = keeping.add(session, where, key, Word(word), ttl=given.ttl)
        code = 0 if changed.ok else 1
        return Answer(changed.document(), lambda _screen: changed_text(changed), code)
    kept = keeping.set_value(
        session, where, key, Word(word), ttl=given.ttl, if_version=given.if_version
    )
    return Answer(kept.document(), lambda screen: set_text(kept, screen))


def _values(command_name: str, action: str, wanted: str, words: Sequence[str]) -> Sequence[str]:
    """Return the words of an action; UsageError unless there are as many as it takes."""
    names = wanted.split()
    least = sum(not name.startswith("[") for name in names)
    if least <= len(words) <= len(names):
        return words
    takes = f"takes {wanted}" if names else "takes no KEY"
    place = " COLLECTION" if "items" in command_name else ""
    raise UsageError(
        f"'docket {command_name} {action}'{' after the collection' if place else ''} {takes},"
        f" and got {len(words)} words.",
        hint=f"docket {command_name} {action}{place} {wanted}".rstrip(),
    )


def given_value(word: str) -> str:
    """Return a word as it is; `-` stands for standard input, without the newline at its end."""
    if word != "-":
        return word
    data = sys.stdin.buffer.read(LARGEST_BYTES + 2)
    return data.decode("utf-8", "surrogateescape").removesuffix("\n")


def _number(text: str) -> float:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise UsageError(f"--by takes a number, and got {text[:60]!a}.", hint="--by 10")
