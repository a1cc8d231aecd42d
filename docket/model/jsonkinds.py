"""The kinds of values in JSON documents; the published schemas are made from them.

In an `Annotated`, a string describes the value, a Rule adds keywords of JSON Schema, and a StrEnum
lists the words that a text may be. Only type checkers and tools/make_schemas.py import this.
"""

from __future__ import annotations

from typing import Annotated, Any

from docket.model.states import RunStatus, Trigger


class Rule:
    """Keywords of JSON Schema that narrow a type."""

    def __init__(self, **keywords: Any) -> None:
        self.keywords = keywords


RunId = Annotated[str, Rule(pattern="^[0-9]{8}T[0-9]{12}Z-[0-9a-f]{8}$")]
Instant = Annotated[str, Rule(format="date-time"), "ISO 8601, UTC, with microseconds."]
LocalInstant = Annotated[str, Rule(format="date-time"), "ISO 8601, with the zone's offset."]
Count = Annotated[int, Rule(minimum=0)]
Index = Annotated[int, Rule(minimum=1), "Counts from 1."]
Amount = Annotated[float, Rule(minimum=0)]
Fraction = Annotated[float, Rule(minimum=0, maximum=1)]
Status = Annotated[str, RunStatus]
TriggerName = Annotated[str, Trigger]
JsonObject = dict[str, Any]
