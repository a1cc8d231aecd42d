"""What of a task cannot go on in its sandbox, and directives without effect in a user's service."""

from __future__ import annotations

from collections.abc import Iterator

from docket.compiler.bundle import Place, TaskFiles
from docket.compiler.properties import FALSE_WORDS
from docket.compiler.sandbox.effects import NAMESPACE, Effect, effect_of
from docket.compiler.sandbox.places import refuse_unseen
from docket.errors import CompileError
from docket.model.task.sandbox import Network, Sandbox
from docket.model.task.task import Task


def check_sandbox(sandbox: Sandbox, task: Task, place: Place, found: TaskFiles) -> None:
    """Raise CompileError if the task's runs could not do their work in the sandbox."""
    if not sandbox.confines:
        return
    refuse_unseen(sandbox, place, task.name, _needed(task, found))
    if sandbox.reach is Network.FULL:
        return
    key = _sends(task)
    if key is not None:
        raise CompileError(
            f"Task '{task.name}': its sandbox lets nothing reach the network, so `{key}` could"
            " tell nobody.",
            hint=f"Leave `{key}` out, or write"
            f" `sandbox: {{from: {sandbox.profile}, network: true}}`.",
            task=task.name,
            key=key,
        )


def _needed(task: Task, found: TaskFiles) -> Iterator[tuple[str, str]]:
    if found.argv:
        yield "command", found.argv[0]
    if task.python is not None and task.python.path:
        yield "type", task.python.path
    if task.cwd is not None:
        yield "cwd", task.cwd


def _sends(task: Task) -> str | None:
    """Return the key by which the task's runs send something over the network."""
    if task.notify is not None:
        return "notify"
    return next((hook.kind for hook in task.hooks if hook.agent is not None), None)


def doubtful_directives(task: Task, *, confined: bool) -> Iterator[str]:
    """Yield a sentence for each directive under `unit` that has no effect in a user's service."""
    service = task.unit.get("Service", {})
    namespaced = confined or any(v.lower() not in FALSE_WORDS for v in service.get(NAMESPACE, ()))
    for directive, values in service.items():
        if all(value.lower() in FALSE_WORDS for value in values):
            continue
        effect = effect_of(directive, system=False)
        if effect is Effect.NONE:
            yield f"`unit.Service.{directive}` has no effect in a user's service."
        elif effect is Effect.NAMESPACED and not namespaced:
            yield (
                f"`unit.Service.{directive}` has no effect in a user's service of systemd before"
                f" 257 without `{NAMESPACE}: yes` beside it; `sandbox: standard` writes both."
            )
