"""backup through gog: real tar and zstd, and a stand-in for gog at its documented command line."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from docket.tasks.gog import growth_of, pack_words
from docket.tasks.scratch import scratch_directory
from tests.unit.runner.runner_home import alive, wait_until
from tests.unit.tasks.task_home import TaskHome

STAND_IN = """#!/usr/bin/python3
import json, os, shutil, sys, time
home = os.environ["HOME"]
archive = sys.argv[3]
with open(home + "/seen", "w") as file:
    mode = os.stat(os.path.dirname(archive)).st_mode & 0o777
    json.dump({"argv": sys.argv[1:], "mode": mode, "pid": os.getpid()}, file)
shutil.copy(archive, home + "/uploaded.tar.zst")
if os.path.exists(home + "/hang"):
    print("uploading", flush=True)
    time.sleep(60)
print(json.dumps({"file": {"id": "1AbC", "name": "x"}}))
sys.exit(int(os.environ.get("STAND_IN_CODE", "0")))
"""


@pytest.fixture(autouse=True)
def source(home: TaskHome) -> Path:
    home.program("gog", STAND_IN)
    (home.path / "tmp").mkdir()
    home.environ["TMPDIR"] = str(home.path / "tmp")
    folder = home.path / ".state"
    for name in ("cache/big", "workspace-1/x", "workspace-2/x", "kept"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def configure(home: TaskHome, **more: Any) -> None:
    home.configure(backup={"tool": "gog", "source": "~/.state", "parent": "FOLDER", **more})


def seen(home: TaskHome) -> Any:
    file = home.path / "seen"
    return json.loads(file.read_text()) if file.exists() and file.read_text() else None


def members(home: TaskHome) -> list[str]:
    words = ["tar", "--zstd", "-tf", str(home.path / "uploaded.tar.zst")]
    return sorted(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


def left(home: TaskHome) -> list[str]:
    return os.listdir(home.path / "tmp")


def test_an_archive_is_made_sent_and_removed(home: TaskHome) -> None:
    """The newest README has `tool: gog`; the older program refused it."""
    configure(home, account="you@example.com", archive_name="a.tar.zst", mime_type="x/y")
    result = home.run("backup")
    assert (result["status"], result["returncode"]) == ("succeeded", 0), result
    words = seen(home)["argv"]
    assert words[:2] == ["drive", "upload"]
    assert words[3:] == [
        *["--json", "--no-input", "--name", "a.tar.zst", "--parent", "FOLDER"],
        *["--account", "you@example.com", "--mime-type", "x/y"],
    ]
    assert members(home)[-1] == ".state/workspace-2/x"
    assert stat.S_IMODE(seen(home)["mode"]) == 0o700
    assert left(home) == []
    details = result["details"]
    assert details["archive_size"] == (home.path / "uploaded.tar.zst").stat().st_size
    assert details["uploaded"] == {"file": {"id": "1AbC", "name": "x"}}
    assert result["summary"].startswith(f"Sent {home.path}/.state as a.tar.zst (")


def test_excludes_are_relative_to_the_parent_of_the_source(home: TaskHome) -> None:
    configure(home, excludes=[".state/workspace-*", ".state/cache"])
    assert home.run("backup")["status"] == "succeeded"
    assert members(home) == [".state/", ".state/kept"]


def test_a_dry_run_makes_and_sends_nothing(home: TaskHome) -> None:
    configure(home)
    result = home.run("backup", "--dry-run")
    assert (result["dry_run"], result["returncode"]) == (True, 2)
    assert seen(home) is None
    assert left(home) == []
    details = result["details"]
    assert details["dry_run_supported"] is False
    assert details["pack_command"][:2] == ["tar", "--zstd"]
    assert details["command"][:3] == ["gog", "drive", "upload"]
    assert details["archive_name"] == "state.tar.zst"
    assert home.runs() == []


def test_the_password_is_only_in_the_environment(home: TaskHome) -> None:
    home.environ["GOG_KEYRING_PASSWORD"] = "hunter2-in-the-keyring"
    configure(home, required_env=["GOG_KEYRING_PASSWORD"])
    result = home.run("backup")
    assert result["status"] == "succeeded"
    assert "hunter2" not in json.dumps(result) + json.dumps(seen(home))
    for file in home.docket.rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes(), file


def test_an_upload_that_fails_says_so_and_leaves_no_archive(home: TaskHome) -> None:
    home.environ["STAND_IN_CODE"] = "4"
    configure(home)
    result = home.run("backup")
    assert (result["status"], result["details"]["exit_code"]) == ("failed", 4)
    assert result["details"]["phase"] == "upload"
    assert result["details"]["partial"] is True
    assert "gog failed with exit 4" in result["summary"]
    assert "the local one is removed" in result["summary"]
    assert left(home) == []


def test_a_cancel_during_the_upload_removes_the_archive_and_says_so(home: TaskHome) -> None:
    (home.path / "hang").touch()
    configure(home)
    process = home.start("run", "backup", "--json")
    pid = wait_until(lambda: seen(home))["pid"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    (row,) = home.runs()
    assert row.status == "cancelled"
    assert "gog was stopped; the drive may hold no archive or a part of one" in row.summary
    assert (row.details["phase"], row.details["partial"]) == ("upload", True)
    assert left(home) == []
    assert not alive(pid)


def test_an_upload_that_hangs_is_timed_out(home: TaskHome) -> None:
    (home.path / "hang").touch()
    configure(home, idle_timeout_seconds=1)
    result = home.run("backup")
    assert result["status"] == "timed_out"
    assert result["details"]["timed_out"] is True
    assert result["details"]["stdout"] == "uploading\n"
    assert left(home) == []


def test_a_slow_archive_that_grows_is_not_silence(home: TaskHome) -> None:
    home.program(
        "tar",
        '#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8; do echo more >> "$4"; sleep 0.5; done\n',
    )
    configure(home, idle_timeout_seconds=2)
    result = home.run("backup")
    assert result["status"] == "succeeded", result
    assert "the archive has" in home.json("logs", result["run_id"])["content"]


def test_an_archive_that_does_not_grow_is_silence(home: TaskHome) -> None:
    home.program("tar", '#!/bin/sh\necho once >> "$4"\nexec sleep 60\n')
    configure(home, idle_timeout_seconds=1)
    result = home.run("backup")
    assert result["status"] == "timed_out"
    assert result["details"]["phase"] == "archive"
    assert "nothing was uploaded, and the archive is removed" in result["summary"]
    assert left(home) == []


def test_a_full_disk_fails_with_tars_own_word_and_frees_it(home: TaskHome, source: Path) -> None:
    (source / "noise").write_bytes(os.urandom(3_000_000))
    configure(home)
    own = resource.getrlimit(resource.RLIMIT_FSIZE)
    tar = 'ulimit -f 1000; trap "" XFSZ; exec /usr/bin/tar "$@"'
    home.program("tar", f"#!/bin/bash\n{tar}\n")
    result = home.run("backup")
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == own
    assert result["status"] == "failed"
    assert result["details"]["phase"] == "archive"
    assert "tar failed with exit" in result["summary"] or "tar was killed" in result["summary"]
    assert seen(home) is None
    assert left(home) == []


@pytest.mark.skipif(os.getuid() != 0, reason="a file system of its own takes root")
def test_a_file_system_without_room_fails_and_is_left_empty(home: TaskHome, source: Path) -> None:
    (source / "noise").write_bytes(os.urandom(3_000_000))
    small = home.path / "tmp"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", small], check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        configure(home)
        result = home.run("backup")
        assert result["status"] == "failed"
        assert "No space left on device" in result["details"]["stderr"]
        assert left(home) == []
    finally:
        subprocess.run(["umount", small], check=True)


def test_a_file_that_changes_while_it_is_read_is_reported_and_not_a_failure(home: TaskHome) -> None:
    tar = '/usr/bin/tar "$@"; echo "tar: x: file changed as we read it" >&2; exit 1'
    home.program("tar", f"#!/bin/sh\n{tar}\n")
    configure(home)
    result = home.run("backup")
    assert result["status"] == "succeeded"
    assert "some files changed while they were packed" in result["summary"]
    assert "changed as we read it" in result["details"]["changed_meanwhile"]


def test_a_source_that_is_not_there_gives_one_sentence(home: TaskHome) -> None:
    configure(home, source="~/nowhere")
    result = home.run("backup")
    assert result["summary"] == f"{home.path}/nowhere: No such file or directory"
    assert home.run("backup", "--dry-run")["status"] == "failed"
    assert left(home) == []


@pytest.mark.parametrize(
    "name", ["-rf", "--checkpoint-action=exec=touch PWNED", "a:b", "new\nline"]
)
def test_a_source_of_any_name_is_packed_under_it(home: TaskHome, name: str) -> None:
    folder = home.path / name
    folder.mkdir()
    (folder / "inside").write_text("x")
    configure(home, source=str(folder))
    result = home.run("backup")
    assert result["status"] == "succeeded", result
    assert members(home)[-1].endswith("/inside")
    assert not (home.path / "PWNED").exists()


def test_what_a_killed_run_left_behind_goes_with_the_next(home: TaskHome) -> None:
    base = home.path / "tmp"
    dead, foreign = base / "docket-archive-dead", base / "docket-archive-foreign"
    dead.mkdir(mode=0o700)
    (dead / "archive.tar.zst").write_text("secret")
    foreign.mkdir(mode=0o755)
    (base / "docket-archive-link").symlink_to(home.path / ".state")
    (base / "other").mkdir(mode=0o700)
    configure(home)
    assert home.run("backup")["status"] == "succeeded"
    assert sorted(left(home)) == ["docket-archive-foreign", "docket-archive-link", "other"]
    assert (home.path / ".state" / "kept").exists()


def test_a_directory_in_use_is_never_taken_for_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with scratch_directory() as first, scratch_directory() as second:
        assert first != second
        assert os.path.isdir(first)
        assert stat.S_IMODE(os.stat(first).st_mode) == 0o700
    assert not [name for name in os.listdir(tmp_path) if "archive" in name]


def test_growth_is_reported_once(tmp_path: Path) -> None:
    file = tmp_path / "archive"
    grown = growth_of(str(file))
    assert grown() is None
    file.write_bytes(b"x" * 10)
    assert grown() == "the archive has 10 bytes"
    assert grown() is None
    file.write_bytes(b"x" * 3 * 1024**2)
    assert grown() == "the archive has 3.0 MiB"


def test_the_root_directory_can_be_packed() -> None:
    assert pack_words({"source": "/", "excludes": []}, "a")[-3:] == ["/", "--", "."]
