"""Mail: the local program at its documented command line, and a server that speaks SMTP."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.unit.notify.loopback import certificate, free_port
from tests.unit.notify.telling import SECRET, channel, outcome, tell
from tests.unit.runner.runner_home import Home, alive, wait_until


class MailServer:
    """An SMTP server for one message after the other; `answers` replaces its answer to a verb."""

    def __init__(self, tls: Path | None = None, *, implicit: bool = False) -> None:
        self.said: list[str] = []
        self.mails: list[bytes] = []
        self.answers: dict[str, list[str]] = {}
        self.context: ssl.SSLContext | None = None
        self.implicit = implicit
        if tls is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(tls)
        handler = type("Handler", (_Session,), {"mail": self})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def answer(self, verb: str, usual: str) -> str:
        waiting = self.answers.get(verb)
        return waiting.pop(0) if waiting else usual

    @contextmanager
    def serving(self) -> Iterator[MailServer]:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    @property
    def settings(self) -> dict[str, Any]:
        tls = "none" if self.context is None else "implicit" if self.implicit else "starttls"
        known = {"host": "127.0.0.1", "port": self.port, "tls": tls}
        return {**known, "user": None, "password_env": None}


class _Session(socketserver.StreamRequestHandler):
    mail: MailServer

    def handle(self) -> None:
        try:
            self._talk()
        except (OSError, ssl.SSLError):
            return

    def _talk(self) -> None:
        if self.mail.implicit:
            self._encrypt()
        self._say(self.mail.answer("greeting", "220 here"))
        while line := self.rfile.readline().decode().strip():
            self.mail.said.append(line)
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO":
                offers = ["AUTH PLAIN", "8BITMIME"] + ["STARTTLS"] * (self.mail.context is not None)
                for offer in ["here", *offers][:-1]:
                    self._say(f"250-{offer}")
                self._say(f"250 {offers[-1]}")
            elif verb == "STARTTLS":
                self._say("220 go on")
                self._encrypt()
            elif verb == "DATA":
                self._say("354 go on")
                self.mail.mails.append(self._body())
                self._say(self.mail.answer(verb, "250 taken"))
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                usual = "235 welcome" if verb == "AUTH" else "250 ok"
                self._say(self.mail.answer(verb, usual))

    def _encrypt(self) -> None:
        assert self.mail.context is not None
        self.request = self.mail.context.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb")
        self.wfile = self.request.makefile("wb", buffering=0)

    def _body(self) -> bytes:
        found = b""
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            found += line
        return found

    def _say(self, text: str) -> None:
        if text == "hang":
            time.sleep(20)
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer().serving() as mail:
        yield mail


def program(home: Home, script: str) -> str:
    """Write a stand-in for sendmail and return its path."""
    path = home.path / "sendmail"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def parsed(data: bytes) -> Any:
    return email.message_from_bytes(data, policy=email.policy.default)


def test_sendmail_gets_the_receivers_as_words_and_the_mail_to_read(home: Home) -> None:
    kept, words = home.path / "kept", home.path / "words"
    stand_in = program(home, f'printf "%s\\n" "$@" > {words}; cat > {kept}')
    found = outcome(
        home,
        "mail",
        to=["ana@example.org", "root"],
        **{"from": "docket@example.org"},
        sendmail=stand_in,
    )
    assert (found["state"], found["exit_code"]) == ("delivered", 0)
    assert words.read_text().split() == [
        "-i", "-f", "docket@example.org", "--", "ana@example.org", "root",
    ]  # fmt: skip
    run = home.only_run()
    mail = parsed(kept.read_bytes())
    assert mail["Subject"] == f"[docket] job: failed on {os.uname().nodename}: {run.summary}"
    assert (mail["To"], mail["From"]) == ("ana@example.org, root", "docket@example.org")
    assert (mail["Auto-Submitted"], mail["X-Docket-Run"]) == ("auto-generated", run.run_id)
    assert mail.get_content().startswith(
        f"Docket job failed on {os.uname().nodename}: {run.summary}"
    )


def test_a_summary_becomes_no_header(home: Home) -> None:
    kept = home.path / "kept"
    tell(
        home,
        channel("mail", to=["root"], sendmail=program(home, f"cat > {kept}")),
        argv=("/bin/sh", "-c", "exit 1", "x\r\nBcc: evil@example.org\r\n\r\n.\r\nQUIT"),
        message="{summary}\n.\nQUIT\n",
    )
    mail = parsed(kept.read_bytes())
    assert mail["Bcc"] is None
    assert "\n.\nQUIT" in mail.get_content()


def test_what_sendmail_says_of_its_failure_is_kept(home: Home) -> None:
    found = outcome(
        home, "mail", to=["root"], sendmail=program(home, "echo queue full >&2; exit 75")
    )
    assert (found["state"], found["exit_code"], found["stdout"]) == ("failed", 75, "queue full")
    assert found["stderr"].endswith("ends with exit code 75")


def test_a_program_that_does_not_read_the_mail_does_not_kill_the_sender(home: Home) -> None:
    stand_in = program(home, "exec 0<&-; sleep 0.3; echo no >&2; exit 69")
    found = outcome(
        home, "mail", to=["root"], sendmail=stand_in, settings={"message": "x" * 500_000}
    )
    assert (found["state"], found["exit_code"], found["stdout"]) == ("failed", 69, "no")


def test_a_missing_program_is_said(home: Home) -> None:
    found = outcome(home, "mail", to=["root"], sendmail="/nonexistent/sendmail")
    assert (found["state"], found["exit_code"]) == ("failed_to_start", -2)
    assert found["stderr"] == "There is no program /nonexistent/sendmail"


def test_a_program_that_hangs_is_killed_with_its_children(home: Home) -> None:
    pid = home.path / "pid"
    stand_in = program(home, f"sleep 777 & echo $! > {pid}; wait")
    found = outcome(home, "mail", to=["root"], sendmail=stand_in, settings={"timeout_seconds": 0.7})
    assert (found["state"], found["exit_code"]) == ("timed_out", -1)
    child = int(pid.read_text())
    wait_until(lambda: not alive(child))


def test_a_server_takes_the_mail(home: Home, server: MailServer) -> None:
    found = outcome(home, "mail", to=["a@example.org", "b@example.org"], smtp=server.settings)
    assert (found["state"], found["exit_code"]) == ("delivered", 250)
    receivers = [line for line in server.said if line.upper().startswith("RCPT")]
    assert receivers == ["rcpt TO:<a@example.org>", "rcpt TO:<b@example.org>"]
    assert parsed(server.mails[0])["To"] == "a@example.org, b@example.org"


def test_a_line_with_a_dot_alone_ends_no_mail(home: Home, server: MailServer) -> None:
    tell(home, channel("mail", to=["root"], smtp=server.settings), message="a\n.\nRSET\nb")
    assert len(server.mails) == 1
    assert b"\r\n..\r\nRSET\r\nb" in server.mails[0]


def test_a_server_that_is_busy_is_asked_again(home: Home, server: MailServer) -> None:
    server.answers["DATA"] = ["451 later"]
    found = outcome(home, "mail", to=["root"], smtp=server.settings)
    assert (found["state"], len(server.mails)) == ("delivered", 2)


@pytest.mark.parametrize(
    ("verb", "answer", "code", "words"),
    [
        ("DATA", "554 spam", 554, "answers with 554"),
        ("MAIL", "550 not from here", 550, "answers with 550"),
        ("RCPT", "550 who?", 550, "refuses every receiver"),
    ],
)
def test_a_refusal_is_not_tried_again(
    home: Home, server: MailServer, verb: str, answer: str, code: int, words: str
) -> None:
    server.answers[verb.lower() if verb == "DATA" else verb] = [answer] * 5
    server.answers[verb] = [answer] * 5
    found = outcome(home, "mail", to=["root"], smtp=server.settings)
    assert (found["state"], found["exit_code"]) == ("failed", code)
    assert words in found["stderr"]
    assert len(server.answers[verb]) == 4


def test_a_receiver_that_is_refused_is_named_though_others_got_it(
    home: Home, server: MailServer
) -> None:
    server.answers["RCPT"] = ["250 ok", "550 who?"]
    found = outcome(home, "mail", to=["a@example.org", "b@example.org"], smtp=server.settings)
    assert found["state"] == "failed"
    assert found["stderr"].endswith("refuses some receivers: b@example.org")


def test_a_server_that_says_nothing_ends_at_the_deadline(home: Home, server: MailServer) -> None:
    server.answers["greeting"] = ["hang"]
    begun = time.monotonic()
    found = outcome(
        home, "mail", to=["root"], smtp=server.settings, settings={"timeout_seconds": 0.7}
    )
    assert (found["state"], found["exit_code"]) == ("timed_out", -1)
    assert time.monotonic() - begun < 5


def test_a_refused_connection_is_said(home: Home) -> None:
    smtp = {**MailServer().settings, "port": free_port()}
    found = outcome(home, "mail", to=["root"], smtp=smtp)
    assert found["stderr"] == f"No connection to 127.0.0.1:{smtp['port']}: Connection refused"


@pytest.mark.parametrize("implicit", [False, True])
def test_a_login_goes_over_a_trusted_connection(
    home: Home, tmp_path: Path, *, implicit: bool
) -> None:
    pem = certificate(tmp_path)
    with MailServer(pem, implicit=implicit).serving() as server:
        smtp = {**server.settings, "user": "ada", "password_env": "SMTP_PASSWORD"}
        environ = {"SMTP_PASSWORD": SECRET, "SSL_CERT_FILE": str(pem)}
        found = outcome(home, "mail", to=["root"], smtp=smtp, environ=environ)
    assert found["state"] == "delivered"
    expected = base64.b64encode(f"\0ada\0{SECRET}".encode()).decode()
    assert f"AUTH PLAIN {expected}" in server.said


@pytest.mark.parametrize("implicit", [False, True])
def test_a_certificate_that_nobody_signed_gets_no_password(
    home: Home, tmp_path: Path, *, implicit: bool
) -> None:
    with MailServer(certificate(tmp_path), implicit=implicit).serving() as server:
        smtp = {**server.settings, "user": "ada", "password_env": "SMTP_PASSWORD"}
        found = outcome(home, "mail", to=["root"], smtp=smtp, environ={"SMTP_PASSWORD": SECRET})
    assert found["state"] == "failed_to_start"
    assert "is not trusted" in found["stderr"]
    assert not [line for line in server.said if line.startswith("AUTH")]


def test_a_server_without_tls_gets_nothing_if_tls_was_asked_for(
    home: Home, server: MailServer
) -> None:
    smtp = {**server.settings, "tls": "starttls"}
    found = outcome(home, "mail", to=["root"], smtp=smtp)
    assert (found["exit_code"], server.mails) == (-2, [])
    assert "does not offer" in found["stderr"]


def test_a_refused_login_repeats_no_password(home: Home, tmp_path: Path) -> None:
    pem = certificate(tmp_path)
    with MailServer(pem).serving() as server:
        server.answers["AUTH"] = [f"535 {SECRET} is wrong"] * 9
        smtp = {**server.settings, "user": "ada", "password_env": "SMTP_PASSWORD"}
        environ = {"SMTP_PASSWORD": SECRET, "SSL_CERT_FILE": str(pem)}
        found = outcome(home, "mail", to=["root"], smtp=smtp, environ=environ)
    assert (found["state"], found["exit_code"]) == ("failed", 535)
    assert SECRET not in json.dumps(found)
