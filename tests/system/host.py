"""A private host: a really booted systemd beside whatever runs this machine.

Only namespaces over this machine's own root, or over the tree of another release, with a layer in
memory that takes every change, so it boots in half a second and leaves nothing behind. Needs root.
Standard library only: `make demo` uses it without the test tools.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any, Self

from tests.warm import Warm

USERS = {"ada": 4711, "bob": 4712}
_REPOSITORY = os.path.abspath(__file__).rsplit("/", 3)[0]
_KEEPER = (
    f"import sys; sys.path.insert(0, {_REPOSITORY!r});"
    "from tests.system.keeper import main; sys.exit(main())"
)
_PATH = "/usr/local/bin:/usr/bin:/bin"
_ROOT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SETTLED = ("running", "degraded")


class HostError(Exception):
    """The host could not be made, did not come up, or a command in it failed."""


def why_not(tree: str = "/") -> str | None:
    """Return the reason why no private host of `tree` can be made, or None when it can be tried."""
    if os.geteuid() != 0:
        return "a private host needs root"
    if not os.path.exists(os.path.join(tree, "usr/lib/systemd/systemd")):
        return "systemd is not installed" if tree == "/" else f"there is no systemd in {tree}"
    return None


class PrivateHost:
    """One host; `with PrivateHost([checkout]) as host: host.run([...], user="ada")`."""

    def __init__(
        self,
        shown: list[str],
        *,
        hierarchy: str = "unified",
        tree: str = "/",
        warm: bool = False,
    ) -> None:
        """Prepare a host in which everybody can read the folders `shown`, at their own paths.

        `hierarchy` is "unified" (cgroup2) or "v1", in which limits can bite on machines that have
        their controllers there. `tree` is the root tree to boot, such as tools/trixie makes.
        With `warm`, seats call docket without the start of an interpreter.
        """
        self.warm = warm
        wanted = {
            "shown": [os.path.realpath(path) for path in shown],
            "users": USERS,
            "hierarchy": hierarchy,
            "tree": os.path.realpath(tree),
        }
        self.boot_id = ""
        self.init = 0
        self._servers: dict[str, Warm] = {}
        self.idle: set[str] = set()  # whoever has done nothing since their last `forget`
        # A session of its own: Ctrl-C is for the tests, and their end is the host's end.
        self._keeper = subprocess.Popen(
            [sys.executable, "-IS", "-c", _KEEPER, json.dumps(wanted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._answer()

    def __enter__(self) -> Self:
        self.boot()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def boot(self) -> None:
        """Boot, and return when every unit of the boot has settled and the users' buses are up."""
        answer = self._order("boot")
        self.init, self.boot_id = answer["pid"], answer["boot_id"]
        try:
            self._await("the host to come up", self._is_up)
            for user in USERS:
                self._await(f"the manager of {user}", lambda user=user: self._has_bus(user))
        except HostError:
            self.close()
            raise

    def cut_power(self) -> None:
        """Kill everything in the host at once; what was written stays."""
        self._end_servers()
        self._order("halt")
        self.init = 0

    def switch_off(self) -> None:
        """Shut down in order: units are stopped first."""
        self._end_servers()
        self.run(["systemctl", "poweroff", "--no-block"])
        if not self._order("wait_off")["off"]:
            raise HostError("the host did not switch itself off within 30 s")
        self.init = 0

    def reboot(self, *, in_order: bool = False) -> None:
        """Boot again over the same disk, after a power cut or (`in_order`) a shutdown."""
        if in_order:
            self.switch_off()
        else:
            self.cut_power()
        self.boot()

    def close(self) -> None:
        """End the host and everything that belongs to it."""
        self._end_servers()
        if self._keeper.stdin is not None:
            self._keeper.stdin.close()
        self._keeper.wait(timeout=60)
        if self._keeper.stdout is not None:
            self._keeper.stdout.close()

    def path(self, path: str) -> str:
        """Return where the absolute `path` of the running host can be opened from out here."""
        return f"/proc/{self.init}/root{path}"

    def write(self, path: str, text: str, *, user: str = "root", mode: int = 0o644) -> None:
        """Write a file of `user` in the host, and the folders above it that are missing."""
        script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"'
        words = ["/bin/sh", "-c", script, "write", path, f"{mode:o}"]
        self.run(words, user=user, stdin=text)

    def read(self, path: str) -> str:
        """Return the text of a file in the host."""
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def command(
        self, words: list[str], *, user: str = "root", environ: dict[str, str] | None = None
    ) -> list[str]:
        """Return the words that run `words` in the host as `user`, from a process out here."""
        self.idle.discard(user)
        entering = ["nsenter", "-t", str(self.init), "-m", "-u", "-i", "-p", "-C", "-r", "-w"]
        variables = {**environment_of(user), **(environ or {})}
        clean = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        if user == "root":
            return [*entering, *clean, *words]
        number = str(USERS[user])
        become = ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups"]
        return [*entering, *become, *clean, *words]

    def run(
        self,
        words: list[str],
        *,
        user: str = "root",
        environ: dict[str, str] | None = None,
        stdin: str = "",
        timeout_seconds: float = 60,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run `words` in the host and return the outcome; with `check` a failure is raised."""
        limited = ["timeout", "--kill-after=1", str(timeout_seconds), *words]
        done = subprocess.run(
            self.command(limited, user=user, environ=environ),
            input=stdin,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
        return self._checked(words, done.returncode, done.stdout, done.stderr, check)

    def docket(
        self,
        words: list[str],
        *,
        user: str = "root",
        environ: dict[str, str] | None = None,
        stdin: str = "",
        timeout_seconds: float = 60,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Run docket in the host as `run` does, forked from one that has everything imported."""
        self.idle.discard(user)
        if user not in self._servers:
            self._servers[user] = Warm(lambda line: self.command(line, user=user))
        done = self._servers[user].called(
            words,
            {**environment_of(user), **(environ or {})},
            "/",
            stdin=stdin.encode(errors="surrogateescape"),
            timeout=timeout_seconds,
        )
        out, err = (text.decode(errors="surrogateescape") for text in (done.stdout, done.stderr))
        return self._checked(["docket", *words], done.returncode, out, err, check)

    @staticmethod
    def _checked(
        words: list[str], code: int, out: str, err: str, check: bool
    ) -> subprocess.CompletedProcess[str]:
        if check and code != 0:
            raise HostError(f"{words} gave {code}:\n{out}\n{err}")
        return subprocess.CompletedProcess(words, code, out, err)

    def _end_servers(self) -> None:
        while self._servers:
            self._servers.popitem()[1].close()

    def _is_up(self) -> bool:
        state = self.run(["systemctl", "is-system-running"], check=False).stdout.strip()
        return state in _SETTLED

    def _has_bus(self, user: str) -> bool:
        return os.path.exists(self.path(f"/run/user/{USERS[user]}/bus"))

    def _await(self, what: str, seen: Any, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not seen():
            if time.monotonic() > deadline or self._keeper.poll() is not None:
                raise HostError(f"waited in vain for {what}\n{self._journal()}")
            time.sleep(0.02)

    def _journal(self) -> str:
        return self.run(["journalctl", "-b", "-n", "60", "--no-pager"], check=False).stdout

    def _order(self, order: str) -> dict[str, Any]:
        if self._keeper.stdin is None:
            raise HostError("the host is closed")
        self._keeper.stdin.write(json.dumps({"order": order}) + "\n")
        self._keeper.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._keeper.stdout.readline() if self._keeper.stdout else ""
        answer: dict[str, Any] = json.loads(line or '{"error": "its keeper is gone"}')
        if "error" in answer:
            self.close()
            raise HostError(f"no private host: {answer['error']}")
        return answer


def environment_of(user: str) -> dict[str, str]:
    """Return what a login of `user` in a private host would find in its environment."""
    home = "/root" if user == "root" else f"/home/{user}"
    found = {
        "HOME": home,
        "LANG": "C.UTF-8",
        "LOGNAME": user,
        "PATH": _ROOT_PATH if user == "root" else _PATH,
        "SHELL": "/bin/bash",
        "USER": user,
    }
    if user != "root":
        runtime = f"/run/user/{USERS[user]}"
        found["XDG_RUNTIME_DIR"] = runtime
        found["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={runtime}/bus"
    return found
