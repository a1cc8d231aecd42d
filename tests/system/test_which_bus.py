"""Which service manager is asked, from wherever a command is started."""

from __future__ import annotations

import pytest

from tests.system.host import USERS
from tests.system.jobs import command
from tests.system.seat import DOCKET, HostSeat

ADA = USERS["ada"]
ADAS_RUNTIME = f"/run/user/{ADA}"
ADAS_BUS = f"unix:path={ADAS_RUNTIME}/bus"


def bare(
    seat: HostSeat, environ: dict[str, str], *words: str, as_ada: bool = True
) -> tuple[int, str]:
    """Run docket with an environment of `environ` only; return its exit code and all it said."""
    become = ["setpriv", f"--reuid={ADA}", f"--regid={ADA}", "--clear-groups"] if as_ada else []
    variables = [f"{name}={text}" for name, text in environ.items()]
    line = ["env", "-i", *variables, *become, DOCKET, *words]
    done = seat.host.run(line, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": "/home/ada", "PATH": "/usr/bin:/bin", "LOGNAME": "ada", "SHELL": "/bin/sh"},
        {"HOME": "/home/ada", "SUDO_USER": "root", "XDG_RUNTIME_DIR": "/run/user/0"},
        {"HOME": "/home/ada", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"},
        {"HOME": "/home/ada", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/dbus/system_bus_socket"},
    ],
    ids=["cron", "sudo -u", "a stale address", "the address of another bus"],
)
def test_a_users_own_manager_is_found_from_anywhere(ada: HostSeat, environ: dict[str, str]) -> None:
    ada.configure({"job": command("/bin/true", schedule="@yearly")})
    code, told = bare(ada, environ, "install", "--now")
    assert code == 0, told
    assert ada.shown(ada.unit("job.timer"), "ActiveState") == "active"


@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": "/root", "SUDO_USER": "ada"},
        {"HOME": "/root", "SUDO_USER": "ada", "DBUS_SESSION_BUS_ADDRESS": ADAS_BUS},
        {"HOME": "/root", "DBUS_SESSION_BUS_ADDRESS": ADAS_BUS, "XDG_RUNTIME_DIR": ADAS_RUNTIME},
    ],
    ids=["sudo", "sudo -E", "su"],
)
def test_root_in_the_user_scope_asks_nobody_elses_manager(
    ada: HostSeat, environ: dict[str, str]
) -> None:
    ada.host.write(
        "/root/.docket/config.yaml",
        "tasks: {roots: {type: command, command: /bin/true, schedule: '@yearly'}}",
        mode=0o600,
    )
    try:
        _code, told = bare(ada, environ, "install", "--now", as_ada=False)
        assert "You are root" in told
        assert "docket --system" in told
        assert ("as ada, without sudo" in told) == ("SUDO_USER" in environ)
        loaded = ada.systemctl("list-units", "--all", "--plain", "docket-roots*").stdout
        assert "roots" not in loaded
    finally:
        script = "rm -rf /root/.docket /root/.config/systemd/user/docket-*"
        ada.host.run(["/bin/sh", "-c", script])


def test_a_sandbox_that_hides_the_manager_is_named(ada: HostSeat) -> None:
    ada.configure({"job": command("/bin/true", schedule="@yearly")})
    hidden = f"mount -t tmpfs -o uid={ADA},mode=0700 none {ADAS_RUNTIME}"
    become = f"exec setpriv --reuid={ADA} --regid={ADA} --clear-groups"
    script = f"{hidden} && {become} {DOCKET} install --now"
    words = ["unshare", "--mount", "env", "-i", "HOME=/home/ada", "/bin/sh", "-c", script]
    done = ada.host.run(words, check=False)
    assert "a sandbox hides it" in done.stdout + done.stderr
