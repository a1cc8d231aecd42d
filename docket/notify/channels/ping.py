"""Pings: a check that also notices when nothing comes. https://healthchecks.io/docs/http_api/."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode, urlsplit

from docket.notify.channelsecrets import Settings
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.http import Answer, Client
from docket.notify.message import Message

_LARGEST_BODY = 100_000
_NAMESPACE = uuid.UUID("9b1cf1a1-6f8e-4b56-9d0c-4f3f3f1d8e21")
_ENDINGS = {"start": "/start", "success": "", "failure": "/fail"}


def send(settings: Settings, message: Message, client: Client) -> Delivery:
    """Ping for what the run came to; what is neither a success nor a failure goes to the log."""
    url = settings.secret("url", "ping URL")
    parts = urlsplit(url)
    # The check tells overlapping runs apart by this id, which has to be a UUID.
    rid = urlencode({"rid": str(uuid.uuid5(_NAMESPACE, message.run_id))})
    target = parts._replace(
        path=parts.path.rstrip("/") + _ENDINGS.get(message.event, "/log"),
        query=f"{parts.query}&{rid}" if parts.query else rid,
    ).geturl()
    body = b"" if message.event == "start" else message.text().encode()[:_LARGEST_BODY]
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    answer = client.send(target, body, headers=headers, check=_refusal)
    return Delivery(DELIVERED, answer.status, said=answer.text)


def _refusal(answer: Answer) -> str | None:
    """`OK (not found)` and `OK (rate limited)` come with status 200, and nothing was counted."""
    text = answer.text.strip()
    return text[:100] if text.startswith("OK (") else None
