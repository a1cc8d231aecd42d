"""Which sandboxing directives of systemd take effect where, as tried on 252 and 257.

A user's service manager has no privileges: what needs a namespace works there only inside a user
namespace, which 257 makes by itself and 252 only if `PrivateUsers=yes` is written out. Without
it 252 ignores the directive, or the service does not start (218/CAPABILITIES).
`tests/system/test_sandbox.py` tries each directive that a profile writes.
"""

from __future__ import annotations

from enum import StrEnum

NAMESPACE = "PrivateUsers"  # what gives a user's service its own user namespace


class Effect(StrEnum):
    """The effect of a directive in a scope."""

    WORKS = "works"
    # In the user scope: on 252 only beside PrivateUsers=yes, on 257 always.
    NAMESPACED = "namespaced"
    NONE = "none"


# directive -> its effect in a user's service; in the system's all of these work.
_IN_USER_SCOPE = {
    **dict.fromkeys(
        (
            *("NoNewPrivileges", "LockPersonality", "MemoryDenyWriteExecute", "RestrictRealtime"),
            *("RestrictSUIDSGID", "RestrictNamespaces", "RestrictAddressFamilies", "PrivateUsers"),
            *("SystemCallFilter", "SystemCallArchitectures", "SystemCallErrorNumber", "UMask"),
            *("SystemCallLog", "ProtectHostname", "KeyringMode"),
        ),
        Effect.WORKS,
    ),
    **dict.fromkeys(
        (
            *("ProtectSystem", "ProtectHome", "ProtectKernelTunables", "ProtectKernelModules"),
            *("ProtectKernelLogs", "ProtectControlGroups", "ProtectClock", "PrivateTmp"),
            *("PrivateDevices", "PrivateNetwork", "PrivateIPC", "PrivateMounts"),
            *("ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "BindPaths"),
            *("BindReadOnlyPaths", "TemporaryFileSystem", "ExecPaths", "NoExecPaths"),
            *("CapabilityBoundingSet", "DeviceAllow"),
        ),
        Effect.NAMESPACED,
    ),
    **dict.fromkeys(
        (
            *("ProtectProc", "ProcSubset", "IPAddressAllow", "IPAddressDeny", "DevicePolicy"),
            *("AmbientCapabilities", "SecureBits", "RestrictNetworkInterfaces"),
            *("RestrictFileSystems", "SocketBindAllow", "SocketBindDeny"),
        ),
        Effect.NONE,
    ),
}


def effect_of(directive: str, *, system: bool) -> Effect | None:
    """Return the effect of a directive of [Service]; None for one that confines nothing."""
    effect = _IN_USER_SCOPE.get(directive)
    return Effect.WORKS if system and effect is not None else effect
