"""Docket from Python: what the commands answer with --json, as values.

    from docket import api

    result = api.run_task("backup")

Each function returns the very document of its command, and raises DocketAPIError if the command
would end with an exit code other than 0, or 2 for a completed dry run. Every one takes the keywords
`system`, `home` and `config`, as the options of these names.

It may be called from any thread of a program that lives for long: it reads no standard input,
prints nothing, changes no signal, directory or variable of the process, and leaves no child behind.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

from docket.app.data import queues, state
from docket.app.doctor import doctor as examining
from docket.app.history import history, logs
from docket.app.record.runrequests import Launcher
from docket.app.runs import cancel as cancelling
from docket.app.runs import run as running
from docket.app.runs import start as starting
from docket.app.runs import wait as waiting
from docket.app.runs.options import Attachment, RunOptions
from docket.app.runs.refusals import known_word, refuse_in_dry_run
from docket.app.session.session import Session, open_session
from docket.app.status import capabilities as describing_all
from docket.app.status import describe as describing
from docket.app.status import health as weighing
from docket.app.status import list as listing
from docket.app.status import status
from docket.app.text.documents import run_document
from docket.app.text.jsonform import plain
from docket.errors import DocketError, QueueEmptyError
from docket.model.states import EXIT_DRY_RUN, RunStatus, Trigger
from docket.paths import exec_command

if TYPE_CHECKING:
    from docket.app.data.shapes import (
        EntriesChangedDocument,
        EntryDocument,
        ItemDocument,
        PushedDocument,
        QueueStatsDocument,
    )
    from docket.app.doctor.shapes import AgentExaminationDocument, ExaminationDocument
    from docket.app.history.shapes import ListedRunDocument, LogDocument
    from docket.app.runs.shapes import (
        CancelledDocument,
        OutcomeDocument,
        ReceiptDocument,
    )
    from docket.app.status.agentshapes import CapabilitiesDocument, CommandDocument
    from docket.app.status.shapes import (
        DescriptionDocument,
        HealthDocument,
        ListedTaskDocument,
        StatusAnswer,
    )
    from docket.app.text.shapes import EventDocument, RunDocument

__all__ = [
    "DocketAPIError",
    "Scope",
    "cancel_run",
    "capabilities",
    "claim_items",
    "delete_state",
    "describe_task",
    "doctor",
    "get_state",
    "health",
    "increment_state",
    "list_state",
    "list_tasks",
    "push_items",
    "queue_stats",
    "run_events",
    "run_logs",
    "run_task",
    "run_task_async",
    "set_state",
    "settle_item",
    "task_runs",
    "task_status",
    "wait_run",
]

Document = TypeVar("Document")
_GOOD = (0, EXIT_DRY_RUN)


class Scope(TypedDict, total=False):
    """The options that select a Docket; without them, the environment does."""

    system: bool
    home: str | os.PathLike[str] | None
    config: str | os.PathLike[str] | None


class DocketAPIError(RuntimeError):
    """The answer of a command that did not succeed.

    `exit_code` is the command's, and `payload` the document that it prints with --json: an error
    (with `error`, `error_code` and `hint`), or the whole result of a run that failed.
    """

    def __init__(self, message: str, *, exit_code: int = 1, payload: Any = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.payload = payload

    @property
    def error_code(self) -> str | None:
        """The stable word for what went wrong."""
        return self._told("error_code")

    @property
    def hint(self) -> str | None:
        """What to do next."""
        return self._told("hint")

    def _told(self, key: str) -> str | None:
        found = self.payload.get(key) if isinstance(self.payload, Mapping) else None
        return found if isinstance(found, str) else None


def list_tasks(**scope: Unpack[Scope]) -> list[ListedTaskDocument]:
    """Return every task with its last run, as `docket list`."""
    with _session(scope) as session:
        found = listing.list_tasks(session)
        if found.error is not None:
            raise _failed(found.error, found.document())
        return plain(found.rows())


def describe_task(task_name: str, **scope: Unpack[Scope]) -> DescriptionDocument:
    """Return one task's contract and config without secrets, as `docket describe`."""
    with _session(scope) as session:
        return plain(describing.describe(session, task_name).document())


def run_task(
    task_name: str,
    *,
    dry_run: bool = False,
    force: bool = False,
    params: Mapping[str, str] | None = None,
    launcher: str = "auto",
    **scope: Unpack[Scope],
) -> OutcomeDocument:
    """Run a task to its end and return its result, as `docket run`.

    A run that failed or was cancelled raises, with its result as the payload; a completed dry run
    does not. KeyboardInterrupt cancels the run before it goes on.
    """
    with _session(scope) as session:
        if dry_run:
            refuse_in_dry_run(params=bool(params))
        outcome = running.run(
            session,
            exec_command(),
            task_name,
            RunOptions(
                force=force,
                params=_pairs(params),
                launcher=known_word("launcher", launcher, Launcher),
                dry_run=dry_run,
            ),
            Attachment(echo=False, signals=False),
        )
        return _judged(outcome.document(), outcome.exit_code, outcome.summary)


