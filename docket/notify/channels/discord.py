"""Discord: a webhook. https://discord.com/developers/docs/resources/webhook#execute-webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docket.notify import keys
from docket.notify.channeltype import ChannelType, Remark
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.parts import send_parts
from docket.notify.split import pieces, utf16_units

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client
    from docket.notify.message import Message

_LONGEST = 2000


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Post the message, in pieces if it is long; what a task printed mentions nobody."""
    url = settings.secret("webhook_url", "Discord webhook URL")

    def post(piece: str) -> Delivery:
        body: dict[str, Any] = {"content": piece, "allowed_mentions": {"parse": []}}
        if settings.get("username"):
            body["username"] = settings.get("username")
        answer = client.post_json(url, body)
        return Delivery(DELIVERED, answer.status, said=answer.text)

    return send_parts(pieces(message.text(), _LONGEST, utf16_units), post)


def _remarks(written: Mapping[str, Any]) -> Iterator[Remark]:
    if "channel" in written:
        sentence = "has no effect: the webhook decides where a message goes"
        yield Remark(sentence, ("channel",), ignored=True)


CHANNEL = ChannelType(
    title="Discord",
    description="A webhook of a Discord channel.",
    keys={
        "webhook_url": keys.address(
            "The webhook's address. It is a secret: `webhook_url_env` is the better place.",
            "https://discord.com/api/webhooks/1/x",
        ),
        "webhook_url_env": keys.variable(
            "The variable that holds the webhook's address.",
            "BACKUP_WEBHOOK",
            "DISCORD_WEBHOOK_URL",
        ),
        "username": keys.text("The name that the message is signed with.", "docket"),
        "channel": keys.text(
            "Accepted as docket-cli did; only the webhook decides where a message goes.",
            "#ops",
        ),
    },
    example={"webhook_url_env": "DISCORD_WEBHOOK_URL"},
    secrets=("webhook_url",),
    remarks=_remarks,
    send=send,
)
