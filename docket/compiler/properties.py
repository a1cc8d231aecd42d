"""A service as the properties of a transient unit: typed values for StartTransientUnit.

The names and types are those of systemd's bus interface, which are not always those of unit files.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Sequence
from typing import Any

from docket.compiler.quoting import path_refusal, refusal, value_refusal
from docket.compiler.text import refused
from docket.model.task.capabilities import CAPABILITIES
from docket.model.text.size import size_bytes
from docket.model.time.span import parse_span

Property = tuple[str, str, Any]  # its name, its D-Bus signature, its value as JSON holds it

_FOREVER = 2**64 - 1
_WHOLE_SCALE = 2**32 - 1
_RECURSIVE = 16_384  # MS_REC: what is mounted below comes along
_ALL_NAMESPACES = 0x7E02_0000  # the CLONE_NEW* flags that systemd knows
_TRUE = frozenset(("1", "yes", "y", "true", "t", "on"))
FALSE_WORDS = frozenset(("0", "no", "n", "false", "f", "off"))
_SPECIFIER = re.compile(r"%[A-Za-z%]")
_STRINGS = frozenset(
    (
        "Description",
        "KillMode",
        "OOMPolicy",
        "NotifyAccess",
        "Slice",
        "Type",
        "CollectMode",
        "SyslogIdentifier",
        "SyslogFacility",
        "SyslogLevel",
        "ProtectHome",
        "ProtectSystem",
        "ProtectProc",
        "ProcSubset",
        "Personality",
        "KeyringMode",
        "DevicePolicy",
    )
)
_FLAGS = frozenset(
    (
        "NoNewPrivileges",
        "PrivateTmp",
        "PrivateDevices",
        "PrivateNetwork",
        "PrivateIPC",
        "PrivateUsers",
        "PrivateMounts",
        "ProtectKernelTunables",
        "ProtectKernelModules",
        "ProtectKernelLogs",
        "ProtectControlGroups",
        "ProtectClock",
        "ProtectHostname",
        "RestrictRealtime",
        "RestrictSUIDSGID",
        "LockPersonality",
        "RemoveIPC",
        "MemoryDenyWriteExecute",
        "IgnoreSIGPIPE",
        "CPUAccounting",
        "MemoryAccounting",
        "IOAccounting",
        "TasksAccounting",
        "IPAccounting",
        "SyslogLevelPrefix",
    )
)
_LISTS = frozenset(
    (
        "After",
        "Before",
        "Wants",
        "Requires",
        "Requisite",
        "BindsTo",
        "PartOf",
        "Conflicts",
        "OnFailure",
        "OnSuccess",
        "RequiresMountsFor",
        "Documentation",
        "ReadWritePaths",
        "ReadOnlyPaths",
        "InaccessiblePaths",
        "ExecPaths",
        "NoExecPaths",
    )
)
_NUMBERS = frozenset(
    (
        "CPUWeight",
        "IOWeight",
        "StartupCPUWeight",
        "StartupIOWeight",
    )
)
_BYTE_LIMITS = frozenset(
    (
        "MemoryMin",
        "MemoryLow",
        "MemoryHigh",
        "MemoryMax",
        "MemorySwapMax",
    )
)
_KILL = 0x7FFFFFFE  # SECCOMP_ERROR_NUMBER_KILL of systemd's seccomp-util.h
_SPANS = frozenset(
    (
        "TimeoutStartSec",
        "TimeoutStopSec",
        "StartLimitIntervalSec",
    )
)


class UnitProperties:
    """Takes the lines of one service, as UnitText does, and keeps them as typed properties.

    `unsaid` names the directives that cannot be sent over the bus, with the reason.
    """

    def __init__(self, task: str) -> None:
        self._task = task
        self._found: dict[str, Property] = {}
        self.unsaid: list[str] = []

    @property
    def properties(self) -> list[Property]:
        """The properties so far."""
        return list(self._found.values())

    def section(self, name: str) -> None:
        """Begin a section; the bus knows none."""

    def fixed(self, *lines: str) -> None:
        """Add lines as unit files have them."""
        for line in lines:
            name, _, text = line.partition("=")
            if _SPECIFIER.search(text):
                self.unsaid.append(f"{name}: it holds a specifier")
            else:
                self._add(name, text)

    def value(self, directive: str, text: str, key: str) -> None:
        """Add one directive with the value that the user's `key` gives it."""
        why = value_refusal(text)
        if why is not None:
            raise refused(self._task, key, why)
        self._add(directive, text)

    def measure(self, directive: str, text: str, key: str) -> None:
        """Add a number with its unit, such as `512M` or `50%`."""
        del key
        self._add(directive, text)

    def paths(self, directive: str, paths: Sequence[str], key: str) -> None:
        """Add paths, each of which may be missing when the service starts."""
        for path in paths:
            why = path_refusal(path)
            if why is not None:
                raise refused(self._task, key, why)
        if not paths:
            return
        if directive.startswith("Bind"):
            self._append(directive, "a(ssbt)", [[path, path, True, _RECURSIVE] for path in paths])
        else:
            self._append(directive, "as", ["-" + path for path in paths])

    def command(self, directive: str, words: Sequence[str], *, privileged: bool = False) -> None:
        """Add one command line of Docket's own; no variable is expanded in it.

        A `privileged` one before the start prepares what whoever starts a transient unit has
        prepared already.
        """
        if privileged and directive == "ExecStartPre":
            return
        for word in words:
            why = refusal(word)
            if why is not None:
                raise refused(self._task, directive, why)
        flags = ["ignore-failure", "privileged"] if privileged else []
        line = [words[0], list(words), [*flags, "no-env-expand"]]
        self._append(f"{directive}Ex", "a(sasas)", [line])

    def _add(self, name: str, text: str) -> None:
        try:
            self._say(name, text)
        except (ValueError, KeyError) as error:
            self.unsaid.append(f"{name}: {error}")

    def _say(self, name: str, text: str) -> None:
        special = _SPECIAL.get(name)
        if special is not None:
            special(self, text)
        elif name in _STRINGS:
            self._put(name, "s", text)
        elif name in _FLAGS:
            self._put(name, "b", _flag(text))
        elif name in _LISTS:
            before = self._found.get(name, (name, "as", []))[2] if text else []
            self._put(name, "as", [*before, *_plain_words(text)])
        elif name in _NUMBERS:
            self._put(name, "t", int(text))
        elif name in _SPANS:
            self._put(name.removesuffix("Sec") + "USec", "t", _span_us(text))
        elif name in _BYTE_LIMITS:
            self._put_size(name, text)
        else:
            raise ValueError("Docket does not know its type on the bus")

    def _put(self, name: str, signature: str, value: Any) -> None:
        self._found[name] = (name, signature, value)

    def _append(self, name: str, signature: str, values: list[Any]) -> None:
        before = self._found.get(name, (name, signature, []))[2]
        self._put(name, signature, [*before, *values])

    def _put_size(self, name: str, text: str) -> None:
        if text.endswith("%"):
            scale = round(float(text[:-1]) / 100 * _WHOLE_SCALE)
            self._put(f"{name}Scale", "u", min(scale, _WHOLE_SCALE))
        else:
            self._put(name, "t", _size(text))

    def _put_tasks(self, text: str) -> None:
        self._put_size("TasksMax", text)

    def _put_quota(self, text: str) -> None:
        if not text.endswith("%"):
            raise ValueError("it is not a percentage")
        self._put("CPUQuotaPerSecUSec", "t", round(float(text[:-1]) * 10_000))

    def _put_nice(self, text: str) -> None:
        self._put("Nice", "i", int(text))

    def _put_open_files(self, text: str) -> None:
        soft, _, hard = text.partition(":")
        self._put("LimitNOFILESoft", "t", _size(soft))
        self._put("LimitNOFILE", "t", _size(hard or soft))

    def _put_exit_status(self, text: str) -> None:
        self._put("SuccessExitStatus", "(aiai)", [[int(word) for word in text.split()], []])

    def _put_credential(self, text: str) -> None:
        self._add_credential("LoadCredential", text)

    def _put_encrypted_credential(self, text: str) -> None:
        self._add_credential("LoadCredentialEncrypted", text)

    def _add_credential(self, directive: str, text: str) -> None:
        name, _, source = text.partition(":")
        self._append(directive, "a(ss)", [[name, source]])

    def _put_system_calls(self, text: str) -> None:
        # Each line adds to the ones before it, or takes away: they stay apart, in their order.
        name = "SystemCallFilter"
        key = f"{name} {sum(known.startswith(name) for known in self._found)}"
        self._found[key] = (name, "(bas)", _choice(text))

    def _put_families(self, text: str) -> None:
        self._put("RestrictAddressFamilies", "(bas)", _choice(text))

    def _put_architectures(self, text: str) -> None:
        self._put("SystemCallArchitectures", "as", _plain_words(text))

    def _put_errno(self, text: str) -> None:
        number = _KILL if text == "kill" else getattr(errno, text, None)
        number = int(text) if number is None else number
        self._put("SystemCallErrorNumber", "i", number)

    def _put_namespaces(self, text: str) -> None:
        self._put("RestrictNamespaces", "t", 0 if _flag(text) else _ALL_NAMESPACES)

    def _put_capabilities(self, text: str) -> None:
        self._put("CapabilityBoundingSet", "t", _bits(text))

    def _put_empty_directories(self, text: str) -> None:
        parts = [word.partition(":") for word in _plain_words(text)]
        self._append("TemporaryFileSystem", "a(ss)", [[path, how] for path, _, how in parts])

    def _put_device(self, text: str) -> None:
        path, _, access = text.rpartition(" ")
        self._append("DeviceAllow", "a(ss)", [[path, access]])


