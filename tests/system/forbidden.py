"""Tries what a sandbox forbids, and prints the outcome of each as JSON: "done" or the errno's name.

Run inside of a unit by the system tests: `python3 -IS forbidden.py FOLDER OTHER_PID NAME...`.
Standard library only. FOLDER is the home of whoever runs it.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import socket
import stat
import sys
from collections.abc import Callable

_LIBC = ctypes.CDLL(None, use_errno=True)
_NUMBERS = {
    "x86_64": {"mount": 165, "ptrace": 101, "settime": 227, "init_module": 175, "bpf": 321}
    | {"unshare": 272, "personality": 135, "syslog": 103, "readv": 310},
    "aarch64": {"mount": 40, "ptrace": 117, "settime": 112, "init_module": 105, "bpf": 280}
    | {"unshare": 97, "personality": 92, "syslog": 116, "readv": 270},
}[platform.machine()]
_NEW_USER = 0x1000_0000
_NO_RANDOMISATION = 0x0004_0000
FOLDER, OTHER = sys.argv[1], int(sys.argv[2])


def call(name: str, *arguments: object) -> None:
    """Make a system call that the standard library does not have; OSError."""
    if _LIBC.syscall(_NUMBERS[name], *arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def write(path: str) -> None:
    """Write a file, and take it away again."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("planted")
    os.unlink(path)


def read(path: str) -> str:
    """Return the text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def move(path: str) -> None:
    """Give a file or directory another name, and its own again."""
    os.rename(path, path + ".moved")
    os.rename(path + ".moved", path)


def move_any_of_the_shared() -> None:
    """Put something else in the place of a directory that other runs find by its name."""
    refused = None
    for path in os.environ["SHARED"].split(":"):
        try:
            move(path)
        except OSError as error:
            refused = error
        else:
            return
    if refused is not None:
        raise refused


def connect(path: str) -> None:
    """Connect to a socket in the file system."""
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)


def make_socket(family: int, kind: int = socket.SOCK_RAW) -> None:
    """Make a socket of a family."""
    socket.socket(family, kind).close()


def reach_out() -> None:
    """Have a route to somewhere else; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("192.0.2.1", 9))


def loop_back() -> None:
    """Talk to ourselves over TCP."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        one.listen()
        other.connect(one.getsockname())


def set_user_id() -> None:
    """Make a program that runs as its owner."""
    path = f"/dev/shm/suid-{os.getpid()}"
    with open(path, "w", encoding="utf-8"):
        pass
    try:
        os.chmod(path, 0o4755)
    finally:
        os.unlink(path)


def gain_privileges() -> None:
    """Whether a program may be run that gives privileges."""
    with open("/proc/self/status", encoding="utf-8") as file:
        if "NoNewPrivs:\t1" in file.read():
            raise OSError(errno.EPERM, "no new privileges")


def powers() -> None:
    """Whether any capability could be had."""
    with open("/proc/self/status", encoding="utf-8") as file:
        bounds = next(line for line in file if line.startswith("CapBnd:")).split()[1]
    if int(bounds, 16) & 1 << 21 == 0:  # CAP_SYS_ADMIN
        raise OSError(errno.EPERM, "not in the bounding set")


def foreign_call() -> None:
    """Whether programs of another architecture are refused: a filter is in place."""
    with open("/proc/self/status", encoding="utf-8") as file:
        if "Seccomp:\t2" in file.read():
            raise OSError(errno.EPERM, "filtered")


def foreign_call_itself() -> None:
    """Make a system call of another architecture: getpid of 32-bit x86, as machine code.

    The kernel kills for it, so a child tries.
    """
    if platform.machine() != "x86_64":
        return foreign_call()
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20; int 0x80; ret
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    child = os.fork()
    if child == 0:
        os._exit(0 if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0 else 1)
    if os.waitpid(child, 0)[1] != 0:
        raise OSError(errno.ENOSYS, "refused")
    return None


def make_device() -> None:
    """Make a device file: another /dev/null."""
    path = f"/tmp/device-{os.getpid()}"
    os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
    os.unlink(path)


def give_away() -> None:
    """Make somebody else the owner of a file."""
    path = f"/tmp/given-{os.getpid()}"
    with open(path, "w", encoding="utf-8"):
        pass
    try:
        os.chown(path, 4712, -1)
    finally:
        os.unlink(path)


def own_cgroup() -> str:
    """Return the directory of our own control group."""
    with open("/proc/self/cgroup", encoding="utf-8") as file:
        path = file.read().strip().rpartition(":")[2]
    roots = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/systemd")
    return next(root + path for root in roots if os.path.isdir(root + path))


def make_cgroup() -> None:
    """Make a control group below our own."""
    path = own_cgroup() + "/planted"
    os.mkdir(path)
    os.rmdir(path)


def tune() -> None:
    """Change a tunable of the kernel to what it is."""
    with open("/proc/sys/kernel/core_pattern", "r+", encoding="utf-8") as file:
        text = file.read()
        file.seek(0)
        file.write(text)


def look_at(memory: int) -> None:
    """Read another process's memory."""
    size = 8
    buffer = ctypes.create_string_buffer(size)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), size)
    remote = (ctypes.c_void_p * 2)(id(buffer), size)
    call("readv", memory, local, 1, remote, 1, 0)


