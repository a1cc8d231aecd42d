"""The floors under the runs of a home, by who starts them: the key `policy` at the top."""

from __future__ import annotations

from docket.config.yaml.nodes import Section
from docket.model.task.sandbox import Floor, Policy, Profile, Starter


def read_policy(root: Section) -> Policy:
    """Return the policy of a document whose top level the schema has accepted."""
    node = root.entries.get("policy")
    found = node.plain() if isinstance(node, Section) else {}
    return Policy({str(Starter(name)): _floor(floor) for name, floor in found.items()})


def _floor(floor: dict[str, str]) -> Floor:
    return Floor(Profile(floor.get("sandbox", Profile.NONE)), floor.get("destructive", "allow"))
