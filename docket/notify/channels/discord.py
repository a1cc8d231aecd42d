"""Discord: a webhook. https://discord.com/developers/docs/resources/webhook#execute-webhook."""

from __future__ import annotations

from typing import Any

from docket.notify.channelsecrets import Settings
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.http import Client
from docket.notify.message import Message
from docket.notify.parts import send_parts
from docket.notify.split import pieces, utf16_units

_LONGEST = 2000


def send(settings: Settings, message: Message, client: Client) -> Delivery:
    """Post the message, in pieces where it is long; what a task printed mentions nobody."""
    url = settings.secret("webhook_url", "Discord webhook URL")

    def post(piece: str) -> Delivery:
        body: dict[str, Any] = {"content": piece, "allowed_mentions": {"parse": []}}
        if settings.get("username"):
            body["username"] = settings.get("username")
        answer = client.post_json(url, body)
        return Delivery(DELIVERED, answer.status, said=answer.text)

    return send_parts(pieces(message.text(), _LONGEST, utf16_units), post)
