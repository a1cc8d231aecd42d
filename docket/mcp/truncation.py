"""Answers that fit into an agent's context: what is long is cut, and says where the rest is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ONE_RUN = 32 * 1024  # characters of the details of one run, if the answer is about this run only
IN_A_LIST = 2 * 1024  # the same, if the run is one of many
_LONGEST_TEXT = 64 * 1024  # characters of any other text; a log has its own limit
_DEEPEST = 60  # levels; some readers fail on a deeper document
_TOO_DEEP = "[docket: nested too deep to be shown]"


def bounded(document: Any, room: int, depth: int = 0) -> Any:
    """Return a JSON document with the details of each run in it bounded, and each event.

    `room` is how many characters the details of one run may take.
    """
    if depth > _DEEPEST:
        return _TOO_DEEP
    if isinstance(document, Mapping):
        below = depth + 1
        found = {str(key): bounded(part, room, below) for key, part in document.items()}
        if "run_id" in found:
            _cut_run(found, str(found["run_id"]), room)
        if depth == 0 and "content" in found:
            found["content"] = document["content"]
        return found
    if isinstance(document, (list, tuple)):
        return [bounded(part, room, depth + 1) for part in document]
    return _cut(document, _LONGEST_TEXT, "")


def _cut_run(found: dict[str, Any], run_id: str, room: int) -> None:
    """Cut the values that a task can make arbitrarily long."""
    for key in ("details", "event"):
        if isinstance(found.get(key), dict):
            found[key] = _cut_details(found[key], run_id, room)
    if "params" in found:
        found["params"] = _cut(found["params"], room // 4, "")


def _cut_details(details: dict[str, Any], run_id: str, room: int) -> dict[str, Any]:
    """Cut the long texts; if that is not enough, leave out the largest parts and name them."""
    see = f"; docket_run_logs {run_id}"
    found = {key: _cut(value, room // 4, see) for key, value in details.items()}
    sizes = {key: _size(value) for key, value in found.items()}
    left_out = {}
    while sizes and sum(sizes.values()) > room:
        largest = max(sizes, key=lambda key: sizes[key])
        left_out[largest] = sizes.pop(largest)
        del found[largest]
    if left_out:
        found["left_out"] = left_out  # how many characters, by key
        found["see"] = f"docket_run_logs or docket_run_events with run_id {run_id} has the rest."
    return found


def _cut(value: Any, most: int, see: str) -> Any:
    if isinstance(value, str) and len(value) > most:
        head, tail = most // 4, most - most // 4
        marker = f"\n[docket: {len(value) - most} characters left out{see}]\n"
        return value[:head] + marker + value[-tail:]
    if isinstance(value, dict):
        return {key: _cut(part, most, see) for key, part in value.items()}
    if isinstance(value, list):
        return [_cut(part, most, see) for part in value]
    return value


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(key) + _size(part) + 4 for key, part in value.items())
    if isinstance(value, list):
        return sum(_size(part) + 2 for part in value)
    return len(value) + 2 if isinstance(value, str) else 8
