"""sd_notify: one datagram sends the status of a unit to the service manager."""

from __future__ import annotations

import os

try:
    # `socket` costs five milliseconds and this needs one datagram.
    from _socket import AF_UNIX, MSG_DONTWAIT, SOCK_DGRAM
    from _socket import socket as Socket  # noqa: N812
except ImportError:  # another Python than CPython
    from socket import AF_UNIX, MSG_DONTWAIT, SOCK_DGRAM
    from socket import socket as Socket  # type: ignore[assignment]  # noqa: N812


def notify_status(text: str) -> bool:
    """Show `text` in `systemctl status`; False if no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    return send_datagram(address, b"STATUS=" + " ".join(text.split()).encode(errors="replace"))


def send_datagram(address: str, data: bytes) -> bool:
    """Send one datagram without waiting; False if it could not be delivered."""
    if address.startswith("@"):
        address = "\0" + address[1:]
    sender = Socket(AF_UNIX, SOCK_DGRAM)
    try:
        sender.setblocking(False)
        sender.sendto(data, address)
    except OSError:
        return False
    finally:
        sender.close()
    return True


def send_on_stream(descriptor: int, data: bytes | bytearray) -> int:
    """Send what the socket has room for and return how much; BlockingIOError if it has none."""
    stream = Socket(fileno=descriptor)
    try:
        return stream.send(data, MSG_DONTWAIT)
    finally:
        stream.detach()  # the descriptor is not ours to close
