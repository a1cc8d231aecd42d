"""Properties over the manager's private socket: real bytes, and what hostile peers may send."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from docket.systemd.privatesocket import read_properties
from tests.unit.runner.manager import PrivateManager

GREETING = b"OK 0123456789abcdef0123456789abcdef\r\n"
QUESTION = ("docket-job.timer", "Timer", "LastTriggerUSec")


@contextmanager
def peer(runtime: Path, sent: bytes) -> Iterator[None]:
    """Something that accepts one connection, sends bytes and closes."""
    (runtime / "systemd").mkdir()

    def serve() -> None:
        accepted, _ = server.accept()
        with closing(accepted):
            accepted.recv(4096)
            accepted.sendall(sent)
            accepted.shutdown(socket.SHUT_WR)
            while accepted.recv(4096):
                pass

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(runtime / "systemd" / "private"))
        server.listen()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield
        thread.join()


def test_numbers_strings_and_bytes_are_read_whatever_signals_come_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    name = "docket-1x@a.b_c.timer"
    with PrivateManager(tmp_path, noise=True) as manager:
        manager.properties[name, "SubState"] = "running"
        manager.properties[name, "LastTriggerUSec"] = 2**63
        manager.properties[name, "InvocationID"] = bytes(range(16))
        found = read_properties(
            [
                (name, "Unit", "SubState"),
                (name, "Timer", "LastTriggerUSec"),
                (name, "Unit", "Unheard"),
                (name, "Unit", "InvocationID"),
            ],
            system=False,
        )
        assert manager.asked[0] == (name, "SubState")
    assert found == ["running", 2**63, None, bytes(range(16))]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"REJECTED EXTERNAL\r\n",
        b"\xff" * 100,
        GREETING,
        GREETING + b"l\x02\x01\x01",
        GREETING + b"l\x02\x01\x01\xff\xff\xff\xff\x01\0\0\0\xff\xff\xff\xff" + b"x" * 50,
        GREETING + b"l\x02\x01\x01\0\0\0\0\x01\0\0\0\0\0\0\0",
    ],
    ids=["nothing", "refused", "noise", "silence", "torn", "endless", "empty"],
)
def test_a_peer_that_is_not_a_manager_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with peer(tmp_path, sent):
        assert read_properties([QUESTION], system=False) is None


SERVE_AS_ANOTHER = """
import socket
with socket.socket(socket.AF_UNIX) as server:
    server.bind("private")
    server.listen()
    print("ready", flush=True)
    peer, _ = server.accept()
    data = peer.recv(4096)
    print(len(data), flush=True)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")
def test_the_socket_of_another_user_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:
        os.chmod(runtime, 0o755)
        place = os.path.join(runtime, "systemd")
        os.mkdir(place)
        os.chown(place, 65534, 65534)
        words = ["/usr/bin/python3", "-c", SERVE_AS_ANOTHER]
        with subprocess.Popen(
            words, cwd=place, user=65534, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
            assert read_properties([QUESTION], system=False) is None
            assert server.stdout.readline() == "0\n"  # nothing was said to it


@pytest.mark.parametrize("runtime", ["", "relative", "/nonexistent"])
def test_without_a_socket_there_is_no_manager(
    monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    assert read_properties([QUESTION], system=False) is None