_SPECIAL: dict[str, Callable[[UnitProperties, str], None]] = {
    "TasksMax": UnitProperties._put_tasks,  # noqa: SLF001  (a table of the class's own methods)
    "CPUQuota": UnitProperties._put_quota,  # noqa: SLF001
    "Nice": UnitProperties._put_nice,  # noqa: SLF001
    "LimitNOFILE": UnitProperties._put_open_files,  # noqa: SLF001
    "SuccessExitStatus": UnitProperties._put_exit_status,  # noqa: SLF001
    "LoadCredential": UnitProperties._put_credential,  # noqa: SLF001
    "LoadCredentialEncrypted": UnitProperties._put_encrypted_credential,  # noqa: SLF001
    "SystemCallFilter": UnitProperties._put_system_calls,  # noqa: SLF001
    "SystemCallArchitectures": UnitProperties._put_architectures,  # noqa: SLF001
    "SystemCallErrorNumber": UnitProperties._put_errno,  # noqa: SLF001
    "RestrictAddressFamilies": UnitProperties._put_families,  # noqa: SLF001
    "RestrictNamespaces": UnitProperties._put_namespaces,  # noqa: SLF001
    "CapabilityBoundingSet": UnitProperties._put_capabilities,  # noqa: SLF001
    "DeviceAllow": UnitProperties._put_device,  # noqa: SLF001
    "TemporaryFileSystem": UnitProperties._put_empty_directories,  # noqa: SLF001
}


def _bits(text: str) -> int:
    """Return the set of capabilities that the words name, if `~` takes all others."""
    bits = 0
    for word in text.removeprefix("~").split():
        bits |= 1 << CAPABILITIES[word]
    return ~bits & ((1 << len(CAPABILITIES)) - 1) if text.startswith("~") else bits


def _choice(text: str) -> list[Any]:
    """Return whether the words are allowed (without `~`) or refused, and the words."""
    return [not text.startswith("~"), _plain_words(text.removeprefix("~"))]


def _flag(text: str) -> bool:
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError(f"{text!r} is neither yes nor no")


def _plain_words(text: str) -> list[str]:
    if any(c in text for c in "\"'\\"):
        raise ValueError("it holds quotes")
    return text.split()


def _span_us(text: str) -> int:
    return _FOREVER if text == "infinity" else round(parse_span(text) * 1_000_000)


def _size(text: str) -> int:
    if text == "infinity":
        return _FOREVER
    return size_bytes(text)
