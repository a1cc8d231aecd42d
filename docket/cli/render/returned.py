"""What a task returned, in a few lines."""

from __future__ import annotations

from docket.app.text.jsonform import compact
from docket.app.text.returned import returned
from docket.cli.render.layout.plain import one_line
from docket.model.records import RunRecord

_MOST_RETURNED = 400


def returned_text(run: RunRecord) -> str:
    """Return what the task returned as JSON, cut to a few lines; empty if it returned nothing."""
    value = returned(run.details)
    if not value:
        return ""
    text = one_line(compact(value["json"] if list(value) == ["json"] else value))
    return text if len(text) <= _MOST_RETURNED else f"{text[:_MOST_RETURNED]} ..."
