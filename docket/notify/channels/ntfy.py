"""ntfy: a topic. https://docs.ntfy.sh/publish/#publish-as-json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docket.notify import keys
from docket.notify.channeltype import ChannelType
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.parts import send_parts
from docket.notify.split import pieces, utf8_bytes

if TYPE_CHECKING:
    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client
    from docket.notify.message import Message

_LONGEST = 4096  # bytes; ntfy makes a file of what is longer
_PRIORITIES = {"min": 1, "low": 2, "default": 3, "high": 4, "max": 5, "urgent": 5}


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Publish the message; a failure with the priority that was asked for."""
    topic = settings.secret("topic", "ntfy topic")
    token = settings.optional("token_env")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    priority = settings.get("priority")

    def post(piece: str) -> Delivery:
        body: dict[str, Any] = {"topic": topic, "title": message.title, "message": piece}
        if priority is not None and message.bad:
            body["priority"] = _PRIORITIES.get(str(priority), priority)
        if settings.get("tags"):
            body["tags"] = settings.get("tags")
        answer = client.post_json(settings.get("server"), body, headers=headers)
        return Delivery(DELIVERED, answer.status, said=answer.text)

    return send_parts(pieces(message.text(), _LONGEST, utf8_bytes), post)


CHANNEL = ChannelType(
    title="ntfy",
    description="A topic of ntfy, at ntfy.sh or at a server of your own.",
    keys={
        "topic": keys.matching(
            "^[A-Za-z0-9_-]{1,64}$",
            "The topic. Whoever knows it can read it: `topic_env` keeps it out of the file.",
            "my-backups",
            "letters, digits, `-` and `_`, 64 at most",
        ),
        "topic_env": keys.variable("The variable that holds the topic.", "NTFY_TOPIC"),
        "server": keys.address("The server.", "https://ntfy.example.org", "https://ntfy.sh"),
        "token_env": keys.variable(
            "The variable that holds an access token, if the server asks for one.",
            "NTFY_TOKEN",
        ),
        "priority": {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 5},
                {"type": "string", "enum": list(_PRIORITIES)},
            ],
            "description": "How loud a failure is; other messages have the usual priority.",
            "examples": ["high", 4],
            "x-expected": "a whole number from 1 to 5, or one of `min`, `low`, `default`, `high`,"
            " `max`",
        },
        "tags": keys.texts("Tags of the message.", ["backup"], "a list of words"),
    },
    example={"topic": "my-backups"},
    needs=("topic", "topic_env"),
    send=send,
)
