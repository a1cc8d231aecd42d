"""backup by real rsync and real rclone, through the real `docket run`."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit.runner.runner_home import alive, wait_until
from tests.unit.tasks.task_home import TaskHome

TOOLS = ["rclone", "rsync"]


@pytest.fixture
def source(home: TaskHome) -> Path:
    """Return a folder with files of awkward names."""
    folder = home.path / "the source"
    folder.mkdir()
    for name in ("plain", "-dash", "with space", "é", "100%", "ETA -"):
        (folder / name).write_text(name)
    home.environ["RCLONE_CONFIG"] = str(home.path / "rclone.conf")
    (home.path / "rclone.conf").write_text(f"[drive]\ntype = alias\nremote = {home.path}/there\n")
    (home.path / "there").mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def remote(tool: str, home: TaskHome) -> str:
    return "drive:backup" if tool == "rclone" else f"{home.path}/there/backup"


def large(source: Path, megabytes: int = 40) -> None:
    (source / "large").write_bytes(os.urandom(megabytes * 1024 * 1024))


def slowed(tool: str, megabytes: int) -> list[str]:
    return ["--bwlimit", f"{megabytes}M" if tool == "rclone" else f"{megabytes * 1024}"]


def configure(home: TaskHome, tool: str, source: Path, **more: Any) -> None:
    home.configure(
        backup={"tool": tool, "source": str(source), "remote": remote(tool, home), **more}
    )


@pytest.mark.parametrize("tool", TOOLS)
def test_a_backup_copies_everything_and_says_so(home: TaskHome, source: Path, tool: str) -> None:
    configure(home, tool, source)
    result = home.run("backup")
    assert (result["status"], result["returncode"]) == ("succeeded", 0), result
    assert names(home.path / "there" / "backup") == names(source)
    assert result["summary"] == f"Copied {source} to {remote(tool, home)} with {tool}"
    details = result["details"]
    assert details["exit_code"] == 0
    assert details["command"][0] == tool
    assert isinstance(details["stdout"], str)
    assert "partial" not in details


@pytest.mark.parametrize("tool", TOOLS)
def test_a_dry_run_is_the_programs_own_and_changes_nothing(
    home: TaskHome, source: Path, tool: str
) -> None:
    configure(home, tool, source)
    result = home.run("backup", "--dry-run")
    assert (result["dry_run"], result["returncode"]) == (True, 2)
    assert "--dry-run" in result["details"]["command"]
    assert "with space" in result["details"]["stdout"] + result["details"]["stderr"]
    assert result["summary"].startswith("Would copy")
    assert names(home.path / "there") == []
    assert home.runs() == []


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_excluded_is_left_out(home: TaskHome, source: Path, tool: str) -> None:
    """The older program read `excludes` and handed them to neither program."""
    configure(home, tool, source, excludes=["with *", "é"])
    assert home.run("backup")["status"] == "succeeded"
    assert names(home.path / "there" / "backup") == ["-dash", "100%", "ETA -", "plain"]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_failure_says_the_programs_own_last_word(home: TaskHome, source: Path, tool: str) -> None:
    configure(home, tool, source / "missing", retry=1, backoff_max=0)
    result = home.run("backup")
    assert (result["status"], result["returncode"], result["retry_count"]) == ("failed", 1, 1)
    assert f"{tool} failed with exit" in result["summary"]
    assert "may hold only a part of it" in result["summary"]
    assert result["details"]["exit_code"] > 0
    assert result["details"]["partial"] is True
    assert "missing" in result["details"]["stderr"]


@pytest.mark.parametrize("tool", [*TOOLS, "hbackup", "gog"])
@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_a_program_that_is_not_there_gives_one_sentence(
    home: TaskHome, source: Path, tool: str, options: tuple[str, ...]
) -> None:
    configure(home, tool, source, env={"PATH": str(home.bin)})
    if tool == "gog":
        for name in ("tar", "zstd"):
            (home.bin / name).symlink_to(f"/usr/bin/{name}")
    result = home.run("backup", *options)
    assert (result["status"], result["returncode"]) == ("failed", 1)
    assert result["summary"].startswith(f"{tool} not found on PATH")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_long_transfer_of_one_file_is_not_silence(
    home: TaskHome, source: Path, tool: str
) -> None:
    large(source, 16)
    configure(home, tool, source, idle_timeout_seconds=2, extra_args=slowed(tool, 3))
    begun = time.monotonic()
    result = home.run("backup")
    assert result["status"] == "succeeded", result
    assert time.monotonic() - begun > 4


@pytest.mark.parametrize("tool", TOOLS)
def test_a_transfer_that_stalls_is_ended_although_numbers_may_repeat(
    home: TaskHome, source: Path, tool: str
) -> None:
    """A stand-in at the programs' own form of output: rclone repeats its numbers when it hangs."""
    line = {
        "rclone": r"2026/11/24 14:13:50 NOTICE:   5.0 MiB / 9 MiB, 18%%, 1 B/s, ETA -\n",
        "rsync": r"\r      8,781,826  29%%    7.92MB/s    0:00:02  ",
    }[tool]
    stream = "1>&2" if tool == "rclone" else ""
    home.program(
        tool, f"#!/bin/sh\necho begun\nwhile :; do printf '{line}' {stream}; sleep 0.1; done\n"
    )
    configure(home, tool, source, idle_timeout_seconds=2)
    result = home.run("backup")
    assert (result["status"], result["returncode"]) == ("timed_out", 1)
    details = result["details"]
    assert (details["timed_out"], details["idle_timeout_seconds"]) == (True, 2)
    assert details["stdout"] == "begun\n"
    assert details["stderr"] == ""
    assert details["partial"] is True
    assert f"{tool} was stopped" in result["summary"]
    assert home.runs()[0].error_code == "idle_timeout"


