"""Mutants that survive because no user can notice them, each with the reason.

The key names the file, the text of the changed line and the change.
"""

from __future__ import annotations

EQUIVALENTS: dict[str, str] = {}
