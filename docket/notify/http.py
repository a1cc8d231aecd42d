"""One HTTP request at a time: no redirects, verified TLS, bounded answers, bounded tries."""

from __future__ import annotations

import email.utils
import errno
import http.client
import json
import math
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from docket.notify.channelsecrets import ChannelSettings
from docket.notify.delivery import NOT_SENT, TIMED_OUT, DeliveryError

_LARGEST_ANSWER = 64 * 1024
_KEPT_OF_ANSWER = 4096  # much more than is shown, so that a secret cut in half is not shown
_TRY_SECONDS = 10.0
_TRIES = 3
_LONGEST_WAIT = 20.0  # a longer wait is reported as a failure
_DEADLINE_MARGIN = 0.2
_TOO_MANY = 429
_UNREACHABLE = (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH)


class HttpResponse:
    """What a server said: status, headers in small letters, and the text up to a bound."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.text = text

    @property
    def ok(self) -> bool:
        """Whether the status says success."""
        return 200 <= self.status < 300

    @property
    def document(self) -> dict[str, Any]:
        """The text as a JSON object; an empty one if it is not one."""
        try:
            found = json.loads(self.text)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


class Client:
    """Sends requests until `deadline` (monotonic seconds).

    Each request carries `delivery_id`, the same in all its tries, so that its receiver can tell a
    second try from a second message. `first_pause` is how many seconds pass before the second try;
    `pause` sleeps.
    """

    def __init__(
        self,
        settings: ChannelSettings,
        deadline: float,
        *,
        delivery_id: str = "",
        first_pause: float = 1.0,
        try_seconds: float = _TRY_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._deadline = deadline
        self._delivery_id = delivery_id
        self._sent = 0
        self._first_pause = first_pause
        self._try_seconds = try_seconds
        self._pause = pause
        self._opener = urllib.request.build_opener(_EveryStatus, _tls())

    def post_json(
        self,
        url: str,
        document: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        check: Callable[[HttpResponse], str | None] | None = None,
        once: bool = False,
    ) -> HttpResponse:
        """POST a JSON object; as `send`."""
        body = json.dumps(document).encode()
        given = {"Content-Type": "application/json", **(headers or {})}
        return self.send(url, body, headers=given, check=check, once=once)

    def send(
        self,
        url: str,
        body: bytes,
        *,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
        check: Callable[[HttpResponse], str | None] | None = None,
        once: bool = False,
    ) -> HttpResponse:
        """Send a request until it is accepted, and return the answer; DeliveryError if it is not.

        `check` looks into an answer of success and says in words why it is none. Temporary failures
        (no connection, 429, 5xx) are tried again, three times at most. With `once` one try has all
        the time that is left, and another follows only if the request was certainly not accepted.
        """
        host = host_of(url)
        parts = urlsplit(url)
        self._settings.hide([parts.path, parts.query, *parts.path.split("/")[-1:]])
        given = {"User-Agent": "docket", **self._identity(), **(headers or {})}
        request = _request(url, body, method, given)
        longest = math.inf if once else self._try_seconds
        for number in range(1, _TRIES + 1):
            try:
                return self._once(request, host, check, longest)
            except DeliveryError as error:
                again = error.untaken if once else error.passing
                if not again or number == _TRIES or not self.wait(number, error.wait):
                    raise
        raise AssertionError("unreachable")

    def wait(self, number: int, asked: float | None = None) -> bool:
        """Sleep after try `number`; False, at once, if that would take too long.

        `asked` is how many seconds the other side wants to be left alone.
        """
        seconds = self._first_pause * 2 ** (number - 1) if asked is None else asked
        if seconds > _LONGEST_WAIT or time.monotonic() + seconds >= self._deadline:
            return False
        self._pause(seconds)
        return True

    def _identity(self) -> dict[str, str]:
        """Return the header that names this request: the parts of one message are numbered."""
        self._sent += 1
        if not self._delivery_id:
            return {}
        part = "" if self._sent == 1 else f":{self._sent}"
        return {"X-Docket-Delivery": self._delivery_id + part}

    def _once(
        self,
        request: urllib.request.Request,
        host: str,
        check: Callable[[HttpResponse], str | None] | None,
        longest: float,
    ) -> HttpResponse:
        answer = self._exchange(request, host, longest)
        reason = _said(answer)
        if 300 <= answer.status < 400:
            sentence = f"{host} answers with a redirect ({answer.status}), which is not followed"
        elif answer.status == _TOO_MANY:
            sentence = f"{host} accepts no more requests for now (429)"
        elif not answer.ok:
            sentence = f"{host} answers with {answer.status}{reason}"
        else:
            found = check(answer) if check is not None else None
            if found is None:
                return answer
            sentence = f"{host} refuses: {found}"
        passing = answer.status == _TOO_MANY or answer.status >= 500
        raise DeliveryError(
            sentence,
            answer.status,
            passing=passing,
            untaken=answer.status == _TOO_MANY,
            wait=_asked_wait(answer) if passing else None,
            said=answer.text[:_KEPT_OF_ANSWER],
        )

    def _exchange(self, request: urllib.request.Request, host: str, longest: float) -> HttpResponse:
        left = self._deadline - time.monotonic() - _DEADLINE_MARGIN
        if left <= 0:
            raise DeliveryError(f"{host} did not answer in time", TIMED_OUT)
        try:
            with self._opener.open(request, timeout=min(left, longest)) as response:
                text = response.read(_LARGEST_ANSWER).decode("utf-8", "replace")
                return HttpResponse(response.status, response.headers, text)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _no_answer(host, error) from None


def host_of(url: str) -> str:
    """Return the host (and port) of an address; DeliveryError if it is not one of http."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii():
        raise DeliveryError("The address does not begin with https:// or http://", NOT_SENT)
    return parts.hostname if port is None else f"{parts.hostname}:{port}"