def run_task_async(
    task_name: str,
    *,
    dry_run: bool = False,
    force: bool = False,
    params: Mapping[str, str] | None = None,
    idempotency_key: str | None = None,
    launcher: str = "auto",
    **scope: Unpack[Scope],
) -> ReceiptDocument:
    """Start a run that goes on by itself and return its receipt, as `docket run --async`.

    `dry_run` is refused: a dry run leaves no record that the receipt could lead to.
    """
    with _session(scope) as session:
        if dry_run:
            refuse_in_dry_run(background=True)
        by = known_word("launcher", launcher, Launcher)
        options = RunOptions(force, idempotency_key, _pairs(params), by, Trigger.ASYNC)
        return plain(starting.start(session, task_name, options).document())


def task_status(
    task_name: str | None = None, *, run_id: str | None = None, **scope: Unpack[Scope]
) -> StatusAnswer:
    """Return the state of all tasks, of one, or of one run, as `docket status`."""
    with _session(scope) as session:
        if run_id is not None:
            return plain(status.of_run(session, run_id, task_name).document())
        report = status.status(session, task_name)
        if report.error is not None:
            raise _failed(report.error, report.document())
        return plain(report.answer())


def task_runs(
    task_name: str | None = None,
    *,
    limit: int = 20,
    statuses: Sequence[str] = (),
    cursor: str | None = None,
    **scope: Unpack[Scope],
) -> list[ListedRunDocument]:
    """Return the newest runs, or those older than the run `cursor`, as `docket runs`."""
    with _session(scope) as session:
        known = tuple(known_word("status", word, RunStatus) for word in statuses)
        wanted = history.Selection(statuses=known, older_than=cursor)
        return plain(history.runs(session, task_name, limit, wanted).document())


def wait_run(
    run_id: str,
    *,
    timeout: float | None = None,
    poll_interval: float = 1.0,
    **scope: Unpack[Scope],
) -> RunDocument:
    """Sleep until a run is over and return it, as `docket wait`; `timeout` is in seconds.

    A run that did not succeed raises with the run as the payload, and so does a time that runs out
    (the payload's status is `wait_timeout`). Nothing is polled: `poll_interval` is not needed.
    """
    del poll_interval
    with _session(scope) as session:
        found = waiting.wait(session, [run_id], timeout_seconds=timeout)
        waited = found.waited[0]
        run = run_document(waited.run)
        if not waited.over:
            sentence = f"The time ran out before run {run['run_id']} was over."
            raise DocketAPIError(sentence, payload=plain(waited.document()))
        return _judged(run, found.exit_code, run["summary"])


def run_logs(run_id: str, *, tail: int | None = None, **scope: Unpack[Scope]) -> LogDocument:
    """Return what a run printed, or the last `tail` lines of it, as `docket logs`."""
    with _session(scope) as session:
        return plain(logs.read(session, run_id, tail).document())


def run_events(
    run_id: str, *, limit: int = 500, after_index: int = 0, **scope: Unpack[Scope]
) -> list[EventDocument]:
    """Return the events that a run reported, from the one after `after_index` on."""
    with _session(scope) as session:
        return plain(history.events(session, run_id, limit, after_index).document())


def cancel_run(run_id: str, **scope: Unpack[Scope]) -> CancelledDocument:
    """Cancel a run and return it when it is over, as `docket cancel`."""
    with _session(scope) as session:
        return plain(cancelling.cancel(session, run_id).document())


def capabilities(
    *, command: str | None = None, **scope: Unpack[Scope]
) -> CapabilitiesDocument | CommandDocument:
    """Return what can be done here, or one command in full, as `docket capabilities`."""
    from docket.cli.selfdescription import command_detail, forms  # noqa: PLC0415  (brings click)

    with _session(scope) as session:
        if command is not None:
            return plain(command_detail(command).document())
        return plain(describing_all.capabilities(session, forms()).document())


def health(**scope: Unpack[Scope]) -> HealthDocument:
    """Return how the tasks are doing, as `docket health`; raises if the config cannot be used."""
    with _session(scope) as session:
        found = weighing.health(session)
        if found.error is not None:
            raise _failed(found.error, found.document())
        return plain(found.report())


def doctor(
    *, agent: bool = False, **scope: Unpack[Scope]
) -> ExaminationDocument | AgentExaminationDocument:
    """Examine the installation, with `agent` each task too, as `docket doctor`.

    Raises, with the document as the payload, if something does not work.
    """
    with _session(scope) as session:
        look = examining.examine_for_agents if agent else examining.examine
        found = look(session)
        return _judged(found.document(), found.exit_code, "The installation is not sound.")


def get_state(
    key: str, *, namespace: str | None = None, collection: str | None = None, **scope: Unpack[Scope]
) -> EntryDocument:
    """Return what a task keeps under `key`, as `docket state get`; raises if there is nothing.

    Without `namespace` it is the state of the task whose run calls.
    """
    with _session(scope) as session:
        where = state.place(session, namespace, collection)
        return plain(state.get(session, where, key).document())


