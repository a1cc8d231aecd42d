"""What a task's runs are kept from: the key `sandbox`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander, ExpansionError
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Path, Scalar, Section, Sequence
from docket.model.task.sandbox import Network, Profile, Sandbox
from docket.model.task.task import UserSpec
from docket.model.text.nearest import nearest

# systemd-analyze syscall-filter, on 252 and 257.
GROUPS = (
    *("@aio", "@basic-io", "@chown", "@clock", "@cpu-emulation", "@debug", "@default"),
    *("@file-system", "@io-event", "@ipc", "@keyring", "@known", "@memlock", "@module", "@mount"),
    *("@network-io", "@obsolete", "@pkey", "@privileged", "@process", "@raw-io", "@reboot"),
    *("@resources", "@sandbox", "@setuid", "@signal", "@swap", "@sync", "@system-service"),
    "@timer",
)
FAMILIES = (
    *("AF_ALG", "AF_BLUETOOTH", "AF_CAN", "AF_INET", "AF_INET6", "AF_KEY", "AF_NETLINK"),
    *("AF_PACKET", "AF_QIPCRTR", "AF_RDS", "AF_TIPC", "AF_UNIX", "AF_VSOCK", "AF_XDP"),
)


# What root needs to become the user and to hand files over.
_TO_BECOME = (
    *("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETPCAP"),
    "CAP_SETUID",
)


def sandbox(entry: TaskEntry, expander: Expander, runs_as: UserSpec | None) -> Sandbox:
    """Return what the runs are kept from; `~` in `expander` is the home of whoever runs them."""
    found = _written(entry, expander)
    if runs_as is None:
        return found
    if runs_as.new_privileges and found.confines:
        entry.problem(
            ("new_privileges",),
            "`new_privileges` has no effect in a sandbox, which gives none to anybody",
            hint="take one of the two out",
        )
    powers = tuple(dict.fromkeys((*_TO_BECOME, *runs_as.capabilities)))
    return found.replace(home=expander.path("~"), powers=powers)


def _written(entry: TaskEntry, expander: Expander) -> Sandbox:
    node = entry.node("sandbox")
    if isinstance(node, Scalar):
        return Sandbox(Profile(str(node.value)))
    if not isinstance(node, Section):
        return Sandbox()
    profile = Profile(str(node.entries["from"].plain()))
    if profile is Profile.NONE:
        entry.problem(
            ("sandbox", "from"),
            "`sandbox.from` is `none`, to which nothing can be added",
            expected="one of `standard`, `strict`, `readonly`",
        )
    return Sandbox(
        profile=profile,
        writable=_paths(entry, expander, "writable"),
        readable=_paths(entry, expander, "readable"),
        hidden=_paths(entry, expander, "hidden"),
        network=_network(node.entries.get("network")),
        devices=_devices(entry, expander),
        syscalls=_known(entry, "syscalls", GROUPS, lambda word: word.startswith("@")),
        address_families=_known(entry, "address_families", FAMILIES, lambda _word: True),
    )


def _network(node: Any) -> Network | None:
    return Network(str(node.plain()).lower()) if isinstance(node, Scalar) else None


def _devices(entry: TaskEntry, expander: Expander) -> tuple[str, ...]:
    found = _paths(entry, expander, "devices")
    for index, path in enumerate(found):
        if not path.startswith("/dev/"):
            entry.problem(
                ("sandbox", "devices", index),
                f"`sandbox.devices` names {path!a}, which is not a device",
                expected="a path below /dev",
            )
    return found


def _paths(entry: TaskEntry, expander: Expander, key: str) -> tuple[str, ...]:
    node = entry.node("sandbox", key)
    items = range(len(node.items)) if isinstance(node, Sequence) else ()
    found = (_path(entry, expander, ("sandbox", key, index)) for index in items)
    return tuple(path for path in found if path is not None)


def _path(entry: TaskEntry, expander: Expander, path: Path) -> str | None:
    text = entry.line(*path)
    if text is None:
        return None
    if not text.startswith(("/", "~", "$")):
        entry.problem(
            path,
            f"`sandbox.{path[1]}` names the relative path {text[:60]!a}",
            expected="an absolute path, or one that begins with `~`",
            hint="write the whole path",
        )
        return None
    try:
        found = os.path.normpath(expander.path(text))
    except ExpansionError as error:
        entry.problem(
            path, f"`sandbox.{path[1]}`: {error}", hint="write the path out", code=Code.VARIABLE
        )
        return None
    if found == "/":
        entry.problem(
            path,
            f"`sandbox.{path[1]}` names the root directory, and so everything",
            expected="a directory below `/`",
        )
        return None
    return found


def _known(entry: TaskEntry, key: str, known: Iterable[str], is_told: Any) -> tuple[str, ...]:
    """Return the words under `key`; those that `is_told` picks have to be among `known`."""
    node = entry.node("sandbox", key)
    words = tuple(map(str, node.plain())) if isinstance(node, Sequence) else ()
    for index, word in enumerate(words):
        if is_told(word) and word not in known:
            near = nearest(word, known)
            entry.problem(
                ("sandbox", key, index),
                f"systemd knows no {word[:60]!a} of `sandbox.{key}`",
                hint=f"did you mean `{near}`?" if near else None,
            )
    return words
