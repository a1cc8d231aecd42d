"""A patch: keys to put into the config, as a mapping and as YAML with a reason for each line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from docket.crontab.yamlwords import flow, word
from docket.model.record import Record
from docket.model.task.sandbox import Network, Sandbox

if TYPE_CHECKING:
    from docket.app.tuning.breakages import Breakage

_LISTS = ("writable", "readable", "hidden", "devices", "syscalls", "address_families")


class PatchLine(Record):
    """One key of a task with its value; `path` leads to it below the task."""

    path: tuple[str, ...]
    value: Any
    reason: str = ""


def patch_document(task: str, lines: Iterable[PatchLine]) -> dict[str, Any]:
    """Return the patch as the config would hold it."""
    entry: dict[str, Any] = {}
    for line in lines:
        inner = entry
        for name in line.path[:-1]:
            inner = inner.setdefault(name, {})
        inner[line.path[-1]] = line.value
    return {"tasks": {task: entry}}


def patch_text(task: str, lines: Iterable[PatchLine]) -> str:
    """Return the patch as YAML; each reason is a comment above its line."""
    out = ["tasks:", f"  {word(task)}:"]
    before: tuple[str, ...] = ()
    for line in lines:
        above = line.path[:-1]
        for depth, name in enumerate(above):
            if before[: depth + 1] != above[: depth + 1]:
                out.append(f"{'  ' * (depth + 2)}{name}:")
        before = above
        indent = "  " * (len(line.path) + 1)
        out += [f"{indent}# {words}" for words in line.reason.splitlines()]
        out.append(f"{indent}{line.path[-1]}: {_value(line.value)}")
    return "\n".join(out) + "\n"


def sandbox_lines(sandbox: Sandbox) -> Iterator[PatchLine]:
    """Give the lines of a task's whole `sandbox`."""
    entry = _entry(sandbox)
    if isinstance(entry, str):
        yield PatchLine(("sandbox",), entry)
        return
    for name, value in entry.items():
        yield PatchLine(("sandbox", name), value)


def granted(sandbox: Sandbox, found: Iterable[Breakage]) -> Sandbox:
    """Return the sandbox with what the breakages say would allow them."""
    for one in found:
        if one.key == "network":
            sandbox = sandbox.replace(network=Network.FULL)
        elif one.key:
            before = getattr(sandbox, one.key)
            if one.value not in before:
                sandbox = sandbox.replace(**{one.key: (*before, one.value)})
    return sandbox


def _entry(sandbox: Sandbox) -> str | Mapping[str, Any]:
    entry: dict[str, Any] = {"from": sandbox.profile.value}
    entry |= {name: list(getattr(sandbox, name)) for name in _LISTS if getattr(sandbox, name)}
    if sandbox.network is not None:
        entry["network"] = _NETWORKS[sandbox.network]
    return sandbox.profile.value if len(entry) == 1 else entry


_NETWORKS = {Network.FULL: True, Network.NONE: False, Network.LOCAL: "local"}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return flow(tuple(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return word(str(value))