@pytest.mark.parametrize("tool", TOOLS)
def test_a_cancel_in_the_middle_ends_every_process_and_reports_what_is_left(
    home: TaskHome, source: Path, tool: str
) -> None:
    large(source)
    configure(home, tool, source, extra_args=slowed(tool, 2))
    process = home.start("run", "backup", "--json")
    there = home.path / "there" / "backup"
    wait_until(lambda: there.exists() and any("large" in name for name in names(there)))
    workers = wait_until(lambda: processes_of(tool, source))
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert b'"cancelled"' in out, out
    (row,) = home.runs()
    assert row.status == "cancelled"
    assert f"{tool} was stopped; {remote(tool, home)} may hold only a part of it" in row.summary
    assert row.details["partial"] is True
    assert "stdout" in row.details
    wait_until(lambda: not any(alive(pid) for pid in workers))


def processes_of(tool: str, source: Path) -> list[int]:
    found = []
    for entry in os.scandir("/proc"):
        try:
            words = Path(entry.path, "cmdline").read_bytes()
        except OSError:
            continue
        if words.startswith(tool.encode()) and os.fsencode(source) in words:
            found.append(int(entry.name))
    return found


def test_a_cancel_by_id_does_the_same(home: TaskHome, source: Path) -> None:
    large(source)
    configure(home, "rsync", source, extra_args=slowed("rsync", 1))
    receipt = home.run("backup", "--async")
    there = home.path / "there" / "backup"
    wait_until(lambda: there.exists() and any("large" in name for name in names(there)))
    cancelled = home.json("cancel", receipt["run_id"])
    assert cancelled["cancelled"] is True, cancelled
    (row,) = home.runs()
    assert (row.status, row.details["partial"]) == ("cancelled", True)
    assert [name for name in names(there) if "large" in name] == []


def test_a_program_that_ignores_term_is_killed_and_still_reported(
    home: TaskHome, source: Path
) -> None:
    script = "#!/bin/sh\ntrap '' TERM\necho $$ > pid\necho deaf\nwhile :; do sleep 0.2; done\n"
    home.program("rsync", script)
    configure(home, "rsync", source, idle_timeout_seconds=1, grace=3)
    result = home.run("backup")
    assert result["status"] == "timed_out"
    assert result["details"]["stdout"] == "deaf\n"
    assert result["details"]["exit_code"] == -signal.SIGKILL
    assert not alive(int((home.path / "pid").read_text()))


def test_a_flood_of_output_is_kept_at_both_ends_and_memory_stays_flat(
    home: TaskHome, source: Path
) -> None:
    home.program(
        "rclone",
        "#!/bin/sh\necho first\nhead -c 200000000 /dev/zero | tr '\\0' 'x' | fold -w 1000\n"
        "echo\necho last\ngrep VmHWM /proc/$PPID/status\n",
    )
    configure(home, "rclone", source, log_max_bytes="1M")
    result = home.run("backup")
    assert result["status"] == "succeeded"
    text = result["details"]["stdout"]
    assert text.startswith("first\n")
    assert "bytes left out here" in text
    assert len(text) < 100_000
    peak_kib = int(text.split("VmHWM:")[1].split()[0])
    assert peak_kib < 60_000


def test_output_that_is_not_text_is_shown_and_breaks_nothing(home: TaskHome, source: Path) -> None:
    """The older program lost all output to one byte that is not UTF-8."""
    home.program(
        "rsync",
        "#!/bin/sh\nprintf 'a\\377b\\r\\n\\000\\n'; printf '\\200' >&2\n"
        "head -c 300000 /dev/urandom\n",
    )
    configure(home, "rsync", source)
    details = home.run("backup")["details"]
    assert details["stdout"].startswith("a\\xffb\r\n")
    assert details["stderr"] == "\\x80"


@pytest.mark.parametrize("name", ["new\nline", "-rf", "ü ", "`touch PWNED`", "a'b\"c", "%i"])
@pytest.mark.parametrize("tool", TOOLS)
def test_a_source_of_any_name_is_one_word(
    home: TaskHome, source: Path, tool: str, name: str
) -> None:
    folder = source / name
    folder.mkdir()
    (folder / "inside").write_text("x")
    configure(home, tool, folder)
    result = home.run("backup")
    assert result["status"] == "succeeded", result
    assert names(home.path / "there" / "backup") == ["inside"]


