"""Which run is meant: by its id, by a part of its id, or by the name of its task."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from docket.errors import RunAmbiguousError, RunNotFoundError, RunPrunedError
from docket.model.records import RunRecord
from docket.model.runid import is_run_id
from docket.store.maintenance.retention import pruned_at
from docket.store.reader import Reader

_LONGEST_SHOWN = 80
_MOST_CANDIDATES = 10
_END_OF_AN_ID = re.compile(r"[0-9a-f]{8}")


def find_run(reader: Reader, reference: str) -> RunRecord:
    """Return the run that `reference` means.

    That is the run of that id; or of the task of that name the newest run under way, or else the
    newest run; or the run whose id begins with it, or ends with it if it is eight characters long.
    Raises RunNotFoundError, and RunAmbiguousError if several ids fit.
    """
    # docket-cli took any text for an id, and its runs are here too.
    run = reader.run(reference) if reference.isprintable() else None
    if run is None and is_run_id(reference):
        at_us = pruned_at(reader, reference)
        raise not_found(reference) if at_us is None else _pruned(reference, at_us)
    if run is None and reference and reference.isprintable():
        run = _newest(reader, reference) or _only_fit(reader, reference)
    if run is None:
        raise not_found(reference)
    return run


def _newest(reader: Reader, task: str) -> RunRecord | None:
    running = reader.running(task)
    return running[-1] if running else reader.last_any(task)


def _only_fit(reader: Reader, part: str) -> RunRecord | None:
    found = reader.run_ids_beginning(part, _MOST_CANDIDATES + 1)
    if _END_OF_AN_ID.fullmatch(part):
        found += [one for one in reader.run_ids_ending(part) if one not in found]
    if len(found) > 1:
        raise _ambiguous(part, found)
    return reader.run(found[0]) if found else None


def _ambiguous(part: str, found: list[str]) -> RunAmbiguousError:
    candidates = found[:_MOST_CANDIDATES]
    count = f"more than {_MOST_CANDIDATES}" if len(found) > _MOST_CANDIDATES else str(len(found))
    return RunAmbiguousError(
        f"{_shown(part)!r} fits {count} runs: {', '.join(candidates)}.",
        hint="Give more of the id, or its last eight characters.",
        run_id=_shown(part),
        status="ambiguous",
        candidates=candidates,
    )


def _pruned(run_id: str, at_us: int) -> RunPrunedError:
    day = datetime.fromtimestamp(at_us / 1e6, UTC).date()
    return RunPrunedError(
        f"Run {run_id} is pruned: by `retention`, the runs of that time were removed on {day}.",
        hint="`retention` in the config says how long runs are kept.",
        run_id=run_id,
        status="pruned",
    )


def not_found(reference: str) -> RunNotFoundError:
    """Return the error for a reference that no run fits, whatever the text is."""
    if is_run_id(reference):
        sentence = f"There is no run {reference}."
    else:
        sentence = (
            f"There is no run {_shown(reference)!r}: no id begins with it, and no task of that"
            " name has run."
        )
    return RunNotFoundError(
        sentence,
        hint="docket runs lists the runs and their ids.",
        run_id=_shown(reference),
        status="not_found",
    )


def _shown(reference: str) -> str:
    return reference if len(reference) <= _LONGEST_SHOWN else reference[:_LONGEST_SHOWN] + "..."
