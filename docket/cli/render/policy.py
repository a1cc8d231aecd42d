"""How what would be in force for a run looks."""

from __future__ import annotations

from docket.app.runs.policy import PolicyVerdict
from docket.cli.render.layout.plain import one_line
from docket.cli.render.layout.screen import Ink, Screen


def policy_text(found: PolicyVerdict, screen: Screen) -> str:
    """Return the sandbox and the permission, and the sentences that say why."""
    name = screen.paint(one_line(found.task), Ink.STRONG)
    asked = screen.paint(found.sandbox.word, Ink.GOOD if found.sandbox.confines else Ink.DOUBT)
    out = [f"{name} by {found.asker}: sandbox {asked}, by the {found.decided_by}"]
    if not found.allowed:
        out.append("  " + screen.paint("The run would not be started.", Ink.BAD))
    out += [f"  {reason}" for reason in found.reasons]
    return "\n".join(out)