def set_state(
    key: str,
    value: Any,
    *,
    namespace: str | None = None,
    collection: str | None = None,
    ttl: float | None = None,
    if_version: int | None = None,
    **scope: Unpack[Scope],
) -> EntryDocument:
    """Keep a value that JSON can say, for `ttl` seconds or for good, as `docket state set`.

    With `if_version` it raises (`data.conflict`) unless the value has that version, or for 0 there
    is none.
    """
    with _session(scope) as session:
        where = state.place(session, namespace, collection)
        kept = state.set_value(session, where, key, value, ttl=ttl, if_version=if_version)
        return plain(kept.document())


def increment_state(
    key: str,
    by: float = 1,
    *,
    namespace: str | None = None,
    collection: str | None = None,
    ttl: float | None = None,
    **scope: Unpack[Scope],
) -> EntryDocument:
    """Add to a number in one step and return it, as `docket state increment`."""
    with _session(scope) as session:
        where = state.place(session, namespace, collection)
        return plain(state.increment(session, where, key, by, ttl=ttl).document())


def delete_state(
    key: str, *, namespace: str | None = None, collection: str | None = None, **scope: Unpack[Scope]
) -> EntriesChangedDocument:
    """Remove a value, as `docket state delete`; `count` says whether there was one."""
    with _session(scope) as session:
        where = state.place(session, namespace, collection)
        return plain(state.delete(session, where, key).document())


def list_state(
    *,
    namespace: str | None = None,
    collection: str | None = None,
    prefix: str = "",
    limit: int = 1000,
    **scope: Unpack[Scope],
) -> list[EntryDocument]:
    """Return the values whose keys begin with `prefix`, as `docket state list`."""
    with _session(scope) as session:
        where = state.place(session, namespace, collection)
        return plain(state.entries(session, where, prefix, limit).document())


def push_items(
    queue: str,
    payloads: Sequence[Any],
    *,
    key: str | None = None,
    within: float = 0.0,
    priority: int = 0,
    not_before: int | None = None,
    max_attempts: int = queues.MAX_ATTEMPTS,
    **scope: Unpack[Scope],
) -> PushedDocument:
    """Add items in one step, as `docket queue push`; all of them get the same options.

    `within` is in seconds, `not_before` in microseconds since the epoch.
    """
    with _session(scope) as session:
        wish = queues.Wish(key, within, priority, not_before, max_attempts)
        return plain(queues.push(session, queue, payloads, wish).document())


def claim_items(
    queue: str,
    *,
    lease: float = queues.LEASE_SECONDS,
    count: int = 1,
    **scope: Unpack[Scope],
) -> list[ItemDocument]:
    """Hold the next items for `lease` seconds; unlike `docket queue claim`, none is no error."""
    with _session(scope) as session:
        try:
            return plain(queues.claim(session, queue, lease=lease, count=count).document())
        except QueueEmptyError:
            return []


def settle_item(
    queue: str,
    token: str,
    action: str = "done",
    *,
    error: str = "",
    retry_in: float | None = None,
    lease: float = queues.LEASE_SECONDS,
    **scope: Unpack[Scope],
) -> ItemDocument:
    """Say what became of a claim: `done`, `fail`, `release` or `extend`, as the commands do."""
    with _session(scope) as session:
        known = known_word("action", action, queues.Settlement)
        settled = queues.settle(
            session, queue, known, token, error=error, retry_in=retry_in, lease=lease
        )
        return plain(settled.document()[0])


def queue_stats(queue: str | None = None, **scope: Unpack[Scope]) -> list[QueueStatsDocument]:
    """Return how many items of each queue are in each state, as `docket queue stats`."""
    with _session(scope) as session:
        return plain(queues.stats(session, queue).document())


@contextmanager
def _session(scope: Scope) -> Iterator[Session]:
    """Open the session that the options select; refusals in it become a DocketAPIError."""
    try:
        yield _open(**scope)
    except DocketError as error:
        raise DocketAPIError(error.sentence, payload=plain(error.document())) from error


def _open(
    *,
    system: bool = False,
    home: str | os.PathLike[str] | None = None,
    config: str | os.PathLike[str] | None = None,
) -> Session:
    places = [None if path is None else os.fspath(path) for path in (home, config)]
    session = open_session(dict(os.environ), system=system, home=places[0], config=places[1])
    return session.replace(tool="api")


def _failed(error: DocketError, known: object) -> DocketAPIError:
    """Return the error of an answer that is incomplete; `known` is all that could be said."""
    return DocketAPIError(error.sentence, payload=plain(known))


def _judged(document: Document, exit_code: int, sentence: str) -> Document:
    answer = plain(document)
    if exit_code not in _GOOD:
        raise DocketAPIError(sentence, exit_code=exit_code, payload=answer)
    return answer


def _pairs(params: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple((params or {}).items())
