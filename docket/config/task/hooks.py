"""What runs after a run: shell commands, and POSTs to agents."""

from __future__ import annotations

from docket.config.task.entry import TaskEntry
from docket.config.task.notify import check_placeholders
from docket.config.yaml.nodes import Node, Path, Scalar, Section, Sequence
from docket.model.task.task import AgentSpec, HookSpec
from docket.model.text.placeholders import AGENT_MESSAGE, AGENT_NAMES

KINDS = ("on_success", "on_failure", "on_complete")


def hooks(entry: TaskEntry) -> tuple[HookSpec, ...]:
    """Return the hooks in the order in which they run."""
    found: list[HookSpec] = []
    for kind in KINDS:
        node = entry.node(kind)
        if isinstance(node, Sequence):
            for index, item in enumerate(node.items):
                found += _hook(entry, kind, item, (kind, index))
        elif node is not None:
            found += _hook(entry, kind, node, (kind,))
    return tuple(found)


def _hook(entry: TaskEntry, kind: str, node: Node, path: Path) -> list[HookSpec]:
    if isinstance(node, Scalar):
        return [HookSpec(kind, node.text)]
    if not isinstance(node, Section):
        return []
    kind_node = node.entries.get("type")
    if kind_node is not None and kind_node.plain() == "agent":
        return [HookSpec(kind, agent=_agent(entry, node, path))]
    command = node.entries.get("command")
    return [HookSpec(kind, command.text)] if isinstance(command, Scalar) else []


def _agent(entry: TaskEntry, node: Section, path: Path) -> AgentSpec:
    values = node.plain()
    message = values.get("message", AGENT_MESSAGE)
    check_placeholders(entry, (*path, "message"), message, AGENT_NAMES)
    return AgentSpec(
        url=values.get("url") or values.get("webhook_url") or "",
        url_env=values.get("webhook_url_env") or "",
        message=message,
    )