def _request(url: str, body: bytes, method: str, headers: dict[str, str]) -> urllib.request.Request:
    if any(c.isspace() for c in url):
        raise DeliveryError("The address contains a blank", NOT_SENT)
    parts = urlsplit(url)
    if parts.username is not None:
        import base64  # noqa: PLC0415  (few addresses)

        who = f"{parts.username}:{parts.password or ''}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(who).decode()
        url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    return urllib.request.Request(url, body, headers, method=method)  # noqa: S310  (only http)


def _asked_wait(answer: HttpResponse) -> float | None:
    """Return for how many seconds the server asks to be left alone."""
    document = answer.document
    parameters = document.get("parameters")
    found: Any = document.get("retry_after")
    if isinstance(parameters, dict):
        found = parameters.get("retry_after", found)
    if isinstance(found, int | float) and not isinstance(found, bool):
        return max(0.0, float(found))
    header = answer.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _said(answer: HttpResponse) -> str:
    """Return what the answer says of the reason, as an end of a sentence."""
    document = answer.document
    for key in ("description", "message", "error"):
        if isinstance(document.get(key), str):
            return f": {document[key][:200]}"
    return ""


def _no_answer(host: str, error: Exception) -> DeliveryError:
    """Return the error for a request that got no answer, without any word of its address."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    code, passing = NOT_SENT, False
    match reason:
        case TimeoutError():
            sentence, code, passing = f"{host} did not answer in time", TIMED_OUT, True
        case ssl.SSLCertVerificationError():
            sentence = f"The certificate of {host} is not trusted: {reason.verify_message}"
        case ssl.SSLError():
            why = str(reason.reason or "the handshake failed").replace("_", " ").lower()
            sentence = f"No safe connection to {host}: {why}"
        case socket.gaierror():
            sentence, passing = f"The name {host} cannot be resolved", True
        case http.client.RemoteDisconnected():
            sentence, passing = f"{host} closed the connection without an answer", True
        case OSError() if reason.strerror:
            sentence, passing = f"No connection to {host}: {reason.strerror}", True
        case http.client.HTTPException():
            sentence = f"{host} does not answer in HTTP"
        case _:
            sentence = f"The request to {host} could not be made"
    untaken = isinstance(reason, socket.gaierror) or _is_unreachable(reason)
    return DeliveryError(sentence, code, passing=passing, untaken=untaken)


def _is_unreachable(reason: object) -> bool:
    """Whether no connection was made at all."""
    return isinstance(reason, OSError) and reason.errno in _UNREACHABLE


def _tls() -> urllib.request.HTTPSHandler:
    return urllib.request.HTTPSHandler(context=ssl.create_default_context())


class _EveryStatus(urllib.request.HTTPErrorProcessor):
    """Hands every answer over as it is, so that nothing follows a redirect.

    The body and the headers are for the host that was named.
    """

    def http_response(self, _request: Any, response: Any) -> Any:
        return response

    def https_response(self, _request: Any, response: Any) -> Any:
        return response
