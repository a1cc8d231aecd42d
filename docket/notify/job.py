"""What one sending process is given."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from docket.notify.message import Message


class ChannelJob:
    """One channel's part: its kind, its options, and the message (a document for an agent)."""

    __slots__ = ("kind", "message", "options")

    def __init__(
        self, kind: str, options: Mapping[str, Any], message: Message | Mapping[str, Any]
    ) -> None:
        self.kind = kind
        self.options = options
        self.message = message
