"""Regular expressions that are compiled at their first use."""

from __future__ import annotations

import re
from functools import cached_property


class Pattern:
    """One regular expression; what is never looked for costs nothing at import."""

    def __init__(self, text: str, flags: int = 0) -> None:
        self._text = text
        self._flags = flags

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """Return the expression, compiled once."""
        return re.compile(self._text, self._flags)
