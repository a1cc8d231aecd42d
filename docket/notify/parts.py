"""Sending a text that is longer than one message, piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from docket.notify.delivery import Delivery, DeliveryError


def send_parts(parts: Sequence[str], post: Callable[[str], Delivery]) -> Delivery:
    """Send one piece after the other; a failure says how many have arrived."""
    for number, part in enumerate(parts):
        try:
            last = post(part)
        except DeliveryError as error:
            if number:
                error.sentence += f" ({number} of {len(parts)} parts have arrived)"
            raise
    return last
