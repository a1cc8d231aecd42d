"""Slack: an incoming webhook, or a bot. https://docs.slack.dev/reference/methods/chat.postMessage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.notify import keys
from docket.notify.channeltype import ChannelType
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.parts import send_parts
from docket.notify.split import pieces

if TYPE_CHECKING:
    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client, HttpResponse
    from docket.notify.message import Message

_LONGEST = 4000  # what Slack recommends; it cuts silently at 40,000


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Post the message, through the bot if a channel is named."""
    parts = pieces(_escaped(message.text()), _LONGEST)
    if settings.get("channel"):
        token = settings.secret("bot_token", "Slack bot token")
        url = settings.get("api_url").rstrip("/") + "/chat.postMessage"
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json; charset=utf-8",
        }
        base = {"channel": settings.get("channel")}
        check = _refusal_of_bot
    else:
        url = settings.secret("webhook_url", "Slack webhook URL")
        headers, base, check = {}, {}, _refusal_of_webhook

    def post(piece: str) -> Delivery:
        answer = client.post_json(url, {**base, "text": piece}, headers=headers, check=check)
        return Delivery(DELIVERED, answer.status, said=answer.text)

    return send_parts(parts, post)


def _refusal_of_bot(answer: HttpResponse) -> str | None:
    document = answer.document
    if document.get("ok") is True:
        return None
    return str(document.get("error") or "the answer does not say `ok`")[:200]


def _refusal_of_webhook(answer: HttpResponse) -> str | None:
    """A webhook answers `ok` as text; what speaks like one may answer in JSON."""
    document = answer.document
    if document.get("ok") is False:
        return str(document.get("error") or "the answer says `ok: false`")[:200]
    return None


def _escaped(text: str) -> str:
    """Return the text with the three characters that Slack reads as marks written out."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


CHANNEL = ChannelType(
    title="Slack",
    description="Slack: an incoming webhook, or a bot that writes to a `channel`.",
    keys={
        "webhook_url": keys.address(
            "The address of an incoming webhook. It is a secret: `webhook_url_env` is the better"
            " place.",
            "https://hooks.slack.com/services/T/B/x",
        ),
        "webhook_url_env": keys.variable(
            "The variable that holds the webhook's address.", "OPS_WEBHOOK", "SLACK_WEBHOOK_URL"
        ),
        "bot_token": keys.text(
            "The bot's token. It is a secret: `bot_token_env` is the better place.",
            "x",
            "a bot token",
        ),
        "bot_token_env": keys.variable(
            "The variable that holds the bot's token.", "OPS_BOT_TOKEN", "SLACK_BOT_TOKEN"
        ),
        "channel": keys.text(
            "The channel that a bot writes to; with it, the webhook is not used.",
            "C0123456789",
            "the id or the name of a channel",
        ),
        "api_url": keys.address(
            "The address of the API of Slack, or of a compatible service.",
            "https://slack.example.org/api",
            "https://slack.com/api",
        ),
    },
    example={"webhook_url_env": "SLACK_WEBHOOK_URL"},
    secrets=("webhook_url", "bot_token"),
    send=send,
)
