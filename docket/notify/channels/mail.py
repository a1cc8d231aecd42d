"""Mail, through the local sendmail program or through SMTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docket.notify import keys
from docket.notify.channeltype import ChannelType, Remark
from docket.notify.delivery import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from docket.notify.channelsecrets import ChannelSettings
    from docket.notify.http import Client
    from docket.notify.message import Message

_ADDRESS = {"type": "string", "pattern": "^[^\\s,<>@-][^\\s,<>@]*(@[^\\s,<>@]+)?$"}
_PORTS = {"implicit": 465, "starttls": 587, "none": 25}


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Send the mail; the server or the program has taken it when this returns."""
    from docket.notify import mailing  # noqa: PLC0415  (smtplib, only in the sending process)

    return mailing.send(settings, message, client)


def _settle(options: dict[str, Any]) -> dict[str, Any]:
    """Make `to` a list, and fill in what `smtp` leaves out."""
    to, smtp = options["to"], options["smtp"]
    options["to"] = [to] if isinstance(to, str) else list(dict.fromkeys(to or ()))
    if smtp is not None:
        tls = smtp.get("tls", "starttls")
        named = {name: smtp.get(name) for name in ("host", "user", "password_env")}
        options["smtp"] = {"tls": tls, "port": int(smtp.get("port", _PORTS[tls])), **named}
    return options


def _remarks(written: Mapping[str, Any]) -> Iterator[Remark]:
    smtp = written.get("smtp") or {}
    if smtp.get("tls") == "none" and "password_env" in smtp:
        yield Remark(
            "would send a password over a connection that anybody can read",
            ("smtp", "tls"),
            hint="`starttls` or `implicit`",
            refused=True,
        )


_SMTP = {
    "host": keys.matching(
        "^[A-Za-z0-9_.:-]+$",
        "The name or address of the server.",
        "smtp.example.org",
        "the name of a host",
    ),
    "port": {
        "type": "integer",
        "minimum": 1,
        "maximum": 65535,
        "description": "Its port; without it, 465 with `tls: implicit`, 587 with `tls: starttls`,"
        " else 25.",
        "examples": [587],
        "x-expected": "a whole number from 1 to 65535",
    },
    "tls": keys.word(
        ("starttls", "implicit", "none"),
        "How the connection is made safe. `none` is refused together with a password.",
        "implicit",
        "starttls",
    ),
    "user": keys.text("The name to log in with.", "docket"),
    "password_env": keys.variable("The variable that holds the password.", "SMTP_PASSWORD"),
}
CHANNEL = ChannelType(
    title="mail",
    description="A mail, through the local sendmail program or through SMTP.",
    keys={
        "to": {
            "anyOf": [
                _ADDRESS,
                {"type": "array", "minItems": 1, "items": _ADDRESS},
            ],
            "description": "Who gets it.",
            "examples": ["root", ["ana@example.org", "ops@example.org"]],
            "x-expected": "a mail address, or a list of them",
        },
        "from": keys.matching(
            _ADDRESS["pattern"],
            "Who it is from; usually the user and the host that run the task.",
            "docket@example.org",
            "a mail address",
        ),
        "sendmail": keys.matching(
            "^/\\S+$",
            "The program that takes the mail, if there is no `smtp`.",
            "/usr/bin/msmtp",
            "an absolute path",
            "/usr/sbin/sendmail",
        ),
        "smtp": {
            "type": "object",
            "additionalProperties": False,
            "required": ["host"],
            "description": "The server that takes the mail.",
            "examples": [
                {"host": "smtp.example.org", "user": "docket", "password_env": "SMTP_PASSWORD"}
            ],
            "x-expected": "a mapping with `host`",
            "properties": _SMTP,
        },
    },
    example={"to": "ops@example.org"},
    needs=("to",),
    settle=_settle,
    remarks=_remarks,
    send=send,
)
