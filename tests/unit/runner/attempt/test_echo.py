"""The echo of a task's output takes few calls, and never blocks whatever the reader does."""

from __future__ import annotations

import os
import pty
import socket
from collections.abc import Iterator

import pytest

from docket.runner.attempt.echo import Echo

LINE = b"x" * 99 + b"\n"
BLOCK = LINE * 655  # just under 64 KiB


@pytest.fixture(params=["pipe", "socket"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Yield the reading and the writing end; the latter blocks, as a standard output does."""
    if request.param == "pipe":
        reader, writer = os.pipe()
    else:
        one, other = socket.socketpair()
        reader, writer = one.detach(), other.detach()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def test_a_block_goes_out_at_once_if_there_is_room(ends: tuple[int, int]) -> None:
    reader, writer = ends
    echo = Echo(writer, 1 << 20)
    echo.write(BLOCK[:50_000] + b"\n", is_error=False)
    assert not echo.pending
    assert len(os.read(reader, 1 << 20)) == 50_001


def test_what_does_not_fit_waits_and_comes_in_order(ends: tuple[int, int]) -> None:
    reader, writer = ends
    echo = Echo(writer, 1 << 20)
    blocks = [b"%d " % number * 2000 + b"\n" for number in range(200)]
    for block in blocks:
        echo.write(block, is_error=False)  # would block here for ever
    assert echo.congested
    os.set_blocking(reader, False)
    found = b""
    while echo.pending:
        found += os.read(reader, 1 << 20)
        echo.flush_some()
    os.set_blocking(writer, False)
    assert (found + os.read(reader, 1 << 20)) == b"".join(blocks)


def test_a_reader_of_single_bytes_never_blocks_the_echo() -> None:
    reader, writer = os.pipe()
    echo = Echo(writer, 1 << 20)
    for _ in range(5000):  # the pages of the pipe are used in part, in every way
        echo.write(LINE[:37] + b"\n", is_error=False)
        os.read(reader, 7)
    assert echo.congested
    os.close(reader)
    os.close(writer)


def test_a_reader_that_is_gone_ends_the_echo_and_nothing_else() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    echo = Echo(writer, 1 << 20)
    echo.write(BLOCK, is_error=False)
    echo.write(BLOCK, is_error=False)
    assert (echo.descriptor, bytes(echo.pending)) == (-1, b"")
    os.close(writer)


def test_a_terminal_is_written_to_only_if_poll_reports_room() -> None:
    leader, follower = pty.openpty()
    echo = Echo(follower, 1 << 20)
    echo.write(LINE, is_error=False)
    assert bytes(echo.pending) == LINE
    echo.flush_some()
    assert not echo.pending
    os.close(leader)
    os.close(follower)
