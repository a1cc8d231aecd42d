"""The keys that hand a task its secrets: credentials, and variables that hold one."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from docket.config.task.entry import TaskEntry
from docket.config.task.expansion import Expander, expanded
from docket.config.yaml.nodes import Path, Scalar, Section, Sequence
from docket.model.task.task import Credential
from docket.model.text.nearest import nearest

_CREDENTIAL = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_FROM = "from_credential"
_PATH = "credential_path"
# Directives by which a task may have further credentials, whose names are not read here.
_RAW = ("ImportCredential", "LoadCredentialEncrypted", "SetCredentialEncrypted")


def credentials(entry: TaskEntry, expander: Expander) -> tuple[Credential, ...]:
    """Return the credentials in order."""
    node = entry.node("credentials")
    found: dict[str, Credential] = {}
    if isinstance(node, Section):
        for name in node.entries:
            _read(entry, expander, name, ("credentials", name), found)
    elif isinstance(node, Sequence):
        for index in range(len(node.items)):
            path = ("credentials", index)
            text = entry.line(*path)
            if text is not None:
                _read(entry, expander, text.partition(":")[0], path, found)
    return tuple(found.values())


def credential_variables(
    entry: TaskEntry, known: tuple[Credential, ...]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return (variables that are the path of a credential, variables that hold its value).

    The first are texts as `env` has them; the second name the credential.
    """
    node = entry.node("env")
    paths: dict[str, str] = {}
    values: dict[str, str] = {}
    for variable, how in node.entries.items() if isinstance(node, Section) else ():
        if not isinstance(how, Section) or not how.entries:
            continue
        key = next(iter(how.entries))
        credential = entry.line("env", variable, key)
        if credential is None or not _is_known(entry, ("env", variable, key), credential, known):
            continue
        if key == _PATH:
            paths[variable] = f"${{CREDENTIALS_DIRECTORY}}/{credential}"
        elif key == _FROM:
            values[variable] = credential
    return paths, values


def _is_known(entry: TaskEntry, path: Path, credential: str, known: tuple[Credential, ...]) -> bool:
    service = entry.value("unit", {}).get("Service", {})
    if isinstance(service, Mapping) and any(key in service for key in _RAW):
        return True
    names = tuple(one.name for one in known)
    if credential in names:
        return True
    near = nearest(credential, names)
    entry.problem(
        path,
        f"the task has no credential {credential[:60]!a}",
        expected="a name under `credentials`" + (f": {', '.join(names[:8])}" if names else ""),
        hint=f"did you mean `{near}`?" if near else "name its file or secret under `credentials`",
    )
    return False


def _read(
    entry: TaskEntry, expander: Expander, name: str, path: Path, found: dict[str, Credential]
) -> None:
    if isinstance(entry.node(*path), Section):
        stored = entry.line(*path, "secret")
        if stored is not None and _is_name(entry, path, name):
            encrypted = entry.node(*path, "encrypted")
            sealed = isinstance(encrypted, Scalar) and encrypted.value is True
            found[name] = Credential(name, expander.secret(stored, encrypted=sealed), sealed)
        return
    text = entry.line(*path)
    if text is None:
        return
    if name in found or not name.isprintable():
        entry.problem(path, f"the credential {name!a} occurs twice or is not a name")
        return
    source = text.partition(":")[2] if isinstance(path[-1], int) else text
    if not source:
        found[name] = Credential(name, name)  # one that the service manager was given
    elif _is_name(entry, path, name):
        file = expanded(entry, expander, path, source)
        # systemd ignores a path with `.`, `..` or `//` in it.
        found[name] = Credential(name, os.path.normpath(file) if file else "")


def _is_name(entry: TaskEntry, path: Path, name: str) -> bool:
    if _CREDENTIAL.fullmatch(name):
        return True
    entry.problem(
        path,
        f"systemd takes no credential of the name {name[:60]!a}",
        expected="up to 255 letters, digits, `_`, `-` and `.`",
    )
    return False
