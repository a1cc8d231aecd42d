"""ntfy: a topic. https://docs.ntfy.sh/publish/#publish-as-json."""

from __future__ import annotations

from typing import Any

from docket.notify.channelsecrets import Settings
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.http import Client
from docket.notify.message import Message
from docket.notify.parts import send_parts
from docket.notify.split import pieces, utf8_bytes

_LONGEST = 4096  # bytes; ntfy makes a file of what is longer
_PRIORITIES = {"min": 1, "low": 2, "default": 3, "high": 4, "max": 5, "urgent": 5}


def send(settings: Settings, message: Message, client: Client) -> Delivery:
    """Publish the message; a failure with the priority that was asked for."""
    topic = settings.secret("topic", "ntfy topic")
    token = settings.optional("token_env")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    priority = settings.get("priority")

    def post(piece: str) -> Delivery:
        body: dict[str, Any] = {"topic": topic, "title": message.title, "message": piece}
        if priority is not None and message.bad:
            body["priority"] = _PRIORITIES.get(str(priority), priority)
        if settings.get("tags"):
            body["tags"] = settings.get("tags")
        answer = client.post_json(settings.get("server"), body, headers=headers)
        return Delivery(DELIVERED, answer.status, said=answer.text)

    return send_parts(pieces(message.text(), _LONGEST, utf8_bytes), post)
