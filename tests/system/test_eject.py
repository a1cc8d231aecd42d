"""Plain units that took a task's place: they fire, and do what the task did."""

from __future__ import annotations

from pathlib import PurePath

from tests.system.jobs import command, daily_at, seconds_from_now
from tests.system.seat import HostSeat, await_that

# Matched by the pattern with which a seat forgets what was on it, and none of Docket's own names.
PREFIX = "docketless-"
HOSTILE = (
    'it\'s "so"',
    "$HOME ${HOME} $$",
    "100% %h %%",
    "back\\slash \\x41 \\\\",
    "two\nlines\r and\ta tab",
    "",
    ";",
    "-",
    "@ - : + !",
    " \u00e4\u4e2d ",
    "\x1b[31m\x7f\x01",
)
TELL = 'printf "%s\\0" "$@" "$PWD" "$A" "$B" "$FROM_FILE" > "$OUT.new" && mv "$OUT.new" "$OUT"'
VALUE = "x \"y\" 'z' $HOME %h \\ \\n"


def test_an_ejected_timer_takes_over_and_hands_the_very_same_words_to_the_command(
    ada: HostSeat,
) -> None:
    due = seconds_from_now(6)
    file, folder = f"{ada.folder}/docketless.env", f"{ada.folder}/a docketless folder"
    out = f"{ada.folder}/docketless.out"
    ada.run(["rm", "-rf", out, folder])
    ada.run(["mkdir", folder])
    ada.write(file, "FROM_FILE=of the file\n")
    task = command(
        *("/bin/sh", "-c", TELL, "sh", *(word for word in HOSTILE if word)),
        args=list(HOSTILE),
        env={"A": VALUE, "B": "one\ntwo", "OUT": out},
        env_file=file,
        required_env=["FROM_FILE"],
        cwd=folder,
        schedule=daily_at(due),
    )
    ada.configure({"tell": task})
    ada.docket("install", "--now")
    report = ada.answer("eject", "tell", "--in-place", "--prefix", PREFIX)
    assert report["started"] == [f"{PREFIX}tell.timer"]
    assert ada.shown("docket-tell.timer", "LoadState") == "not-found"
    assert ada.shown(f"{PREFIX}tell.timer", "ActiveState") == "active"

    told = await_that("what the command was told", lambda: _read(ada, out), 20)
    words = [*(word for word in HOSTILE if word), *HOSTILE]
    assert told.split("\0")[:-1] == [*words, folder, VALUE, "one\ntwo", "of the file"]
    assert ada.shown(f"{PREFIX}tell.service", "Result") == "success"
    assert ada.runs("tell") == []


def test_an_ejected_task_whose_variable_is_missing_does_not_run(ada: HostSeat) -> None:
    out = f"{ada.folder}/docketless.ran"
    ada.run(["rm", "-f", out])
    ada.configure({"careful": command("/bin/touch", out, required_env=["DOCKETLESS_TOKEN"])})
    ada.answer("eject", "careful", "--in-place", "--prefix", PREFIX)
    assert ada.systemctl("start", f"{PREFIX}careful.service", check=False).returncode != 0
    assert _read(ada, out) is None
    assert ada.shown(f"{PREFIX}careful.service", "Result") == "exit-code"


def test_exit_codes_and_timeouts_hold_in_a_plain_unit(ada: HostSeat) -> None:
    ada.configure(
        {
            "noop": command("/bin/sh", "-c", "exit 10", exit_codes={"10": "noop"}),
            "slow": command("/bin/sleep", "60", timeout="1s", grace="1s"),
        }
    )
    ada.answer("eject", "noop", "slow", "--in-place", "--prefix", PREFIX)
    ada.systemctl("start", f"{PREFIX}noop.service")
    assert ada.systemctl("start", f"{PREFIX}slow.service", check=False).returncode != 0
    assert ada.shown(f"{PREFIX}slow.service", "Result") == "timeout"


def test_root_ejects_into_the_system_scope(root: HostSeat) -> None:
    root.configure({"tick": command("/bin/true", schedule="@daily")})
    root.docket("install", "--now")
    report = root.answer("eject", "tick", "--in-place", "--prefix", PREFIX)
    assert {PurePath(path).parent.as_posix() for path in report["written"]} == {
        "/etc/systemd/system"
    }
    assert root.shown(f"{PREFIX}tick.timer", "ActiveState") == "active"
    root.systemctl("start", f"{PREFIX}tick.service")
    assert root.shown(f"{PREFIX}tick.service", "Result") == "success"


def _read(seat: HostSeat, path: str) -> str | None:
    try:
        with open(seat.path(path), encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
