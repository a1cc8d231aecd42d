"""Tasks that were ejected: plain units with the same command, and nothing of Docket left."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from docket.app.install.eject import (
    EjectReport,
    NotEjectableError,
    UnitTakenError,
    preview,
    replace_installed,
    write_to,
)
from docket.app.install.install import preview as preview_install
from docket.compiler.ejected import ejected_units
from docket.compiler.quoting import quote_assignment
from docket.errors import CompileError, DocketError, InstallError, UnknownTaskError
from docket.model.task.task import CommandSpec, Task
from docket.systemd.analyze import verify_texts
from tests.unit.app.documents import require_valid
from tests.unit.app.install.conftest import Home

FULL = """
tasks:
  full:
    type: command
    description: Everything that a plain unit can do
    command: [/bin/sh, -c, 'echo "$HOME" 100% `x` \\\\ ; exit 3', ';', "two\\nlines"]
    args: [""]
    schedule: ["30 2 * * 1-5", "@reboot"]
    timezone: Europe/Berlin
    jitter: 10min
    timeout: 2h
    timeout_seconds: 600
    grace: 20s
    success_exit_codes: [0, 24]
    exit_codes: {10: noop, 75: retry}
    env: {A: 'x "y" $z %h \\\\', B: "one\\ntwo"}
    env_file: /etc/some*thing.env
    required_env: [API_TOKEN]
    cwd: /srv
    retry: 3
    idle_timeout_seconds: 60
    on_failure: "true"
    overlap: queue
    once_per: day
    depends_on: [plain]
    output_format: jsonl
    catch_up: 6h
    limits: {memory: 512M, cpu: 50, nice: 5}
    credentials: {token: /etc/token}
    destructive: true
    unattended: allow
    unit: {Service: {ProtectHome: "read-only"}, Timer: {WakeSystem: "true"}}
  plain: {type: command, command: [/bin/true], schedule: "@daily"}
  by-hand: {type: command, command: [/bin/true]}
  off: {type: command, command: [/bin/true], schedule: "@daily", enabled: false}
