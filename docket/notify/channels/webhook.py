"""A JSON object to an address of one's own, signed where a key is given."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from docket.notify.channelsecrets import Settings
from docket.notify.delivery import DELIVERED, Delivery, missing
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
    "summary",
    "trigger",
    "started_at",
    "finished_at",
    "duration_seconds",
    "host",
    "note",
    "output",
)


def send(settings: Settings, message: Message, client: Client) -> Delivery:
    """Send the message; `X-Docket-Delivery` stays the same over all tries of one message."""
    url = settings.secret("url", "webhook URL")
    body = json.dumps(document(message)).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Docket-Event": message.event,
        "X-Docket-Delivery": f"{message.run_id}:{message.event}",
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
