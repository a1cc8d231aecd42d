"""The wheel as people install it, without a compiler: by pip, pipx or uv, until a timer fires."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.system.host import PrivateHost

_HOME = "/home/ada"
_BIN = f"{_HOME}/.local/bin"
_PIPX = f"{_HOME}/pipx/bin/pipx"
_CONFIG = """\
tasks:
  tick:
    type: command
    command: [/bin/echo, ticked]
    schedule: {calendar: "*:*:0/3"}
  by-hand:
    type: command
    command: [/bin/echo, hello]
    limits: {memory: 64M}
"""
_WHICH_LIBRARY = "from docket.systemd.connect import _opener; print(_opener().__module__)"

_BY_PIP = f"""
    python3 -m venv {_HOME}/own && {_HOME}/own/bin/pip install -q "$1" &&
    mkdir -p {_BIN} && ln -s {_HOME}/own/bin/docket {_BIN}
"""


class Way(NamedTuple):
    """One way to install a wheel: the commands, and the Python that then runs Docket."""

    install: list[str]
    uninstall: list[str]
    python: str


def ways(wheel: str) -> dict[str, Way]:
    uv = f"{_HOME}/uv/bin/uv"
    offline = ["--no-index", "--find-links", wheel.rpartition("/")[0]]
    return {
        "pip": Way(
            ["sh", "-c", _BY_PIP, "pip", wheel],
            ["rm", "-r", f"{_HOME}/own", f"{_BIN}/docket"],
            f"{_HOME}/own/bin/python",
        ),
        "pipx": Way(
            [_PIPX, "install", wheel],
            [_PIPX, "uninstall", "docket-cli"],
            f"{_HOME}/.local/share/pipx/venvs/docket-cli/bin/python",
        ),
        "uv": Way(
            [uv, "tool", "install", *offline, "--python", "/usr/bin/python3", wheel],
            [uv, "tool", "uninstall", "docket-cli"],
            f"{_HOME}/.local/share/uv/tools/docket-cli/bin/python",
        ),
    }


class Ada:
    """A user who installs and uses Docket."""

    def __init__(self, host: PrivateHost, wheels: Path) -> None:
        self.host = host
        self.environ = {
            "PATH": f"{_BIN}:/usr/local/bin:/usr/bin:/bin",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "UV_PYTHON_DOWNLOADS": "never",
        }

    def run(self, *words: str, check: bool = True) -> str:
        """Return what a command prints."""
        done = self.host.run(
            [*words], user="ada", environ=self.environ, timeout_seconds=300, check=check
        )
        return done.stdout

    def runs(self, task: str) -> list[dict[str, Any]]:
        """Return the runs of a task, newest first."""
        found: list[dict[str, Any]] = json.loads(self.run("docket", "--json", "runs", task))
        return found


def eventually(what: Callable[[], Any], seconds: float = 120) -> Any:
    """Return what the call returns once that is true; TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def ada(machine: PrivateHost, wheels: Path) -> Ada:
    """Return a user who has pipx and uv: apart, for pipx would take a uv beside it for pip."""
    user = Ada(machine, wheels)
    for tool in ("pipx", "uv"):
        user.run("python3", "-m", "venv", f"{_HOME}/{tool}")
        user.run(f"{_HOME}/{tool}/bin/pip", "install", "-q", tool)
    return user


def tour(ada: Ada, library: str, python: str) -> None:
    """Set a task up, let its timer fire, run one by hand, and take everything away again."""
    assert ada.run(python, "-c", _WHICH_LIBRARY).strip() == f"docket.systemd.{library}wire"
    ada.run("env", "EDITOR=true", "docket", "configure")
    assert "All checks passed." in ada.run("docket", "doctor")
    ada.host.write(f"{_HOME}/.docket/config.yaml", _CONFIG, user="ada", mode=0o600)
    ada.run("docket", "install", "--now")
    run = eventually(lambda: ada.runs("tick"))[0]
    assert run["trigger"] == "timer"
    eventually(lambda: "succeeded" in {run["status"] for run in ada.runs("tick")})
    receipt = json.loads(ada.run("docket", "--json", "run", "by-hand", "--async"))
    ada.run("docket", "wait", receipt["run_id"])
    assert "hello" in ada.run("docket", "logs", receipt["run_id"])
    assert "tick" in ada.run("docket", "status")
    assert ada.run("docket", "schema", "output", "run")
    assert json.loads(ada.run("docket", "--json", "setup-shell", "bash"))["ok"]
    assert ada.run("ls", f"{_HOME}/.local/share/man/man1/docket-run.1")
    assert ada.run("ls", f"{_HOME}/.local/share/bash-completion/completions/docket")
    ada.run("docket", "setup-shell", "--remove")
    ada.run("docket", "uninstall", "--all")
    assert ada.run("systemctl", "--user", "--failed", "--plain", "--no-legend") == ""


@pytest.mark.parametrize("way", ["pip", "pipx", "uv"])
def test_the_tour_by_jeepney(ada: Ada, wheels: Path, way: str) -> None:
    (wheel,) = map(str, wheels.glob("docket_cli-*.whl"))
    chosen = ways(wheel)[way]
    ada.run(*chosen.install)
    try:
        tour(ada, "jeepney", chosen.python)
    finally:
        ada.run(*chosen.uninstall)
        ada.run("rm", "-rf", f"{_HOME}/.docket")
    left = ada.run(
        "find",
        f"{_HOME}/.local",
        "/home/ada/.config",
        "-name",
        "*docket*",
        "!",
        "-name",
        "*.lock",
        check=False,
    )
    assert left == ""


def test_the_tour_by_the_pystemd_of_the_distribution(ada: Ada, wheels: Path) -> None:
    (wheel,) = map(str, wheels.glob("docket_cli-*.whl"))
    ada.host.write("/etc/resolv.conf", Path("/etc/resolv.conf").read_text())
    apt = ["apt-get", "-q", "-y", "-o", "Acquire::Retries=3"]
    ada.host.run([*apt, "update"], timeout_seconds=300)
    install = [*apt, "install", "--no-install-recommends", "python3-pystemd"]
    ada.host.run(install, environ={"DEBIAN_FRONTEND": "noninteractive"}, timeout_seconds=300)
    ada.run(_PIPX, "install", "--system-site-packages", wheel)
    tour(ada, "pystemd", f"{_HOME}/.local/share/pipx/venvs/docket-cli/bin/python")
