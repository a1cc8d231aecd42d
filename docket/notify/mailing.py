"""Writing a mail and handing it to the sendmail program or to a server."""

from __future__ import annotations

import email.utils
import os
import pwd
import smtplib
import socket
import ssl
import subprocess
import time
from email.message import EmailMessage

from docket.model.excerpt import printable
from docket.notify.channelsecrets import ChannelSettings
from docket.notify.delivery import DELIVERED, NOT_SENT, TIMED_OUT, Delivery, DeliveryError, missing
from docket.notify.http import Client
from docket.notify.message import Message

_LONGEST_SUBJECT = 200
_ACCEPTED = 250
_TRY_SECONDS = 15.0
_TRIES = 3
_TEMPORARY = range(400, 500)


def send(settings: ChannelSettings, message: Message, client: Client) -> Delivery:
    """Send the mail; the server or the program has taken it when this returns."""
    mail = _mail(settings, message)
    if settings.get("smtp") is None:
        return _through_program(settings.get("sendmail"), mail)
    for number in range(1, _TRIES + 1):
        try:
            return _through_smtp(settings, mail)
        except DeliveryError as error:
            if not error.passing or number == _TRIES or not client.wait(number):
                raise
    raise AssertionError("unreachable")


def _mail(settings: ChannelSettings, message: Message) -> EmailMessage:
    mail = EmailMessage()
    subject = f"[docket] {message.title}"
    subject += f": {message.summary}" if message.summary else ""
    mail["Subject"] = printable(subject)[:_LONGEST_SUBJECT]
    sender = settings.get("from") or f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"
    mail["From"] = sender
    mail["To"] = ", ".join(settings.get("to"))
    mail["Date"] = email.utils.formatdate(time.time(), localtime=True)
    mail["Message-ID"] = email.utils.make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Docket-Run"] = message.run_id
    text = message.text().encode("utf-8", "replace").decode()
    mail.set_content(text + f"\n\nRun {message.run_id} on {message.host}\n")
    return mail


def _through_program(program: str, mail: EmailMessage) -> Delivery:
    """Hand the mail to the program; its children end with it, because they are in our group."""
    sender = email.utils.parseaddr(str(mail["From"]))[1]
    receivers = [address for _, address in email.utils.getaddresses([str(mail["To"])])]
    words = [program, "-i", "-f", sender, "--", *receivers]
    try:
        done = subprocess.run(words, input=bytes(mail), capture_output=True, check=False)
    except FileNotFoundError:
        raise DeliveryError(f"There is no program {program}", NOT_SENT) from None
    except OSError as error:
        raise DeliveryError(f"{program} cannot be started: {error.strerror}", NOT_SENT) from None
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode:
        sentence = f"{program} ends with exit code {done.returncode}"
        raise DeliveryError(sentence, done.returncode, said=said)
    return Delivery(DELIVERED, 0, said=said)


def _through_smtp(settings: ChannelSettings, mail: EmailMessage) -> Delivery:
    smtp = settings.get("smtp")
    host = f"{smtp['host']}:{smtp['port']}"
    password = ""
    if smtp["password_env"]:
        password = settings.named(smtp["password_env"])
        if not password:
            raise missing("SMTP password")
    try:
        with _connected(smtp) as server:
            if password:
                server.login(smtp["user"] or str(mail["From"]), password)
            refused = server.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        raise _refusal(host, error) from None
    if refused:
        names = ", ".join(sorted(refused))
        raise DeliveryError(f"{host} refuses some receivers: {names}", _ACCEPTED)
    return Delivery(DELIVERED, _ACCEPTED)


def _refusal(host: str, error: Exception) -> DeliveryError:
    code, passing = NOT_SENT, False
    match error:
        case smtplib.SMTPAuthenticationError():
            sentence, code = f"{host} refuses the login", error.smtp_code
        case smtplib.SMTPRecipientsRefused():
            code = next((code for code, _ in error.recipients.values()), NOT_SENT)
            sentence, passing = f"{host} refuses every receiver", code in _TEMPORARY
        case smtplib.SMTPResponseException():
            code, passing = error.smtp_code, error.smtp_code in _TEMPORARY
            sentence = f"{host} answers with {code}"
        case smtplib.SMTPNotSupportedError():
            sentence = f"{host} does not offer what `tls` or the login asks for"
        case ssl.SSLCertVerificationError():
            sentence = f"The certificate of {host} is not trusted: {error.verify_message}"
        case TimeoutError():
            sentence, code, passing = f"{host} did not answer in time", TIMED_OUT, True
        case OSError() if error.strerror:
            sentence, passing = f"No connection to {host}: {error.strerror}", True
        case _:
            sentence, passing = f"{host} does not answer as a mail server", True
    return DeliveryError(sentence, code, passing=passing)


def _connected(smtp: dict[str, str | int]) -> smtplib.SMTP:
    host, port = str(smtp["host"]), int(smtp["port"])
    context = ssl.create_default_context()
    if smtp["tls"] == "implicit":
        return smtplib.SMTP_SSL(host, port, timeout=_TRY_SECONDS, context=context)
    server = smtplib.SMTP(host, port, timeout=_TRY_SECONDS)
    if smtp["tls"] == "starttls":
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server
