"""Telegram: a bot. https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from docket.notify.channelsecrets import Settings
from docket.notify.delivery import DELIVERED, Delivery, DeliveryError, missing
from docket.notify.http import Answer, Client
from docket.notify.message import Message
from docket.notify.parts import send_parts
from docket.notify.split import pieces, utf16_units

_LONGEST = 4096  # UTF-16 units
_BAD_REQUEST = 400
_MARKDOWN = "_*`["
_MARKDOWN_V2 = "\\_*[]()~`>#+-=|{}.!"


def send(settings: Settings, message: Message, client: Client) -> Delivery:
    """Send the message; where Telegram cannot read its marks, send it as plain text."""
    mode = settings.get("parse_mode")
    if mode is None:
        return _send(settings, message.text(), None, client)
    try:
        return _send(settings, message.text(_escape_for(mode)), mode, client)
    except DeliveryError as error:
        if error.code != _BAD_REQUEST:
            raise
        return _send(settings, message.text(), None, client)


def _send(settings: Settings, text: str, mode: str | None, client: Client) -> Delivery:
    token = settings.secret("bot_token", "Telegram bot token")
    chat = settings.get("chat")
    if not chat:
        raise missing("Telegram chat_id")
    url = f"{settings.get('api_url').rstrip('/')}/bot{token}/sendMessage"

    def post(piece: str) -> Delivery:
        body: dict[str, Any] = {"chat_id": chat, "text": piece}
        if mode is not None:
            body["parse_mode"] = mode
        answer = client.post_json(url, body, check=_refusal)
        return Delivery(DELIVERED, answer.status, said=answer.text)

    return send_parts(pieces(text, _LONGEST, utf16_units), post)


def _refusal(answer: Answer) -> str | None:
    document = answer.document
    if document.get("ok") is True:
        return None
    return str(document.get("description") or "the answer does not say `ok`")[:200]


def _escape_for(mode: str) -> Callable[[str], str]:
    if mode == "HTML":
        return _escape_html
    marks = _MARKDOWN if mode == "Markdown" else _MARKDOWN_V2
    return lambda text: "".join("\\" + c if c in marks else c for c in text)


def _escape_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
