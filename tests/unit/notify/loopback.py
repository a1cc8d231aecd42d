"""A server on 127.0.0.1 that gives prepared answers, and remembers the requests."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.unit.notify.selfsigned import PEM


class Asked:
    """One request that came in."""

    def __init__(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Reply = Callable[["_Handler"], None]


def reply(status: int = 200, body: str | bytes = "ok", **headers: str) -> Reply:
    """Answer with a status, a body, and headers (`retry_after` is Retry-After)."""

    def answer(handler: _Handler) -> None:
        data = body.encode() if isinstance(body, str) else body
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def reply_json(document: Any, status: int = 200, **headers: str) -> Reply:
    """Answer with a JSON document."""
    return reply(status, json.dumps(document), content_type="application/json", **headers)


def later(handler: _Handler) -> None:
    """Answer after a second."""
    time.sleep(1)
    reply()(handler)


def silence(handler: _Handler) -> None:
    """Never answer."""
    handler.loopback.released.wait(30)


def drip(handler: _Handler) -> None:
    """Begin to answer, and go on for ever with a byte now and then."""
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    try:
        while not handler.loopback.released.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()
    except OSError:
        return


def hang_up(handler: _Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True


class _Handler(BaseHTTPRequestHandler):
    loopback: Loopback

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        asked = Asked(self.command, self.path, dict(self.headers), self.rfile.read(length))
        self.loopback.asked.append(asked)
        replies = self.loopback.replies
        (replies.pop(0) if replies else self.loopback.usual)(self)

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, *_: Any) -> None:
        return


class Loopback:
    """The server: `replies` are used up one by one, then comes the `usual` one."""

    def __init__(self, *, tls: Path | None = None, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.replies: list[Reply] = []
        self.usual: Reply = reply()
        self.released = threading.Event()
        handler = type("Handler", (_Handler,), {"loopback": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.scheme = "http" if tls is None else "https"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    @property
    def only(self) -> Asked:
        assert len(self.asked) == 1, [a.path for a in self.asked]
        return self.asked[0]

    @contextmanager
    def serving(self) -> Iterator[Loopback]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.released.set()
            self._server.shutdown()
            self._server.server_close()


def certificate(directory: Path) -> Path:
    """Write the key and the certificate into one file."""
    path = directory / "selfsigned.pem"
    path.write_text(PEM)
    return path


def free_port() -> int:
    """Return a port that nobody listens at."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return server.server_port


def soon(condition: Callable[[], Any], seconds: float = 40.0) -> Any:
    """Return what the condition gives once it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)
    return found
