"""One `docket exec` in the foreground: its result comes through a pipe, and it gets our signals."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType

from docket.app.runs.options import Attachment
from docket.model.record import Record

RESULT_FD = 3
UNKNOWN_EXIT = 255
_ABOVE_STANDARD = 10
_CHUNK = 1 << 16
# What the runner is sent for each signal that asks us to end. It runs in a process group of its
# own: only we get the terminal's signals, and each reaches the runner once. Nobody is there to
# look after a run whose terminal is gone, so a hang-up ends it as a stop does.
_FORWARDED = {
    signal.SIGINT: signal.SIGINT,
    signal.SIGTERM: signal.SIGTERM,
    signal.SIGHUP: signal.SIGTERM,
    signal.SIGQUIT: signal.SIGTERM,
}


class RunnerExit(Record):
    """How the runner ended: its exit status (below 0: the signal) and the result that it wrote."""

    exit_status: int
    result: bytes


def run_in_foreground(
    command: Sequence[str], environ: Mapping[str, str], attachment: Attachment
) -> RunnerExit:
    """Run `command --result-fd N` to its end.

    SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on for as long as it lasts, if it is attached so.
    An output other than standard output is a descriptor above the standard ones.
    Whatever is raised here meanwhile, such as KeyboardInterrupt, ends the run as Ctrl-C does.
    Raises OSError if it cannot be started.
    """
    reading, writing = _pipe()
    try:
        with _forwarding(attachment.signals) as target:
            try:
                target.pid = _spawn(
                    [*command, "--result-fd", str(RESULT_FD)],
                    environ,
                    writing,
                    attachment.output if attachment.echo else None,
                )
            finally:
                os.close(writing)
            target.catch_up()
            try:
                result = _read_to_end(reading, target.pid)
            except BaseException:
                _end(target.pid)
                raise
            status = _reap(target.pid)
            target.pid = 0
    finally:
        os.close(reading)
    return RunnerExit(status, result)


def _pipe() -> tuple[int, int]:
    """Make a pipe out of the way of 0, 1, 2 and RESULT_FD, any of which may be closed."""
    ends = os.pipe2(os.O_CLOEXEC)
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _ABOVE_STANDARD) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]


def _spawn(command: list[str], environ: Mapping[str, str], writing: int, output: int | None) -> int:
    actions: list[tuple[int, ...] | tuple[int, int, str, int, int]] = [
        (os.POSIX_SPAWN_DUP2, writing, RESULT_FD),
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
    ]
    if output is None:
        actions.append((os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0))
    elif output != 1:
        actions.append((os.POSIX_SPAWN_DUP2, output, 1))
    return os.posix_spawn(
        command[0],
        command,
        dict(environ),
        file_actions=actions,
        setpgroup=0,
        setsigmask=(),
        setsigdef=(signal.SIGCHLD,),
    )


def _read_to_end(reading: int, pid: int) -> bytes:
    """Read the pipe until the runner has ended.

    A stray descendant may hold the writing end open: the runner's own end is what counts.
    """
    os.set_blocking(reading, False)
    parts: list[bytes] = []
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    with _watching(pid) as ended:
        if ended is not None:
            poll.register(ended, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll()]
            if reading in ready and not _read_available(reading, parts):
                return b"".join(parts)
            if ended in ready:
                _read_available(reading, parts)
                return b"".join(parts)


def _read_available(reading: int, parts: list[bytes]) -> bool:
    """Take what the pipe holds; False at its end."""
    while True:
        try:
            part = os.read(reading, _CHUNK)
        except BlockingIOError:
            return True
        if not part:
            return False
        parts.append(part)


def _end(pid: int) -> None:
    """Let the runner end its run, hooks included, and reap it."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    _reap(pid)


def _reap(pid: int) -> int:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return UNKNOWN_EXIT  # our parent ignores SIGCHLD: the kernel kept no status


@contextmanager
def _watching(pid: int) -> Iterator[int | None]:
    """Give a descriptor that is readable once the process has ended; None if there is none."""
    try:
        descriptor = os.pidfd_open(pid)
    except OSError:  # some sandboxes have no pidfd: wait for the end of the pipe instead
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def signals_in_turn() -> Iterator[Callable[[], int]]:
    """Give a function that returns the next signal to pass on, 0 for none, while this lasts."""
    waiting: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        waiting.append(_FORWARDED[signal.Signals(number)])

    with _handling(note):
        yield lambda: waiting.pop(0) if waiting else 0


class _Target:
    """The child that gets our signals; a signal before it exists is sent by `catch_up`."""

    __slots__ = ("early", "pid")

    def __init__(self) -> None:
        self.pid = 0
        self.early = 0

    def pass_on(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.pid == 0:
            self.early = number
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, _FORWARDED[signal.Signals(number)])

    def catch_up(self) -> None:
        if self.early:
            self.pass_on(self.early, None)


@contextmanager
def _forwarding(signals: bool) -> Iterator[_Target]:
    target = _Target()
    with _handling(target.pass_on) if signals else nullcontext():
        yield target


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers, and only it gets the signals
        return
    before = {
        number: signal.signal(number, handler)
        for number in _FORWARDED
        # What was ignored when we were started (nohup, a job in the background) stays ignored.
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)
