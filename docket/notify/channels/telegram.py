"""Telegram: a bot. https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docket.notify import keys
from docket.notify.channeltype import ChannelType, Remark
from docket.notify.delivery import DELIVERED, Delivery, DeliveryError, missing
from docket.notify.parts import send_parts
from docket.notify.split import pieces, utf16_units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client, HttpResponse
    from docket.notify.message import Message

_LONGEST = 4096  # UTF-16 units
_BAD_REQUEST = 400
_MARKDOWN = "_*`["
_MARKDOWN_V2 = "\\_*[]()~`>#+-=|{}.!"


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Send the message; if Telegram cannot read its marks, send it as plain text."""
    mode = settings.get("parse_mode")
    if mode is None:
        return _send(settings, message.text(), None, client)
    try:
        return _send(settings, message.text(_escape_for(mode)), mode, client)
    except DeliveryError as error:
        if error.code != _BAD_REQUEST:
            raise
        return _send(settings, message.text(), None, client)


def _send(settings: ChannelSettings, text: str, mode: str | None, client: Client) -> Delivery:
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


def _refusal(answer: HttpResponse) -> str | None:
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


def _settle(options: dict[str, Any]) -> dict[str, Any]:
    """Read `chat_id` as `chat`, and its number as a text."""
    other = options.pop("chat_id")
    chat = other if options["chat"] is None else options["chat"]
    return {**options, "chat": "" if chat is None else str(chat)}


def _remarks(written: Mapping[str, Any]) -> Iterator[Remark]:
    if "chat" not in written and "chat_id" not in written:
        yield Remark("has no `chat`, so nothing can be sent")


_A_CHAT = 'the number of a chat, or a text such as "@ops"'
CHANNEL = ChannelType(
    title="Telegram",
    description="A bot of Telegram that writes to a chat.",
    keys={
        "bot_token": keys.text(
            "The bot's token. It is a secret: `bot_token_env` is the better place.",
            "1:x",
            "a bot token",
        ),
        "bot_token_env": keys.variable(
            "The variable that holds the bot's token.", "OPS_BOT_TOKEN", "TELEGRAM_BOT_TOKEN"
        ),
        "chat": keys.text_or_number(
            "The chat: its number, or `@` and its public name.",
            "@ops",
            -1001234567890,
            expected=_A_CHAT,
        ),
        "chat_id": keys.text_or_number("Another name of `chat`.", -1001234567890, expected=_A_CHAT),
        "parse_mode": keys.word(
            ("HTML", "Markdown", "MarkdownV2"),
            "How Telegram reads the marks in `message`; inserted values are escaped."
            " A text that Telegram cannot parse is sent as plain text.",
            "HTML",
        ),
        "api_url": keys.address(
            "The address of a Bot API server of your own.",
            "https://bots.example.org",
            "https://api.telegram.org",
        ),
    },
    example={"chat": "@ops", "bot_token_env": "TELEGRAM_BOT_TOKEN"},
    secrets=("bot_token",),
    settle=_settle,
    remarks=_remarks,
    send=send,
)
