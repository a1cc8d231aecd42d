"""The directives of each profile that name no path; systemd.exec(5), systemd.resource-control(5).

Only what takes effect in the scope on every supported systemd is in here (see `effects`).
"""

from __future__ import annotations

from collections.abc import Iterator

from docket.compiler.sandbox.effects import NAMESPACE
from docket.model.task.sandbox import Network, Sandbox

_KERNEL = (
    "ProtectKernelTunables=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelLogs=yes",
    "ProtectControlGroups=yes",
    "ProtectClock=yes",
    "ProtectHostname=yes",
)
_PROCESS = (
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "SystemCallArchitectures=native",
    # What is refused fails with an error that the command can print, and does not kill it.
    "SystemCallErrorNumber=EPERM",
)
_ADMINISTRATION = "@clock @cpu-emulation @module @mount @obsolete @raw-io @reboot @swap"
# With these the runner closes the sandbox to the processes outside: runner/call/enclosure.py.
_ENCLOSURE = "landlock_create_ruleset landlock_add_rule landlock_restrict_self"
_OTHERS_MEMORY = "@debug pidfd_getfd process_vm_readv process_vm_writev"
# What root keeps under `standard` is what copying and owning files of others takes.
_POWERS = (
    *("CAP_AUDIT_CONTROL", "CAP_BLOCK_SUSPEND", "CAP_BPF", "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN"),
    *("CAP_MAC_OVERRIDE", "CAP_MKNOD", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_PERFMON"),
    *("CAP_SYSLOG", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_MODULE", "CAP_SYS_PACCT"),
    *("CAP_SYS_PTRACE", "CAP_SYS_RAWIO", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_WAKE_ALARM"),
)


def directives(sandbox: Sandbox, *, system: bool) -> Iterator[str]:
    """Yield the lines of a sandbox that confines, without those that name paths."""
    tight = sandbox.profile.tight
    if not system:
        yield f"{NAMESPACE}=yes"
    yield from ("NoNewPrivileges=yes", "PrivateTmp=yes", "PrivateDevices=yes")
    yield f"ProtectSystem={'strict' if tight else 'full'}"
    if tight:
        yield "ProtectHome=tmpfs"
        if system:
            # Before 256 root could write into the empty homes, and what was written was lost. In a
            # user's unit this would keep a command with `+` from starting: it has no namespaces.
            yield "TemporaryFileSystem=/home:ro /root:ro /run/user:ro"
    elif system:
        yield "ProtectHome=read-only"
    yield from _KERNEL
    yield from _PROCESS
    yield from _system_calls(sandbox, tight=tight, system=system)
    if sandbox.reach is not Network.FULL:
        yield "PrivateNetwork=yes"
    yield f"RestrictAddressFamilies={' '.join(_families(sandbox, tight=tight))}"
    if tight:
        yield f"CapabilityBoundingSet={' '.join(sandbox.powers)}"
    elif system:
        kept = frozenset(sandbox.powers)
        yield f"CapabilityBoundingSet=~{' '.join(name for name in _POWERS if name not in kept)}"
    for device in sandbox.devices:
        yield f"DeviceAllow={device} rw"


def _system_calls(sandbox: Sandbox, *, tight: bool, system: bool) -> Iterator[str]:
    if tight:
        yield "SystemCallFilter=@system-service"
        # Whose file it is decides the kernel: without capabilities nobody gives files away.
        yield f"SystemCallFilter=~@privileged {_OTHERS_MEMORY}"
        yield "SystemCallFilter=@chown" + (" @setuid capset" if sandbox.powers else "")
        if system:
            yield f"SystemCallFilter={_ENCLOSURE}"
    else:
        yield f"SystemCallFilter=~{_ADMINISTRATION}"
    if sandbox.syscalls:
        yield f"SystemCallFilter={' '.join(sandbox.syscalls)}"


def _families(sandbox: Sandbox, *, tight: bool) -> Iterator[str]:
    yield "AF_UNIX"
    if sandbox.reach is not Network.NONE:
        yield from ("AF_INET", "AF_INET6")
        if not tight:
            yield "AF_NETLINK"
    yield from sandbox.address_families
