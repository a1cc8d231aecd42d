"""Somebody at a machine with a running manager, and what they can do with Docket there.

Standard library only: the demo sits here too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self, TypeVar

from docket.model.names import unit_stem
from docket.paths import discover
from tests.system.host import USERS, HostError, PrivateHost, environment_of

REPOSITORY = os.path.abspath(__file__).rsplit("/", 3)[0]
DOCKET = os.path.join(os.path.dirname(sys.executable), "docket")
Done = subprocess.CompletedProcess[str]
Seen = TypeVar("Seen")

_FORGET = """
systemctl {scope} stop --quiet 'docket*.timer' 'docket*.path' 'docket*.service' 2>/dev/null
find {units} -name 'docket*' -exec rm -rf {{}} + 2>/dev/null
rm -rf {home} {stamps}/stamp-docket* {more}
systemctl {scope} daemon-reload
systemctl {scope} reset-failed 2>/dev/null
true
"""


class Seat:
    """A user, or root for the system scope; `home` is the Docket home they use."""

    system = False
    home: str
    folder: str  # where this user can put files
    unit_dir: str
    stamp_dir: str
    _environ: dict[str, str]

    def run(
        self,
        words: list[str],
        *,
        stdin: str = "",
        timeout_seconds: float = 60,
        check: bool = True,
        environ: dict[str, str] | None = None,
    ) -> Done:
        """Run `words` there; with `check` a failure is raised as HostError."""
        raise NotImplementedError

    def popen(self, words: list[str]) -> subprocess.Popen[str]:
        """Start `words` there, with pipes for its input and output."""
        raise NotImplementedError

    def path(self, path: str) -> str:
        """Return where the absolute `path` of that machine can be opened from here."""
        raise NotImplementedError

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Write a file there as this user, with the folders above it."""
        raise NotImplementedError

    def docket(self, *words: str, check: bool = True, timeout_seconds: float = 60) -> Done:
        """Run a docket command in this seat's scope."""
        options = ["--system"] if self.system else []
        line = [DOCKET, *options, *words]
        return self.run(line, check=check, timeout_seconds=timeout_seconds)

    def answer(self, *words: str, check: bool = True) -> Any:
        """Run a docket command with --json and return the document it printed."""
        done = self.docket("--json", *words, check=check)
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise HostError(f"{words} printed no JSON: {done.stdout}\n{done.stderr}") from error

    def systemctl(self, *words: str, check: bool = True) -> Done:
        """Run systemctl in this seat's scope."""
        return self.run(["systemctl", *self._scope(), *words], check=check)

    def unit(self, name: str) -> str:
        """Return the unit of this home for `name`, a task with .service or .timer."""
        paths = discover(self._environ, system=self.system)
        task, _, kind = name.rpartition(".")
        return f"{unit_stem(task, paths.instance_key)}.{kind}"

    def count(self, words: str) -> int:
        """Return how many processes there have `words` on their command line."""
        return len(self.pids(words))

    def pids(self, words: str) -> list[int]:
        """Return the processes there that have `words` on their command line, oldest first."""
        found = []
        for pid in filter(str.isdigit, os.listdir(self.path("/proc"))):
            try:
                with open(self.path(f"/proc/{pid}/cmdline"), encoding="utf-8") as file:
                    if words in file.read().replace("\0", " "):
                        found.append(int(pid))
            except OSError:  # it ended between the listing and the look
                continue
        return sorted(found)

    def read(self, path: str) -> str:
        """Return the text of a file there."""
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def shown(self, unit: str, name: str) -> str:
        """Return one property of a unit, as `systemctl show` prints it."""
        return self.systemctl("show", "--value", "-p", name, unit).stdout.strip()

    def journal(self, *words: str) -> list[dict[str, Any]]:
        """Return the matching entries of this scope's journal, oldest first."""
        # Root's journalctl of a user's journal needs no session; the user reads their own.
        line = ["journalctl", *self._scope(), "--no-pager", "-o", "json", *words]
        return [json.loads(entry) for entry in self.run(line).stdout.splitlines()]

    def configure(self, tasks: Mapping[str, Any], **top: Any) -> None:
        """Write the config. JSON is YAML."""
        self.write(self.config, json.dumps({**top, "tasks": tasks}, indent=2))

    @property
    def config(self) -> str:
        """Where the config is."""
        return "/etc/docket/config.yaml" if self.system else f"{self.home}/config.yaml"

    def stamp(self, task: str) -> str:
        """Return where systemd keeps when the timer of `task` fired last."""
        return f"{self.stamp_dir}/stamp-{self.unit(task + '.timer')}"

    def age_stamp(self, task: str) -> None:
        """Let the timer of `task` believe, from its next start on, that it fired two days ago."""
        self.run(["touch", "--no-create", "--date=2 days ago", self.stamp(task)])

    def runs(self, task: str) -> list[dict[str, Any]]:
        """Return the runs of `task`, newest first."""
        found: list[dict[str, Any]] = self.answer("runs", task, "--limit", "1000")
        return found

    def await_run(
        self, task: str, fits: Callable[[dict[str, Any]], bool], seconds: float = 60
    ) -> dict[str, Any]:
        """Wait for a run of `task` that `fits` and return it."""
        found: list[dict[str, Any]] = []

        def seen() -> dict[str, Any] | None:
            found[:] = self.runs(task)
            return next((run for run in found if fits(run)), None)

        try:
            return await_that(f"a run of {task}", seen, seconds)
        except HostError as error:
            journal = self.run(["journalctl", *self._scope(), "-b", "-n", "40"], check=False)
            raise HostError(f"{error}; there are: {found}\n{journal.stdout}") from None

    def _scope(self) -> list[str]:
        return [] if self.system else ["--user"]


