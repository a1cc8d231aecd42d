"""Structured entries for the journal, by its native protocol.

Each run leaves one entry when it begins and one when it ends, with fields that `journalctl` can
match (DOCKET_RUN_ID=, DOCKET_TASK=, DOCKET_STATUS= ...).
"""

from __future__ import annotations

import os

from docket.systemd.notify import send_datagram

SOCKET = "/run/systemd/journal/socket"

RUN_BEGAN = "b1e64c0a2f5d4a6e9a3c7f0d52b81e47"
RUN_ENDED = "5c0f7a9d3e8b4127a6d1942eb07c35f8"
PLAN_IS_OLD = "e27d41b86f0c4c9c8b5a60f3917d2ea4"
HISTORY_PRUNED = "0d9e6c35b1f84ad7923be07ac4f61852"
CHANGE_NOT_RECORDED = "7f3b0a9c52e64d18b6c4e1d8a07593fe"

_LARGEST = 128 * 1024  # larger datagrams would have to be passed as a file


def send(
    message: str, *, message_id: str, priority: int, fields: dict[str, str | int | None]
) -> bool:
    """Write one entry; False if there is no journal. Fields that are None are left out."""
    parts = [
        _field("MESSAGE", message),
        _field("MESSAGE_ID", message_id),
        _field("PRIORITY", str(priority)),
        _field("SYSLOG_IDENTIFIER", "docket"),
    ]
    parts += [_field(name, str(value)) for name, value in fields.items() if value is not None]
    data = b"".join(part for part in parts if len(part) < _LARGEST)
    return send_datagram(SOCKET, data)


def stream_is_journal(descriptor: int) -> bool:
    """Whether the descriptor is the stream that systemd connected to the journal."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    if not inode:
        return False
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return (device, inode) == (str(found.st_dev), str(found.st_ino))


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "backslashreplace")
    if b"\n" not in data:
        return name.encode() + b"=" + data + b"\n"
    return name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
