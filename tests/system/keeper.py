"""The process that owns a private host: its namespaces, its disk in memory and its life.

Run as root by host.py with one JSON object on the command line; obeys one JSON object per line on
stdin and answers each with one on stdout. At the end of stdin, however it came about, everything
that was made is taken away again. Everything is imported at the start: once the way out of a chroot
is taken, the modules cannot be found any more.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import time
import uuid
from typing import Any

from tests.system.cgroups import V1_CONTROLLERS, Cgroups
from tests.system.disk import Disk, write
from tests.system.syscalls import (
    MNT_DETACH,
    MS_BIND,
    MS_MOVE,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    MS_SHARED,
    NEW_CGROUP,
    NEW_IPC,
    NEW_MOUNT,
    NEW_PID,
    NEW_UTS,
    checked,
    die_with_parent,
    libc,
    mount,
    private_mounts,
)

DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}


def make_device(path: str, major: int, minor: int, known: str) -> None:
    """Make a device everybody may use, or bind the one that is there if that is not allowed."""
    try:
        os.mknod(path, 0o020666, os.makedev(major, minor))
        os.chmod(path, 0o666)
    except PermissionError:
        write(path, "")
        mount(known, path, None, MS_BIND)


class Host:
    """One private host: boots over its disk, again and again, each time as a new boot."""

    def __init__(self, disk: Disk, cgroups: Cgroups) -> None:
        self.disk = disk
        self.cgroups = cgroups
        self._guard = 0
        self.init = 0

    def boot(self) -> dict[str, Any]:
        """Start init in namespaces of its own and return its pid and the boot id."""
        boot_id = str(uuid.uuid4())
        write(os.path.join(self.disk.stage, "boot_id"), boot_id + "\n", 0o444)
        receiver, sender = os.pipe()
        self._guard = os.fork()
        if self._guard == 0:
            os.close(receiver)
            self._guarding(sender)
        os.close(sender)
        with os.fdopen(receiver, encoding="utf-8") as pipe:
            answer: dict[str, Any] = json.loads(pipe.read() or '{"error": "the guard died"}')
        self.init = answer.get("pid", 0)
        return {**answer, "boot_id": boot_id}

    def _guarding(self, sender: int) -> None:
        """Be the parent of init, outside its namespaces: when the keeper dies, both die."""
        try:
            die_with_parent()
            self.cgroups.join()
            checked(
                libc.unshare(NEW_MOUNT | NEW_CGROUP | NEW_UTS | NEW_IPC | NEW_PID), "namespaces"
            )
            # What goes wrong between fork and exec comes up this pipe; exec closes it.
            trouble, failing = os.pipe()
            init = os.fork()
            if init == 0:
                os.close(trouble)
                self._becoming_init(failing)
            os.close(failing)
            with os.fdopen(trouble, encoding="utf-8") as pipe:
                problem = pipe.read()
            report = {"error": problem} if problem else {"pid": init}
        except OSError as error:
            report, init = {"error": str(error)}, 0
        os.write(sender, json.dumps(report).encode())
        os.close(sender)
        if init:
            os.waitpid(init, 0)
        os._exit(0)

    def _becoming_init(self, failing: int) -> None:
        try:
            die_with_parent()
            socket.sethostname("docket-host")
            self._mount_api()
            self._switch_root()
            self._exec_init(failing)
        except BaseException as error:  # noqa: BLE001  (the process ends here, whatever it was)
            os.write(failing, f"{type(error).__name__}: {error}".encode())
        os._exit(1)

    def _mount_api(self) -> None:
        root = self.disk.root
        for place in ("proc", "sys", "dev", "run", "tmp"):
            os.makedirs(f"{root}/{place}", exist_ok=True)
        mount("proc", f"{root}/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount(f"{self.disk.stage}/boot_id", f"{root}/proc/sys/kernel/random/boot_id", None, MS_BIND)
        self._freeze(f"{root}/proc/sys")
        mount("sysfs", f"{root}/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
        self._mount_cgroups(f"{root}/sys/fs/cgroup")
        self._mount_devices(f"{root}/dev")
        mount("tmpfs", f"{root}/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
        mount("tmpfs", f"{root}/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
        self.disk.show_all()

    @staticmethod
    def _freeze(path: str) -> None:
        """Make the kernel's settings, which belong to the whole machine, read-only in the host."""
        mount(path, path, None, MS_BIND | MS_REC)
        mount("none", path, None, MS_BIND | MS_REMOUNT | MS_RDONLY)

    def _mount_cgroups(self, base: str) -> None:
        flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
        if self.cgroups.hierarchy == "unified":
            mount("cgroup2", base, "cgroup2", flags)
            return
        mount("tmpfs", base, "tmpfs", flags, "mode=0755")
        for name in ("unified", "systemd", *V1_CONTROLLERS):
            os.mkdir(f"{base}/{name}")
            options = "none,name=systemd" if name == "systemd" else name
            if name == "unified":
                mount("cgroup2", f"{base}/{name}", "cgroup2", flags)
            else:
                mount("cgroup", f"{base}/{name}", "cgroup", flags, options)

    @staticmethod
    def _mount_devices(base: str) -> None:
        """Give it devices of its own: /dev/log of the host must not appear on the machine."""
        mount("tmpfs", base, "tmpfs", MS_NOSUID, "mode=0755")
        for name, minor in DEVICES.items():
            make_device(f"{base}/{name}", 1, minor, f"/dev/{name}")
        make_device(f"{base}/tty", 5, 0, "/dev/tty")
        make_device(f"{base}/console", 1, DEVICES["null"], "/dev/null")
        for name, target in (("fd", "/proc/self/fd"), ("ptmx", "pts/ptmx"), ("core", "/proc/kcore"),
                             *((n, f"/proc/self/fd/{i}")
                               for i, n in enumerate(("stdin", "stdout", "stderr")))):  # fmt: skip
            os.symlink(target, f"{base}/{name}")
        for name, kind, options in (("pts", "devpts", "newinstance,ptmxmode=0666,mode=620,gid=5"),
                                    ("shm", "tmpfs", "mode=1777")):  # fmt: skip
            os.mkdir(f"{base}/{name}")
            mount(kind, f"{base}/{name}", kind, MS_NOSUID | MS_NOEXEC, options)

    def _switch_root(self) -> None:
        os.chdir(self.disk.root)
        if libc.pivot_root(b".", b".") == 0:
            checked(libc.umount2(b".", MNT_DETACH), "letting go of the old root")
        else:  # the root of an initramfs cannot be exchanged, only covered
            mount(".", "/", None, MS_MOVE)
            os.chroot(".")
        os.chdir("/")
        # As on a machine: credentials of system units are mounted in a helper's namespace.
        mount("none", "/", None, MS_REC | MS_SHARED)

    def _exec_init(self, failing: int) -> None:
        console = os.open("/dev/null", os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(console, number)
        os.closerange(3, failing)
        os.closerange(failing + 1, 1024)
        os.set_inheritable(failing, False)
        os.setsid()
        program = next(p for p in ("/lib/systemd/systemd", "/usr/lib/systemd/systemd")
                       if os.path.exists(p))  # fmt: skip
        words = [program, "--system", "--unit=multi-user.target"]
        if self.cgroups.hierarchy == "v1":
            # From 256 on, systemd wants to hear twice that it is meant.
            words += ["systemd.unified_cgroup_hierarchy=0", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"]
        os.execve(program, words, {"container": "docker"})

    def halt(self) -> dict[str, Any]:
        """Cut the power: kill init, and with it every process of the host."""
        if self._guard:
            if self.init:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.init, signal.SIGKILL)
            os.waitpid(self._guard, 0)
        self._guard = self.init = 0
        return {"halted": True}

    def wait_off(self) -> dict[str, Any]:
        """Wait until the host has switched itself off, 30 s at most."""
        deadline = time.monotonic() + 30
        while self._guard and time.monotonic() < deadline:
            if os.waitpid(self._guard, os.WNOHANG)[0]:
                self._guard = self.init = 0
            else:
                time.sleep(0.02)
        return {"off": self._guard == 0}


def stage_beside(*paths: str) -> str:
    """Return an empty folder every Debian has, to cover with the disk; none of `paths` is in it."""
    for candidate in ("/mnt", "/media", "/srv"):
        if os.path.isdir(candidate) and not any(p.startswith(candidate + "/") for p in paths):
            return candidate
    raise OSError(f"/mnt, /media and /srv all hold one of: {' '.join(paths)}")


def serve(host: Host) -> None:
    """Obey what comes on stdin until it ends."""
    orders = {"boot": host.boot, "halt": host.halt, "wait_off": host.wait_off}
    for line in sys.stdin:
        try:
            answer = orders[json.loads(line)["order"]]()
        except OSError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


def main() -> int:
    """Make the host that the command line describes and serve it to its end."""
    wanted = json.loads(sys.argv[1])
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        machine = private_mounts("/").rstrip("/")
        tree = machine + wanted["tree"]
        outside = [machine + path for path in wanted["shown"]]
        stage = stage_beside(tree + "/", *outside)
        disk = Disk(tree, wanted["shown"], stage)
        for path, lower in zip(wanted["shown"], outside, strict=True):
            disk.hold(path, lower)
        disk.furnish(wanted["users"])
        if wanted["tree"] != "/":
            disk.show_modules(wanted["shown"][0])
        cgroups = Cgroups(stage, wanted["hierarchy"])
    except OSError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 1
    host = Host(disk, cgroups)
    print(json.dumps({"ready": True}), flush=True)
    try:
        serve(host)
    finally:
        host.halt()
        cgroups.remove()
    return 0
