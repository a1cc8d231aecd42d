"""Everything else: the Apprise library, if it is installed."""

from __future__ import annotations

import site
from typing import TYPE_CHECKING

from docket.notify import keys
from docket.notify.channeltype import ChannelType
from docket.notify.delivery import DELIVERED, NOT_SENT, Delivery, DeliveryError, missing

if TYPE_CHECKING:
    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client
    from docket.notify.message import Message

_KINDS = {"success": "success", "recovery": "success", "failure": "failure", "reminder": "warning"}


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Hand the message to each address; the addresses themselves are secret."""
    del client  # Apprise has its own
    urls = settings.optional("urls_env").replace(",", " ").split()
    if not urls:
        raise missing("Apprise URLs")
    settings.hide(urls)
    site.main()  # the runner starts without the directories of installed packages
    try:
        import apprise  # noqa: PLC0415  (an extra, and only if it is asked for)
    except ImportError:
        sentence = "The Apprise library is not installed (Debian: python3-apprise)"
        raise DeliveryError(sentence, NOT_SENT) from None
    failed = 0
    for url in urls:
        speaker = apprise.Apprise()
        if not speaker.add(url):
            raise DeliveryError("Apprise cannot read one of the addresses", NOT_SENT)
        for plugin in speaker:
            plugin.overflow_mode = apprise.OverflowMode.SPLIT  # the usual way cuts the end off
        kind = _KINDS.get(message.event, "info")
        failed += not speaker.notify(title=message.title, body=message.text(), notify_type=kind)
    if failed:
        raise DeliveryError(f"Apprise could not deliver to {failed} of {len(urls)} addresses", 1)
    return Delivery(DELIVERED, 0)


CHANNEL = ChannelType(
    title="Apprise",
    description="Everything else: the addresses of the Apprise library, which has to be installed.",
    keys={
        "urls_env": keys.variable(
            "The variable that holds the addresses, separated by blanks.",
            "OPS_URLS",
            "APPRISE_URLS",
        )
    },
    example={"urls_env": "APPRISE_URLS"},
    send=send,
)
