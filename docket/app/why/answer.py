"""One answer to why: its cause as a stable word and in a sentence, with the evidence."""

from __future__ import annotations

from docket.model.record import Record


class Finding(Record):
    """Why something ran, failed or did not run; `command` is the next step, and `does` its use."""

    cause: str
    sentence: str
    evidence: tuple[str, ...] = ()
    command: str = ""
    does: str = ""
