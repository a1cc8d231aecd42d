"""The control groups of a private host, in cgroup2 or in the older hierarchies."""

from __future__ import annotations

import contextlib
import os
import secrets
import time

from tests.system.syscalls import MS_NODEV, MS_NOEXEC, MS_NOSUID, mount

V1_CONTROLLERS = ("memory", "pids", "cpu", "blkio")


class Cgroups:
    """Groups of the host's own below the caller's, so that two hosts never meet in one tree."""

    def __init__(self, stage: str, hierarchy: str) -> None:
        self.hierarchy = hierarchy
        self._made: list[str] = []
        name = f"docket-host-{os.getpid()}-{secrets.token_hex(3)}"
        for kind, mounted in self._mounts(os.path.join(stage, "cgroup")):
            parent = os.path.join(mounted, self._here(kind).strip("/"))
            self._sweep(parent)
            group = os.path.join(parent, name)
            os.mkdir(group)
            self._made.append(group)

    @staticmethod
    def _sweep(parent: str) -> None:
        """Take away the empty groups of keepers that were killed before they could."""
        for name in os.listdir(parent):
            owner = name.removeprefix("docket-host-").partition("-")[0]
            if (
                name.startswith("docket-host-")
                and owner.isdigit()
                and not os.path.exists(f"/proc/{owner}")
            ):
                for place, _, _ in os.walk(os.path.join(parent, name), topdown=False):
                    with contextlib.suppress(OSError):
                        os.rmdir(place)

    def _mounts(self, base: str) -> list[tuple[str, str]]:
        """Mount what the host will see, to make the groups in: (controllers, where)."""
        mounted = [("", self._mount(base, "unified", "cgroup2", ""))]
        if self.hierarchy == "v1":
            for name, options in (
                ("systemd", "none,name=systemd"),
                *((c, c) for c in V1_CONTROLLERS),
            ):
                key = "name=systemd" if name == "systemd" else name
                mounted.append((key, self._mount(base, name, "cgroup", options)))
        return mounted

    @staticmethod
    def _mount(base: str, name: str, kind: str, options: str) -> str:
        target = os.path.join(base, name)
        os.makedirs(target)
        mount("cgroup", target, kind, MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
        return target

    @staticmethod
    def _here(kind: str) -> str:
        """Return the group below which to make one: the caller's, or in cgroup2 its parent.

        In cgroup2 a group with processes of its own cannot hand controllers down.
        """
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            for line in file:
                _, controllers, path = line.rstrip("\n").split(":", 2)
                if controllers == kind and "/.." not in path:
                    return os.path.dirname(path) if kind == "" else path
        return "/"

    def join(self) -> None:
        """Move the calling process into the groups."""
        for group in self._made:
            with open(os.path.join(group, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

    def remove(self) -> None:
        """Take the groups away; their processes are gone, but the kernel may need a moment."""
        for group in self._made:
            for place, _, _ in os.walk(group, topdown=False):
                for _ in range(100):
                    try:
                        os.rmdir(place)
                    except OSError:
                        time.sleep(0.01)
                    else:
                        break