def runtime(path: str) -> str:
    """Return a path in the user's runtime directory."""
    return f"/run/user/{os.getuid()}/{path}"


TRIES: dict[str, Callable[[], object]] = {
    # First: its child's end is a signal, and "trace" lets signals stop this process.
    "foreign call itself": foreign_call_itself,
    "write /etc": lambda: write("/etc/docket-planted"),
    "write /usr": lambda: write("/usr/docket-planted"),
    "write /srv": lambda: write("/srv/open/planted"),
    "write /run": lambda: write("/run/lock/planted"),
    "plant a unit": lambda: write("/run/systemd/system/planted.service"),
    "write granted": lambda: write("/srv/granted/planted"),
    "write home": lambda: write(f"{FOLDER}/planted"),
    "read home": lambda: read(f"{FOLDER}/notes"),
    "read keys": lambda: os.listdir(f"{FOLDER}/.ssh"),
    "read other home": lambda: read("/home/bob/shared"),
    "read hidden": lambda: os.listdir("/srv/hidden"),
    "read /root": lambda: read("/root/notes"),
    "see /tmp": lambda: os.stat("/tmp/of-the-host"),
    "write /tmp": lambda: write("/tmp/own"),
    "reach out": reach_out,
    "loop back": loop_back,
    "packet socket": lambda: make_socket(socket.AF_PACKET),
    "inet socket": lambda: make_socket(socket.AF_INET, socket.SOCK_STREAM),
    "vsock": lambda: make_socket(socket.AF_VSOCK, socket.SOCK_STREAM),
    "mount": lambda: call("mount", b"none", b"/mnt", b"tmpfs", 0, None),
    "new namespace": lambda: call("unshare", _NEW_USER),
    "trace": lambda: call("ptrace", 0, 0, 0, 0),
    "other memory": lambda: look_at(OTHER),
    "open other memory": lambda: os.close(os.open(f"/proc/{OTHER}/mem", os.O_RDWR)),
    "set clock": lambda: call("settime", 0, (ctypes.c_long * 2)(-5, 0)),
    "host name": lambda: socket.sethostname(socket.gethostname()),
    "real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "personality": lambda: call("personality", _NO_RANDOMISATION),
    "load module": lambda: call("init_module", None, 0, b""),
    "kernel log": lambda: call("syslog", 10, None, 0),
    "tune kernel": tune,
    "control group": make_cgroup,
    "device": lambda: os.stat("/dev/docket-device"),
    "set user id": set_user_id,
    "gain privileges": gain_privileges,
    "powers": powers,
    "foreign call": foreign_call,
    "make device": make_device,
    "granted device": lambda: os.close(os.open("/dev/docket-granted", os.O_RDWR)),
    "give a file away": give_away,
    "read file of another": lambda: read("/srv/of-bob"),
    "write empty home": lambda: write("/home/docket-planted"),
    "units": lambda: write(os.environ["UNITS"] + "/docket-planted.service"),
    "writable code": lambda: mmap.mmap(-1, 4096, prot=7),
    "system bus": lambda: connect("/run/dbus/system_bus_socket"),
    "system manager": lambda: connect("/run/systemd/private"),
    "session bus": lambda: connect(runtime("bus")),
    "user manager": lambda: connect(runtime("systemd/private")),
    "journal": lambda: os.stat("/run/systemd/journal/socket"),
    "secrets": lambda: read(os.path.dirname(os.environ["CONFIG"]) + "/secrets/other"),
    "credential": lambda: read(os.environ.get("CREDENTIALS_DIRECTORY", "") + "/token"),
    "config": lambda: open(os.environ["CONFIG"], "a", encoding="utf-8").close(),
    "move config": lambda: move(os.environ["CONFIG"]),
    "move plans": lambda: move(os.environ["PLANS"]),
    "plans": lambda: write(os.environ["PLANS"] + "/planted"),
    "drop-ins": lambda: write(os.path.dirname(os.environ["CONFIG"]) + "/tasks/planted.py"),
    "parts": lambda: write(os.path.dirname(os.environ["CONFIG"]) + "/conf.d/planted.yaml"),
    "move shared": move_any_of_the_shared,
    "state": lambda: write(os.path.dirname(os.environ["PLANS"]) + "/planted"),
}


def outcome(name: str) -> str:
    """Return the outcome of one try."""
    try:
        TRIES[name]()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "done"


if __name__ == "__main__":
    print(json.dumps({name: outcome(name) for name in sys.argv[3:] or TRIES}))
