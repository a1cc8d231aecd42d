"""The disk of a private host: a root tree, mostly this machine's, under a layer in memory."""

from __future__ import annotations

import os
import shutil
import uuid

from tests.system.syscalls import MS_BIND, mount

# What a test host does not need, or what would reach the machine underneath:
# kernel settings, modules, devices, clocks.
MASKED = (
    "apt-daily.timer",
    "apt-daily-upgrade.timer",
    "console-getty.service",
    "dev-hugepages.mount",
    "dev-mqueue.mount",
    "getty.target",
    "kmod-static-nodes.service",
    "ldconfig.service",
    "modprobe@.service",
    "proc-sys-fs-binfmt_misc.automount",
    "proc-sys-fs-binfmt_misc.mount",
    "sys-fs-fuse-connections.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
    "systemd-binfmt.service",
    "systemd-hwdb-update.service",
    "systemd-journald-audit.socket",
    "systemd-modules-load.service",
    "systemd-networkd.service",
    "systemd-networkd.socket",
    "systemd-pstore.service",
    "systemd-random-seed.service",
    "systemd-remount-fs.service",
    "systemd-resolved.service",
    "systemd-sysctl.service",
    "systemd-timesyncd.service",
    "systemd-tmpfiles-setup-dev.service",
    "systemd-tmpfiles-setup-dev-early.service",
    "systemd-udev-trigger.service",
    "systemd-udevd.service",
    "systemd-udevd-control.socket",
    "systemd-udevd-kernel.socket",
    "systemd-firstboot.service",
)


def write(path: str, text: str, mode: int = 0o644) -> None:
    """Write a whole file, in place of whatever was there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.lexists(path):
        os.unlink(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def _is_narrow(folder: str) -> bool:
    entries = [os.stat(folder), *(e.stat(follow_symlinks=False) for e in os.scandir(folder))]
    return any(not entry.st_mode & 0o004 for entry in entries)


def _open_to_all(folder: str) -> None:
    for place, _, files in os.walk(folder):
        os.chmod(place, os.stat(place).st_mode | 0o055)
        for name in files:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                mode = os.stat(path).st_mode
                runnable = 0o011 if mode & 0o100 else 0
                os.chmod(path, mode | 0o044 | runnable)


class Disk:
    """The host's root: a tree under a layer in memory that takes every change."""

    def __init__(self, tree: str, shown: list[str], stage: str) -> None:
        self.stage = stage
        self.root = os.path.join(stage, "root")
        self.shown = shown
        self._layers = 0
        mount("tmpfs", stage, "tmpfs", 0, "mode=0755")
        self._overlay(tree, self.root)

    def _overlay(self, lower: str, target: str, extra: str = "") -> None:
        self._layers += 1
        upper, work = (f"{self.stage}/{name}{self._layers}" for name in ("upper", "work"))
        for made in (upper, work):
            os.mkdir(made)
        os.chmod(upper, 0o755)
        os.makedirs(target, exist_ok=True)
        escaped = "".join("\\" + c if c in "\\:," else c for c in lower)
        layers = f"lowerdir={escaped},upperdir={upper},workdir={work}"
        mount("overlay", target, "overlay", 0, layers + extra)

    def inside(self, path: str) -> str:
        """Return where `path` of the host is for this process."""
        return self.root + path

    def _view(self, path: str) -> str:
        return f"{self.stage}/shown{path}"

    def hold(self, path: str, outside: str) -> None:
        """Take the folder `outside` along, to be shown as `path` after each boot.

        What the host writes to it goes to memory; a checkout of a narrow umask is opened to all.
        """
        try:  # a change of mode need not copy the file
            self._overlay(outside, self._view(path), ",metacopy=on")
        except OSError:
            self._overlay(outside, self._view(path))
        if _is_narrow(self._view(path)):
            _open_to_all(self._view(path))

    def show_all(self) -> None:
        """Bind what is held into the host; after /tmp is mounted, for it may lie below it."""
        for path in self.shown:
            parent = os.path.dirname(path)
            os.makedirs(self.inside(path), exist_ok=True)
            while parent != "/":
                os.chmod(self.inside(parent), os.stat(self.inside(parent)).st_mode | 0o111)
                parent = os.path.dirname(parent)
            mount(self._view(path), self.inside(path), None, MS_BIND)

    def furnish(self, users: dict[str, int]) -> None:
        """Make it a machine of its own: identity, users, a journal, and nothing that is enabled."""
        for emptied in ("system", "user"):
            self._forget_enabled(self.inside(f"/etc/systemd/{emptied}"))
        for kind in ("system-generators", "user-generators"):
            for place in ("/lib/systemd", "/usr/lib/systemd", "/usr/local/lib/systemd"):
                self._mask_all(self.inside(f"{place}/{kind}"), self.inside(f"/etc/systemd/{kind}"))
        for unit in MASKED:
            self._mask(self.inside(f"/etc/systemd/system/{unit}"))
        write(self.inside("/etc/fstab"), "")
        write(self.inside("/etc/hostname"), "docket-host\n")
        write(self.inside("/etc/machine-id"), uuid.uuid4().hex + "\n")
        # The rule for /tmp empties it at boot, with whatever checkout is shown below it.
        write(self.inside("/etc/tmpfiles.d/tmp.conf"), "")
        write(
            self.inside("/etc/systemd/journald.conf.d/host.conf"),
            "[Journal]\nStorage=persistent\nReadKMsg=no\nAudit=no\n",
        )
        shutil.rmtree(self.inside("/var/log/journal"), ignore_errors=True)
        os.makedirs(self.inside("/var/log/journal"))
        shutil.rmtree(self.inside("/var/lib/systemd/linger"), ignore_errors=True)
        for name, number in users.items():
            self._add_user(name, number)

    def show_modules(self, folder: str) -> None:
        """Let the tree's own python3 find the modules in `folder`, also from the machine's .venv.

        A .venv that takes its interpreter and its modules from the distribution has those of the
        tree here; what it installed itself is for the machine's own Python.
        """
        write(self.inside("/usr/lib/python3/dist-packages/docket-checkout.pth"), folder + "\n")

    @staticmethod
    def _forget_enabled(folder: str) -> None:
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                if name.endswith((".wants", ".requires")):
                    shutil.rmtree(os.path.join(folder, name))

    def _mask_all(self, folder: str, masks: str) -> None:
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                self._mask(os.path.join(masks, name))

    @staticmethod
    def _mask(path: str) -> None:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        os.symlink("/dev/null", path)

    def _add_user(self, name: str, number: int) -> None:
        home = f"/home/{name}"
        for file, line in (
            ("/etc/passwd", f"{name}:x:{number}:{number}::{home}:/bin/bash"),
            ("/etc/group", f"{name}:x:{number}:"),
            ("/etc/shadow", f"{name}:!:19000:0:99999:7:::"),
        ):
            with open(self.inside(file), "a", encoding="utf-8") as database:
                database.write(line + "\n")
        os.makedirs(self.inside(home))
        os.chmod(self.inside(home), 0o700)
        os.chown(self.inside(home), number, number)
        # A file of that name is what `loginctl enable-linger` leaves behind.
        write(self.inside(f"/var/lib/systemd/linger/{name}"), "")
