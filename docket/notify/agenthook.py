"""An agent hook: a JSON object to an agent's address, as the older program sent it."""

from __future__ import annotations

from docket.notify.channelsecrets import ChannelSettings
from docket.notify.delivery import DELIVERED, Delivery
from docket.notify.http import Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def send(settings: ChannelSettings, document: Mapping[str, Any], client: Client) -> Delivery:
    """Post the object once: an agent may have begun to work before it answers."""
    url = settings.secret("url", "agent webhook URL")
    answer = client.post_json(url, document, headers={"User-Agent": "docket-agent-hook"}, once=True)
    return Delivery(DELIVERED, answer.status, said=answer.text)
