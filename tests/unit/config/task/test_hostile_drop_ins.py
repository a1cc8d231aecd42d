"""What a drop-in file can do while it is imported: it has limits, and leaves nothing behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docket.model.task.taskclass import BrokenTaskClass, TaskClass
from docket.tasks.probe import Probed, probe
from docket.tasks.targets import DropIn
from tests.unit.config.config_home import ConfigHome

CLASS = "from docket.task import BaseTask\nclass X(BaseTask):\n  name = 'x'\n"
SECONDS = str(20_000_000 + os.getpid())  # a number of seconds that no other process sleeps
LEAVE = f"""
import os, subprocess, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        subprocess.Popen(["env", "-i", "sleep", "{SECONDS}"], start_new_session=True)
        time.sleep({SECONDS})
    os._exit(0)
for _ in range(20):
    subprocess.Popen(["setsid", "sleep", "{SECONDS}"])
time.sleep(0.3)
{CLASS}"""
WITHOUT_NAMESPACES = """
import sys
from docket.tasks import confinement, probe_child
confinement._leave_namespaces = lambda: False
probe_child.main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
"""


def probed(home: ConfigHome, text: str, deadline_seconds: float = 40.0) -> Probed:
    path = home.write_task("hostile.py", text)
    (found,) = probe([DropIn(path)], home.environ, deadline_seconds)
    return found


def sentence(found: Probed) -> str:
    (broken,) = found.classes
    assert isinstance(broken, BrokenTaskClass)
    return broken.sentence


def sleepers() -> list[str]:
    """Return the processes that the hostile files above start."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                words = (directory / "cmdline").read_bytes()
            except OSError:
                continue
            if SECONDS.encode() in words:
                found.append(directory.name)
    return found


def test_memory_is_limited(home: ConfigHome) -> None:
    assert "MemoryError" in sentence(probed(home, "x = bytearray(2 << 30)\n"))


def test_processor_time_is_limited_over_all_threads(home: ConfigHome) -> None:
    busy = "import hashlib, threading\ndef f():\n  while True: hashlib.sha256(bytes(1 << 20))\n"
    text = busy + "for _ in range(3): threading.Thread(target=f).start()\nf()\n"
    begun = time.monotonic()
    found = probed(home, text, 2.0)
    assert found.hung
    assert time.monotonic() - begun < 40


def test_a_large_file_is_refused(home: ConfigHome) -> None:
    text = f"open({home.user_home + '/big'!r}, 'wb').write(bytes(64 << 20))\n"
    assert "File too large" in sentence(probed(home, text))


@pytest.mark.parametrize("end", ["", "time.sleep(60)\n", "os._exit(3)\n"], ids=["", "hang", "exit"])
def test_no_process_outlives_the_import_whatever_its_session(home: ConfigHome, end: str) -> None:
    found = probed(home, LEAVE + end, 3.0 if "sleep" in end else 40.0)
    assert found.hung is ("sleep" in end)
    assert sleepers() == []


def test_without_namespaces_no_process_outlives_the_import_either(
    home: ConfigHome,
) -> None:
    path = home.write_task("hostile.py", LEAVE)
    reader, writer = os.pipe()
    root = str(Path(__file__).parents[4])
    words = [sys.executable, "-c", WITHOUT_NAMESPACES, root, str(writer), "40", path]
    child = subprocess.Popen(words, pass_fds=(writer,), cwd=root, start_new_session=True)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        assert b'"class_name": "X"' in answer.read()
    assert child.wait(60) == 0
    assert sleepers() == []


def test_a_flood_of_forks_ends_at_the_deadline(home: ConfigHome) -> None:
    text = (
        "import os, time\nfor _ in range(6): os.fork()\nos.setsid()\n"
        f"os.execlp('sleep', 'sleep', '{SECONDS}')\n"
    )
    assert probed(home, text, 1.5).hung
    assert sleepers() == []


def test_the_callers_environment_is_not_shown(home: ConfigHome) -> None:
    home.environ["API_TOKEN"] = "s3cret-t0ken"
    text = f"import os\n{CLASS}  description = ' '.join(sorted(os.environ))\n"
    (found,) = probed(home, text).classes
    assert isinstance(found, TaskClass)
    assert set(found.description.split()) <= {"HOME", "PATH", "LC_CTYPE", "LANG"}


def test_the_network_is_out_of_reach_if_the_kernel_can_do_that(home: ConfigHome) -> None:
    allowed = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip("this kernel gives no network namespace to this user")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)\n"
        assert "unreachable" in sentence(probed(home, text))
