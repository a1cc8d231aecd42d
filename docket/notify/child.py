"""The sending process: what it keeps of its parent, its own deadline, and its report."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType

from docket.model.jsontext import dumps
from docket.model.text.secretnames import REDACTED
from docket.notify import registry
from docket.notify.channelsecrets import ChannelSettings
from docket.notify.delivery import (
    DELIVERED,
    FAILED,
    NOT_SENT,
    TIMED_OUT,
    UNANSWERED,
    UNSENT,
    Delivery,
    DeliveryError,
)
from docket.notify.job import ChannelJob

AGENT = "agent"  # the kind of a job that is not a channel of `notify`, but an agent hook
_LONGEST_SAID = 2000
_ASKING = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
)  # SIGPIPE stays ignored: an error says more


class OutOfTimeError(BaseException):
    """The deadline has come; no library may catch it on the way."""


def speak(
    job: ChannelJob, environment: Mapping[str, str], writer: int, timeout_seconds: float
) -> None:
    """Send one job in this process, which does nothing else, and report the outcome."""
    _become(environment, writer)
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, timeout_seconds)
    settings = ChannelSettings(job.options, environment)
    _hide_tokens(job)
    try:
        outcome = _send(job, settings, time.monotonic() + timeout_seconds)
    except OutOfTimeError:
        outcome = Delivery(UNANSWERED, TIMED_OUT, problem="It did not end in time")
    signal.setitimer(signal.ITIMER_REAL, 0)
    outcome.said = settings.masked(_printable(outcome.said))
    outcome.problem = settings.masked(_printable(outcome.problem))
    data = dumps(outcome.to_json()).encode()
    while data:
        data = data[os.write(writer, data) :]


def _send(job: ChannelJob, settings: ChannelSettings, deadline: float) -> Delivery:
    try:
        from docket.notify.http import Client  # noqa: PLC0415  (the slow part: TLS and HTTP)

        client = Client(
            settings, deadline, delivery_id=job.delivery_id, first_pause=job.first_pause
        )
        outcome: Delivery = _sender(job.kind)(settings, job.message, client)
        assert outcome.state == DELIVERED, "a channel returns what was delivered, or raises"
    except DeliveryError as error:
        return error.delivery()
    except registry.UnknownChannelError as error:
        return Delivery(UNSENT, NOT_SENT, problem=str(error))
    except Exception as error:  # noqa: BLE001  (the end of a process: it tells what it was)
        problem = f"It failed with {type(error).__name__}"
        return Delivery(FAILED, NOT_SENT, problem=problem)
    return outcome


def _hide_tokens(job: ChannelJob) -> None:
    """Hide what looks like a token in the command's own words, before they leave the machine."""
    if job.kind == AGENT:
        return
    from docket.model.text.tokenshapes import TOKEN_SHAPES  # noqa: PLC0415  (brings re)

    for name in ("summary", "output"):
        setattr(job.message, name, TOKEN_SHAPES.sub(REDACTED, getattr(job.message, name)))


def _sender(kind: str) -> Callable[..., Delivery]:
    if kind == AGENT:
        from docket.notify import agenthook  # noqa: PLC0415  (few tasks)

        return agenthook.send
    return registry.channel(kind).send


def _become(environment: Mapping[str, str], writer: int) -> None:
    """Release everything of the runner's: descriptors, signals, environment.

    Closing releases none of its locks: those are its own, or shared by descriptors that stay open.
    """
    signal.set_wakeup_fd(-1)
    for number in _ASKING:
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, writer)
    os.closerange(writer + 1, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(environment)


def _out_of_time(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise OutOfTimeError


def _printable(text: str) -> str:
    cleaned = "".join(c if c.isprintable() or c == "\n" else " " for c in text)
    return cleaned if len(cleaned) <= _LONGEST_SAID else cleaned[: _LONGEST_SAID - 1] + "…"
