"""The events of a run as a part of its details: they are stored once, in their own table."""

from __future__ import annotations

from typing import Any

from docket.model.jsontext import dumps
from docket.model.records import RunRecord
from docket.store.reader import Reader

_MOST_EVENTS = 1000
_MOST_BYTES = 256 * 1024


def with_events(reader: Reader, run: RunRecord) -> RunRecord:
    """Return the run with its first events in its details, as its runner recorded them.

    `event_count` there says how many there are; `events_truncated` is set if some are left out.
    """
    count = run.details.get("event_count")
    if not isinstance(count, int) or "events" in run.details:
        return run
    events: list[Any] = []
    room = _MOST_BYTES
    for event in reader.events(run.run_id, 0, _MOST_EVENTS):
        room -= len(dumps(event.event))
        if room < 0:
            break
        events.append(event.event)
    last = reader.events(run.run_id, max(count, 1) - 1, 1)
    added = {"events": events, "event_count": count, "last_event": last[0].event if last else None}
    if count > len(events):
        added["events_truncated"] = True
    return run.replace(details={**run.details, **added})
