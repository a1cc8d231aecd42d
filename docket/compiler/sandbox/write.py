"""Write the lines of a sandbox into whatever takes the lines of a service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from docket.compiler.bundle import Place
from docket.compiler.sandbox.places import paths_of
from docket.compiler.sandbox.profiles import directives
from docket.model.task.sandbox import Sandbox


class SandboxWriter(Protocol):
    """What takes directives: the text of a unit file, or properties for the bus."""

    def fixed(self, *lines: str) -> None:
        """Add lines that hold nothing of the user's."""

    def paths(self, directive: str, paths: Sequence[str], key: str) -> None:
        """Add paths that may be missing when the service starts."""


def write_sandbox(text: SandboxWriter, sandbox: Sandbox, place: Place, task: str) -> None:
    """Tell `text` what the sandbox keeps from a run; CompileError if that cannot be."""
    if not sandbox.confines:
        return
    text.fixed(*directives(sandbox, system=place.paths.system))
    found = paths_of(sandbox, place, task)
    text.paths("ReadWritePaths", found.writable, "sandbox.writable")
    text.paths("ReadOnlyPaths", found.readonly, "sandbox")
    text.paths("BindPaths", (*found.bound, *sandbox.devices), "sandbox.writable")
    text.paths("BindReadOnlyPaths", found.bound_readonly, "sandbox.readable")
    text.paths("InaccessiblePaths", found.inaccessible, "sandbox.hidden")


def needs_preparation(sandbox: Sandbox) -> bool:
    """Whether its own runner cannot make the locks' directory, nor ask the service manager."""
    return sandbox.profile.tight
