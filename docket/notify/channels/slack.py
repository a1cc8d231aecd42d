"""Slack: an incoming webhook, or a bot. https://docs.slack.dev/reference/methods/chat.postMessage."""

from __future__ import annotations

from docket.notify.channelsecrets import Settings
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.http import Answer, Client
from docket.notify.message import Message
from docket.notify.parts import send_parts
from docket.notify.split import pieces

_LONGEST = 4000  # what Slack recommends; it cuts silently at 40,000


def send(settings: Settings, message: Message, client: Client) -> Delivery:
    """Post the message, through the bot where a channel is named."""
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


def _refusal_of_bot(answer: Answer) -> str | None:
    document = answer.document
    if document.get("ok") is True:
        return None
    return str(document.get("error") or "the answer does not say `ok`")[:200]


def _refusal_of_webhook(answer: Answer) -> str | None:
    """A webhook answers `ok` as text; what speaks like one may answer in JSON."""
    document = answer.document
    if document.get("ok") is False:
        return str(document.get("error") or "the answer says `ok: false`")[:200]
    return None


def _escaped(text: str) -> str:
    """Return the text with the three characters that Slack reads as marks written out."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
