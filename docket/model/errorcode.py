"""A code of an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.model.record import Record

if TYPE_CHECKING:
    from docket.model.shapes import ErrorCodeDocument


class ErrorCode(Record):
    """One stable word for what went wrong."""

    code: str
    meaning: str
    what_to_do: str = ""

    def document(self) -> ErrorCodeDocument:
        """Return the code as a JSON object."""
        return {"code": self.code, "meaning": self.meaning, "what_to_do": self.what_to_do}