def test_a_tilde_is_the_home_directory(home: TaskHome, source: Path) -> None:
    """The older program handed `~` to the programs, which know nothing of it."""
    home.configure(backup={"tool": "rsync", "source": "~/the source", "remote": "~/there/x"})
    assert home.run("backup")["status"] == "succeeded"
    assert names(home.path / "there" / "x") == names(source)


def test_there_may_be_several_backups(home: TaskHome, source: Path) -> None:
    home.configure(
        photos={"type": "backup", "source": str(source), "remote": "drive:photos"},
        again={"type": "backup", "tool": "rsync", "source": str(source), "remote": "~/there/again"},
    )
    assert home.run("photos")["status"] == home.run("again")["status"] == "succeeded"
    assert names(home.path / "there" / "photos") == names(home.path / "there" / "again")


def test_the_log_follows_the_program_live(home: TaskHome, source: Path) -> None:
    """The older program's log stayed empty until the end."""
    home.program(
        "rclone", "#!/bin/sh\necho one\nwhile [ ! -e go ]; do sleep 0.05; done\necho two\n"
    )
    configure(home, "rclone", source)
    run_id = home.run("backup", "--async")["run_id"]
    wait_until(lambda: home.json("logs", run_id).get("content") == "one\n")
    (home.path / "go").touch()
    assert home.json("wait", run_id)["status"] == "succeeded"
    assert home.json("logs", run_id)["content"] == "one\ntwo\n"


def test_progress_is_an_event_and_the_details_are_spared_of_it(
    home: TaskHome, source: Path
) -> None:
    large(source, 8)
    configure(home, "rsync", source, idle_timeout_seconds=4, extra_args=slowed("rsync", 3))
    result = home.run("backup")
    events = home.json("events", result["run_id"])
    shares = [e["event"]["fraction"] for e in events if e["event_type"] == "progress"]
    assert any(share and 0 < share < 1 for share in shares)
    assert "MB/s" not in result["details"]["stdout"]
    assert "large\n" in result["details"]["stdout"]


def test_a_runner_that_is_killed_leaves_no_program_behind(home: TaskHome, source: Path) -> None:
    home.program("rclone", "#!/bin/sh\necho $$ > pid\nwhile :; do echo on; sleep 0.1; done\n")
    configure(home, "rclone", source)
    run_id = home.run("backup", "--async")["run_id"]
    pid = int(wait_until(lambda: (home.path / "pid").exists() and (home.path / "pid").read_text()))
    runner = int(Path(f"/proc/{parent_of(pid)}/stat").read_text().split()[3])
    os.kill(runner, signal.SIGKILL)
    wait_until(lambda: not alive(pid))
    assert home.json("status", "--run-id", run_id)["status"] in ("killed", "lost")


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_a_copy_with_nothing_to_transfer_is_a_success_of_rclones(
    home: TaskHome, source: Path
) -> None:
    configure(home, "rclone", source, extra_args=["--error-on-no-transfer"])
    assert home.run("backup")["details"]["exit_code"] == 0
    again = home.run("backup")
    assert (again["status"], again["details"]["exit_code"]) == ("succeeded", 9)
    assert again["details"]["exit_meaning"] == "noop"
    assert again["summary"].endswith("with rclone: there was nothing to transfer")


def test_files_that_vanish_are_a_warning_of_rsyncs_and_no_failure(
    home: TaskHome, source: Path
) -> None:
    home.program("rsync", "#!/bin/sh\nexit 24\n")
    configure(home, "rsync", source)
    result = home.run("backup")
    assert (result["status"], result["details"]["exit_meaning"]) == ("succeeded", "warn")
    assert result["summary"].endswith("with rsync: some files vanished while it ran")
    assert "partial" not in result["details"]


@pytest.mark.parametrize(
    ("keys", "status", "retries"),
    [
        ({}, "failed", 1),
        ({"success_exit_codes": [0, 23]}, "succeeded", 0),
        ({"exit_codes": {"23": "warn"}}, "succeeded", 0),
        ({"exit_codes": {"23": "fatal"}}, "failed", 0),
        ({"exit_codes": {"23": "skip"}}, "skipped", 0),
        ({"retry_on": [12]}, "failed", 0),
        ({"retry_on": [12, 23]}, "failed", 1),
    ],
)
def test_the_exit_code_of_the_program_means_what_the_task_says(
    home: TaskHome, source: Path, keys: dict[str, Any], status: str, retries: int
) -> None:
    home.program("rsync", "#!/bin/sh\necho 'cannot read x' >&2\nexit 23\n")
    configure(home, "rsync", source, retry=1, backoff_max=0, **keys)
    result = home.run("backup")
    assert (result["status"], result["retry_count"]) == (status, retries)
    assert "some files could not be copied" in result["summary"]