def await_that(what: str, seen: Callable[[], Seen | None], seconds: float = 60) -> Seen:
    """Ask until `seen` says something true and return that; HostError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = seen()
        if found:
            return found
        if time.monotonic() > deadline:
            raise HostError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


def fire(seat: Seat, task: str) -> None:
    """Let the installed timer of a daily task make up for a fire that it believes it missed."""
    timer = seat.unit(f"{task}.timer")
    seat.systemctl("stop", timer)
    seat.age_stamp(task)
    seat.systemctl("start", timer)


class HostSeat(Seat):
    """A user in a private host, or root there for the system scope."""

    def __init__(self, host: PrivateHost, user: str, home: str | None = None) -> None:
        """Sit down as `user`; `home` is a Docket home other than the default one."""
        self.host = host
        self.user = user
        self.system = user == "root"
        login = environment_of(user)["HOME"]
        self.folder = login
        self.home = "/var/lib/docket" if self.system else home or f"{login}/.docket"
        self._environ = {"HOME": login, **({"DOCKET_HOME": home} if home else {})}
        if self.system:
            self.unit_dir, self.stamp_dir = "/etc/systemd/system", "/var/lib/systemd/timers"
        else:
            self.unit_dir = f"{login}/.config/systemd/user"
            self.stamp_dir = f"{login}/.local/share/systemd/timers"

    def run(
        self,
        words: list[str],
        *,
        stdin: str = "",
        timeout_seconds: float = 60,
        check: bool = True,
        environ: dict[str, str] | None = None,
    ) -> Done:
        """Run `words` in the host; docket without the start of an interpreter if it is warm."""
        run, line = self.host.run, words
        if self.host.warm and words[0] == DOCKET:
            run, line = self.host.docket, words[1:]
        return run(
            line,
            user=self.user,
            environ={**self._environ, **(environ or {})},
            stdin=stdin,
            timeout_seconds=timeout_seconds,
            check=check,
        )

    def popen(self, words: list[str]) -> subprocess.Popen[str]:
        """Start `words` in the host."""
        line = self.host.command(words, user=self.user, environ=self._environ)
        return subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def path(self, path: str) -> str:
        """Return where the absolute `path` of the host can be opened from here."""
        return self.host.path(path)

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Write a file in the host as this user."""
        self.host.write(path, text, user=self.user, mode=mode)

    def forget(self) -> None:
        """Take away whatever of Docket this user has, without Docket's help."""
        more = "/etc/docket /var/log/docket /run/docket" if self.system else ""
        if not self.system:
            more = f"/run/user/{USERS[self.user]}/docket"
        script = _FORGET.format(
            scope=" ".join(self._scope()),
            units=self.unit_dir,
            stamps=self.stamp_dir,
            home=self.home,
            more=more,
        )
        self.run(["/bin/sh", "-c", script])
        self.host.idle.add(self.user)

    def own(self) -> Iterator[Self]:
        """Yield the seat with nothing of Docket, and leave it so."""
        if self.user not in self.host.idle:
            self.forget()
        yield self
        self.forget()


class OwnSeat(Seat):
    """The caller, with a Docket home of its own under the caller's running user manager."""

    def __init__(self, folder: str, environ: Mapping[str, str]) -> None:
        """Sit down with the Docket home `folder`/docket and the caller's real environment."""
        self.folder = folder
        self.home = os.path.join(folder, "docket")
        kept = {name: value for name, value in environ.items() if not name.startswith("DOCKET_")}
        self._environ = {**kept, "DOCKET_HOME": self.home}
        home = environ.get("HOME", "/nonexistent")
        config = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
        data = environ.get("XDG_DATA_HOME") or f"{home}/.local/share"
        self.unit_dir = f"{config}/systemd/user"
        self.stamp_dir = f"{data}/systemd/timers"

    def run(
        self,
        words: list[str],
        *,
        stdin: str = "",
        timeout_seconds: float = 60,
        check: bool = True,
        environ: dict[str, str] | None = None,
    ) -> Done:
        """Run `words` on this machine."""
        done = subprocess.run(
            words,
            input=stdin,
            env={**self._environ, **(environ or {})},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
            timeout=timeout_seconds,
        )
        if check and done.returncode != 0:
            raise HostError(f"{words} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done

    def popen(self, words: list[str]) -> subprocess.Popen[str]:
        """Start `words` on this machine."""
        pipe = subprocess.PIPE
        return subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, env=self._environ)

    def path(self, path: str) -> str:
        """Return `path` itself."""
        return path

    def write(self, path: str, text: str, mode: int = 0o600) -> None:
        """Write a file on this machine."""
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)

    def forget(self) -> None:
        """Take away this home and the units that carry its instance."""
        self.docket("uninstall", "--all", check=False)
        shutil.rmtree(self.home, ignore_errors=True)


def user_manager_answers(environ: Mapping[str, str]) -> bool:
    """Whether the caller has a running user manager."""
    found = dict(environ)
    found.setdefault("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    words = ["systemctl", "--user", "is-system-running"]
    try:
        done = subprocess.run(
            words, env=found, capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() in {"running", "degraded", "starting", "initializing"}
