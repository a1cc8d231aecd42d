"""A JSON object to an address of one's own, signed if a key is given."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from docket.notify import keys
from docket.notify.channeltype import ChannelType
from docket.notify.delivery import DELIVERED, Delivery, missing

if TYPE_CHECKING:
    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client
    from docket.notify.message import Message

_KEYS = (
    "event",
    "task",
    "run_id",
    "status",
    "error_code",
    "exit_code",
    "command_exit_code",
    "consecutive_failures",
    "failing_since",
    "summary",
    "trigger",
    "started_at",
    "finished_at",
    "duration_seconds",
    "host",
    "note",
    "output",
)


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Send the message; `X-Docket-Event` says what it is about."""
    url = settings.secret("url", "webhook URL")
    body = json.dumps(document(message)).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Docket-Event": message.event,
        **(settings.get("headers") or {}),
    }
    for name, variable in (settings.get("headers_env") or {}).items():
        value = settings.named(variable)
        if not value:
            raise missing(f"the value of the header {name}")
        headers[name] = value
    if settings.get("secret_env"):
        key = settings.optional("secret_env")
        if not key:
            raise missing("the key that signs the webhook")
        import hashlib  # noqa: PLC0415  (signed ones only)
        import hmac  # noqa: PLC0415

        digest = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
        headers[settings.get("signature_header")] = f"sha256={digest}"
    answer = client.send(url, body, method=settings.get("method"), headers=headers)
    return Delivery(DELIVERED, answer.status, said=answer.text)


def document(message: Message) -> dict[str, Any]:
    """Return the message as the object that goes out."""
    return {
        **{name: getattr(message, name) for name in _KEYS},
        "message": message.text(with_output=False),
    }


CHANNEL = ChannelType(
    title="webhook",
    description="A POST with a JSON object to an address of your own.",
    keys={
        "url": keys.address("The address.", "https://example.org/docket"),
        "url_env": keys.variable("The variable that holds the address.", "OPS_WEBHOOK"),
        "method": keys.word(("POST", "PUT"), "The method of the request.", "PUT", "POST"),
        "headers": keys.headers(
            {"type": "string", "pattern": "^[\\x20-\\x7e]+$", "x-expected": "a text of one line"},
            "Further headers. Those that hold a secret belong to `headers_env`.",
            {"X-Source": "docket"},
            "a mapping of header names to texts",
        ),
        "headers_env": keys.headers(
            keys.A_VARIABLE,
            "Further headers, each with the variable that holds its value.",
            {"Authorization": "OPS_AUTHORIZATION"},
            "a mapping of header names to variable names",
        ),
        "secret_env": keys.variable(
            "The variable that holds the key with which the body is signed (HMAC-SHA256).",
            "OPS_SECRET",
        ),
        "signature_header": keys.matching(
            keys.NAME_OF_HEADER,
            "The header that carries the signature, as `sha256=` and its hex digits.",
            "X-Hub-Signature-256",
            "the name of a header",
            "X-Docket-Signature-256",
        ),
    },
    example={"url_env": "OPS_WEBHOOK", "secret_env": "OPS_SECRET"},
    needs=("url", "url_env"),
    send=send,
)
