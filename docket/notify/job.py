"""What one sending process is given."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from docket.notify.message import Message


class ChannelJob:
    """One channel's part: its kind, its options, and the message (a document for an agent).

    `delivery_id` names the message to its receiver; `first_pause` is how many seconds pass before
    the second try.
    """

    __slots__ = ("delivery_id", "first_pause", "kind", "message", "options")

    def __init__(
        self,
        kind: str,
        options: Mapping[str, Any],
        message: Message | Mapping[str, Any],
        delivery_id: str,
        first_pause: float,
    ) -> None:
        self.kind = kind
        self.options = options
        self.message = message
        self.delivery_id = delivery_id
        self.first_pause = first_pause
