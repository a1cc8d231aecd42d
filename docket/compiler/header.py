"""The head of every file that Docket writes for systemd: whose it is, and what it held."""

from __future__ import annotations

from docket.model.record import Record
from docket.model.sha256 import sha256_hex

_MADE_BY = "# Made by Docket "
_INSTANCE = "# docket-instance: "
_CONFIG = "# docket-config: "
_HASH = "# docket-hash: sha256:"
_ADVICE = ". A hand edit is kept until `docket install --force`."
_DEFAULT = "(default)"  # no instance can have this name


class Header(Record):
    """What a file's head says of it; `edited` if the contents no longer have the hash."""

    version: str
    instance: str
    config: str
    edited: bool


def content_hash(body: str) -> str:
    """Return the SHA-256 in hex of a unit file's contents, its head left out."""
    return sha256_hex(body.encode(errors="surrogateescape"))


def with_header(body: str, *, version: str, instance: str, config: str) -> str:
    """Return the whole text of a unit file that holds `body`."""
    return (
        f"{_MADE_BY}{version}{_ADVICE}\n"
        f"{_INSTANCE}{instance or _DEFAULT}\n"
        f"{_CONFIG}{config}\n"
        f"{_HASH}{content_hash(body)}\n"
        f"{body}"
    )


def split(text: str) -> tuple[Header | None, str]:
    """Return the head of a unit file and the contents below it; no head if it is not ours."""
    parts = text.split("\n", 4)
    if len(parts) < 5 or not all(
        line.startswith(mark)
        for line, mark in zip(parts, (_MADE_BY, _INSTANCE, _CONFIG, _HASH), strict=False)
    ):
        return None, text
    instance = parts[1][len(_INSTANCE) :]
    stated, body = parts[3][len(_HASH) :], parts[4]
    return (
        Header(
            version=parts[0][len(_MADE_BY) :].removesuffix(_ADVICE),
            instance="" if instance == _DEFAULT else instance,
            config=parts[2][len(_CONFIG) :],
            edited=stated != content_hash(body),
        ),
        body,
    )
