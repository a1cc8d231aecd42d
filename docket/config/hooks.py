"""The shell commands that run after a run."""

from __future__ import annotations

from docket.config.codes import Code
from docket.config.entry import Entry
from docket.config.nodes import Node, Path, Scalar, Section, Sequence
from docket.model.task import HookSpec

KINDS = ("on_success", "on_failure", "on_complete")


def hooks(entry: Entry) -> tuple[HookSpec, ...]:
    """Return the hooks in the order in which they run; agent hooks are left out with a warning."""
    found: list[HookSpec] = []
    for kind in KINDS:
        node = entry.node(kind)
        if isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                found += _hook(entry, kind, item, (kind, index))
        elif node is not None:
            found += _hook(entry, kind, node, (kind,))
    return tuple(found)


def _hook(entry: Entry, kind: str, node: Node, path: Path) -> list[HookSpec]:
    if isinstance(node, Scalar):
        return [HookSpec(kind, node.text)]
    command = node.entries.get("command") if isinstance(node, Section) else None
    if isinstance(node, Section) and node.entries["type"].plain() == "agent":
        entry.warn(
            path,
            f"`{kind}`: agent hooks are not sent by this version",
            hint="a shell hook can call curl",
            code=Code.IGNORED,
        )
        return []
    return [HookSpec(kind, command.text)] if isinstance(command, Scalar) else []
