"""Pings: a check that also notices when nothing comes. https://healthchecks.io/docs/http_api/."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from docket.notify import keys
from docket.notify.channeltype import ChannelType
from docket.notify.delivery import DELIVERED, Delivery

if TYPE_CHECKING:
    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client, HttpResponse
    from docket.notify.message import Message

_LARGEST_BODY = 100_000
_NAMESPACE = "9b1cf1a1-6f8e-4b56-9d0c-4f3f3f1d8e21"
_ENDINGS = {"start": "/start", "success": "", "failure": "/fail"}


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Ping for the outcome of the run; what is neither a success nor a failure goes to the log."""
    import uuid  # noqa: PLC0415  (only in the sending process)

    url = settings.secret("url", "ping URL")
    parts = urlsplit(url)
    # The check tells overlapping runs apart by this id, which has to be a UUID.
    rid = urlencode({"rid": str(uuid.uuid5(uuid.UUID(_NAMESPACE), message.run_id))})
    target = parts._replace(
        path=parts.path.rstrip("/") + _ENDINGS.get(message.event, "/log"),
        query=f"{parts.query}&{rid}" if parts.query else rid,
    ).geturl()
    body = b"" if message.event == "start" else message.text().encode()[:_LARGEST_BODY]
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    answer = client.send(target, body, headers=headers, check=_refusal)
    return Delivery(DELIVERED, answer.status, said=answer.text)


def _refusal(answer: HttpResponse) -> str | None:
    """`OK (not found)` and `OK (rate limited)` come with status 200, and nothing was counted."""
    text = answer.text.strip()
    return text[:100] if text.startswith("OK (") else None


CHANNEL = ChannelType(
    title="ping",
    description="A check of healthchecks.io or of a compatible service: it gets every start, "
    "success and failure, whatever `on` says.",
    keys={
        "url": keys.address("The address of the check.", "https://hc-ping.com/your-check"),
        "url_env": keys.variable(
            "The variable that holds the address of the check.", "BACKUP_PING_URL"
        ),
        "start": keys.switch(True, "Whether the start is reported too."),
    },
    example={"url_env": "BACKUP_PING_URL"},
    needs=("url", "url_env"),
    monitors=True,
    send=send,
)
