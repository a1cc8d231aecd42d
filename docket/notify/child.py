"""The sending process: what it keeps of its parent, its own deadline, and what it tells."""

from __future__ import annotations

import importlib
import os
import signal
import time
from collections.abc import Mapping
from types import FrameType
from typing import Any

from docket.model.jsontext import dumps
from docket.notify.channelsecrets import Settings
from docket.notify.delivery import (
    DELIVERED,
    NOT_SENT,
    TIMED_OUT,
    UNANSWERED,
    Delivery,
    DeliveryError,
)
from docket.notify.job import ChannelJob

_KINDS = frozenset(
    {"agent", "apprise", "discord", "mail", "ntfy", "ping", "slack", "telegram", "webhook"}
)
_LONGEST_SAID = 2000
_ASKING = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
)  # SIGPIPE stays ignored: an error tells more


class OutOfTimeError(BaseException):
    """The deadline has come; no library may catch it on the way."""


def speak(
    job: ChannelJob, environment: Mapping[str, str], writer: int, timeout_seconds: float
) -> None:
    """Send one job in this process, which is for nothing else, and tell the outcome."""
    _become(environment, writer)
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, timeout_seconds)
    settings = Settings(job.options, environment)
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


def _send(job: ChannelJob, settings: Settings, deadline: float) -> Delivery:
    assert job.kind in _KINDS
    try:
        from docket.notify.http import Client  # noqa: PLC0415  (the slow part: TLS and HTTP)

        channel: Any = importlib.import_module(f"docket.notify.channels.{job.kind}")
        outcome: Delivery = channel.send(settings, job.message, Client(settings, deadline))
    except DeliveryError as error:
        return error.delivery()
    except Exception as error:  # noqa: BLE001  (the end of a process: it tells what it was)
        problem = f"It failed with {type(error).__name__}"
        return Delivery("failed", NOT_SENT, problem=problem)
    assert outcome.state == DELIVERED
    return outcome


def _become(environment: Mapping[str, str], writer: int) -> None:
    """Let go of everything of the runner's: descriptors, signals, environment.

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
