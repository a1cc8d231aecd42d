"""How long the runs of a task usually take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.app.text.documents import duration_document
from docket.store.reader import Reader

if TYPE_CHECKING:
    from docket.app.text.shapes import DurationsDocument

_SAMPLE = 20  # how many good runs show what a run usually takes


def typical_duration(
    reader: Reader, task: str, *, before_us: int | None = None
) -> DurationsDocument | None:
    """Return what the task's last good runs took; None if there are none.

    With `before_us` only what was over then counts.
    """
    if before_us is None:
        return duration_document(reader.durations(task, _SAMPLE))
    return duration_document(reader.durations(task, _SAMPLE, over_before_us=before_us))