"""


def texts(report: EjectReport) -> Mapping[str, str]:
    return {name: text for one in report.ejected for name, text in one.units.items()}


def test_a_plain_unit_runs_the_command_itself_with_all_that_systemd_can_do(home: Home) -> None:
    home.configure(FULL)
    units = texts(preview(home.session, ["full"]))
    assert sorted(units) == ["full-boot.timer", "full.service", "full.timer"]
    service = units["full.service"]
    assert "docket" not in service.split("[Unit]")[1].lower()
    for line in (
        (
            'ExecStart=/bin/sh -c "echo \\"$$HOME\\" 100%% `x` \\\\\\\\ ; exit 3" '
            '";" "two\\x0alines" ""'
        ),
        'ExecStartPre=/bin/sh -c ": \\"$${API_TOKEN:?is not set}\\""',
        "SuccessExitStatus=10 24",
        "TimeoutStartSec=10min",
        "TimeoutStopSec=20s",
        "WorkingDirectory=/srv",
        'Environment="A=x \\"y\\" $z %%h \\\\\\\\"',
        'Environment="B=one\\x0atwo"',
        "EnvironmentFile=/etc/some\\*thing.env",
        "LoadCredential=token:/etc/token",
        "MemoryMax=512M",
        "CPUQuota=50%",
        "Nice=5",
        "ProtectHome=read-only",
    ):
        assert line in service.splitlines(), line
    timer = units["full.timer"]
    assert "OnCalendar=Mon..Fri *-*-* 02:30:00 Europe/Berlin" in timer
    assert "RandomizedDelaySec=10min" in timer
    assert "WakeSystem=true" in timer
    assert "Unit=full.service" in timer
    assert "OnStartupSec=0" in units["full-boot.timer"]
    assert "Persistent" not in units["full-boot.timer"]


def test_the_head_says_what_is_lost_and_only_that(home: Home) -> None:
    home.configure(FULL)
    [full] = preview(home.session, ["full"]).ejected
    told = " ".join(full.lost)
    for word in (
        *("3 retries", "1min without output", "on_failure", "overlap: queue", "plain"),
        *("one success in a day", "6h", "jsonl", "noop", "env_file", "destructive"),
    ):
        assert word in told, word
    assert all(f"# - {lost}" in full.units["full.service"] for lost in full.lost)
    [plain] = preview(home.session, ["plain"]).ejected
    assert len(plain.lost) == 2


def test_systemd_has_nothing_to_say_about_plain_units(home: Home) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    home.configure(FULL)
    units = texts(preview(home.session, ["full", "plain", "by-hand"]))
    assert verify_texts(units, user=True) == []


def test_a_task_without_a_timer_becomes_only_a_service(home: Home) -> None:
    home.configure(FULL)
    assert sorted(texts(preview(home.session, ["by-hand", "off"]))) == [
        "by-hand.service",
        "off.service",
    ]


@pytest.mark.parametrize(
    ("env", "argv", "key"),
    [
        ({"A": "\x07"}, ("/bin/true",), "env.A"),
        ({"A": "\udc80"}, ("/bin/true",), "env.A"),
        ({}, ("/bin/echo", "a\0b"), "command"),
        ({}, ("/bin/echo", "\ufdd0"), "command"),
        ({}, ("/opt/$x",), "command"),
    ],
)
def test_what_no_unit_can_carry_is_refused_by_its_key(
    env: dict[str, str], argv: tuple[str, ...], key: str
) -> None:
    task = Task("t", "", {}, command=CommandSpec(argv), env=env)
    with pytest.raises(CompileError) as caught:
        ejected_units(task, None, argv, "t")
    assert caught.value.facts["key"] == key


def test_a_dollar_sign_in_a_variable_stays_single() -> None:
    """systemd.exec(5): it has no special meaning in Environment=."""
    assert quote_assignment("A", "$x %h") == '"A=$x %%h"'


def test_python_tasks_and_missing_programs_are_refused_with_a_way_out(home: Home) -> None:
    home.configure("tasks:\n  gone: {type: command, command: [no-such-program]}\n")
    drop_in = Path(home.paths.task_dir, "mine.py")
    drop_in.parent.mkdir(mode=0o700, exist_ok=True)
    drop_in.write_text(
        "from docket.task import BaseTask, TaskResult\n"
        "class Mine(BaseTask):\n"
        '    name = "mine"\n'
        "    def run(self, config):\n"
        "        return TaskResult(True)\n"
    )
    drop_in.chmod(0o600)
    for name in ("mine", "gone"):
        with pytest.raises(NotEjectableError) as caught:
            preview(home.session, [name])
        assert caught.value.hint
    with pytest.raises(UnknownTaskError):
        preview(home.session, ["nope"])


def test_writing_to_a_directory_leaves_systemd_and_existing_files_alone(
    home: Home, tmp_path: Path
) -> None:
    home.configure(FULL)
    target = tmp_path / "out"
    report = write_to(home.session, str(target), ["plain"])
    assert sorted(os.listdir(target)) == ["plain.service", "plain.timer"]
    assert {stat.S_IMODE(p.stat().st_mode) for p in target.iterdir()} == {0o600}
    assert home.units.calls == []
    require_valid("eject", report.document())
    (target / "plain.timer").write_text("mine\n")
    with pytest.raises(UnitTakenError):
        write_to(home.session, str(target), ["plain"])
    assert (target / "plain.timer").read_text() == "mine\n"
    write_to(home.session, str(target), ["plain"], force=True)
    assert (target / "plain.timer").read_text() != "mine\n"
    write_to(home.session, str(target), ["plain"], "my-")
    assert (target / "my-plain.timer").read_text().count("my-plain.service") == 1


def test_a_unit_of_the_machine_is_never_shadowed_without_a_word(home: Home) -> None:
    if not os.path.exists("/usr/lib/systemd/user/default.target"):
        pytest.skip("no systemd is installed here")
    home.configure("tasks: {systemd-exit: {type: command, command: [/bin/true]}}\n")
    with pytest.raises(UnitTakenError) as caught:
        preview(home.session, ["systemd-exit"])
    assert "--prefix" in str(caught.value.hint)
    assert preview(home.session, ["systemd-exit"], "my-").ejected


@pytest.mark.parametrize("prefix", ["docket-", "../", "a b", "-x", "\n"])
def test_a_prefix_that_makes_no_name_or_one_of_dockets_is_refused(home: Home, prefix: str) -> None:
    home.configure(FULL)
    with pytest.raises(DocketError):
        preview(home.session, ["plain"], prefix)


def test_in_place_the_new_timer_is_on_if_the_old_one_was(home: Home) -> None:
    home.configure(FULL)
    home.install(now=True)
    del home.units.calls[:]
    report = replace_installed(home.session, ["plain"])
    assert report.ok
    assert sorted(report.removed) == [
        str(home.unit("docket-plain.service")),
        str(home.unit("docket-plain.timer")),
    ]
    assert (report.enabled, report.started) == (("plain.timer",), ("plain.timer",))
    assert not home.unit("docket-plain.timer").exists()
    assert home.unit("plain.timer").exists()
    assert home.unit("docket-full.timer").exists()
    assert [warning.code for warning in report.warnings if warning.task == "plain"] == [
        "eject.still_configured"
    ]
    order = [name for name, units in home.units.calls if "plain" in " ".join(units)]
    assert order.index("stop") < order.index("start")
    require_valid("eject", report.document())


def test_a_timer_that_was_off_stays_off_in_place_and_its_command_is_shown(home: Home) -> None:
    home.configure(FULL)
    home.install()
    report = replace_installed(home.session, ["plain"])
    assert (report.enabled, report.started) == ((), ())
    assert report.next_steps == ("systemctl --user enable --now plain.timer",)


def test_in_place_a_boot_timer_is_enabled_and_not_started(home: Home) -> None:
    home.configure(
        "tasks: {both: {type: command, command: [/bin/true], schedule: ['@daily', '@reboot']}}\n"
    )
    home.install(now=True)
    report = replace_installed(home.session, ["both"])
    assert sorted(report.enabled) == ["both-boot.timer", "both.timer"]
    assert report.started == ("both.timer",)


def test_in_place_without_a_manager_says_what_is_left_to_be_run(home: Home) -> None:
    home.configure(FULL)
    home.install(now=True)
    home.units.absent = True
    report = replace_installed(home.session, ["plain"])
    assert report.next_steps == (
        "systemctl --user daemon-reload",
        "systemctl --user enable --now plain.timer",
    )
    assert home.unit("plain.timer").exists()
    assert not home.unit("docket-plain.timer").exists()


def test_in_place_nothing_is_done_if_dockets_unit_was_edited_by_hand(home: Home) -> None:
    home.configure(FULL)
    home.install()
    timer = home.unit("docket-plain.timer")
    timer.write_text(timer.read_text() + "# mine\n")
    before = home.unit_files()
    with pytest.raises(InstallError, match="edited by hand"):
        replace_installed(home.session, ["plain"])
    assert home.unit_files() == before


def test_in_place_a_file_of_somebody_else_is_not_replaced(home: Home) -> None:
    home.configure(FULL)
    home.install()
    home.unit("plain.service").write_text("[Service]\nExecStart=/bin/mine\n")
    before = home.unit_files()
    with pytest.raises(UnitTakenError):
        replace_installed(home.session, ["plain"])
    assert home.unit_files() == before


def test_ejected_units_are_nobodys_to_a_later_install(home: Home) -> None:
    home.configure(FULL)
    home.install(now=True)
    replace_installed(home.session, ["plain"])
    home.configure("tasks: {other: {type: command, command: [/bin/true], schedule: '@daily'}}\n")
    plan = preview_install(home.session)
    assert all("docket-" in change.name for change in plan.changes)
    home.install()
    assert home.unit("plain.timer").exists()
