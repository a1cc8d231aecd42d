"""What a task is, as `describe` and `capabilities` show it; nothing in it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from docket.app.text.redaction import redact, redact_text
from docket.compiler.secrets import secret_values
from docket.model.task.task import Task
from docket.model.text.mask import Mask

if TYPE_CHECKING:
    from docket.app.status.agentshapes import BriefTaskDocument
    from docket.app.status.shapes import TaskDocument

Shown = TypeVar("Shown")
# The default `inputs` and `outputs` of a command that declares none: keys of its config, and
# of its details.
_COMMAND_INPUTS = {
    "command": "Program",
    "args": "Arguments",
    "dry_run_args": "Arguments of a dry run",
    "output_format": "text, json, jsonl or auto",
}
_COMMAND_OUTPUTS = {
    "stdout": "Standard output",
    "stderr": "Standard error",
    "json": "JSON output",
    "events": "JSON lines",
}


def task_document(task: Task) -> TaskDocument:
    """Return what agents see of a task before they run it, without secrets."""
    document: TaskDocument = {
        "name": task.name,
        "description": redact_text(task.description),
        "agent_notes": redact_text(task.agent_notes),
        "inputs": redact({"inputs": task.inputs or _inputs_of_type(task)})["inputs"],
        "params": list(task.params),
        "outputs": redact({"outputs": task.outputs or _outputs_of_type(task)})["outputs"],
        "schema": redact({"schema": task.schema})["schema"],
        "required_env": list(task.required_env),
        "destructive": task.destroys,
        "network": task.network,
        "configured": task.mark is not None,
        "config": redact(task.raw),
        "type": "python" if task.python is not None else "command",
        "enabled": task.enabled,
        "schedule": [redact_text(text) for text in task.schedule_texts],
        "input_schema": f"docket schema task {task.name}",
    }
    return masked(task, document)


def brief_document(task: Task) -> BriefTaskDocument:
    """Return the part of `task_document` that `docket capabilities` shows of each task."""
    full = task_document(task)
    return {
        "name": full["name"],
        "description": full["description"],
        "agent_notes": full["agent_notes"],
        "inputs": full["inputs"],
        "outputs": full["outputs"],
        "schema": full["schema"],
        "required_env": full["required_env"],
        "destructive": full["destructive"],
        "network": full["network"],
        "configured": full["configured"],
        "config": full["config"],
    }


def masked(task: Task, document: Shown) -> Shown:
    """Return what is shown of a task without the secrets that its config spells out."""
    shown: Shown = Mask(secret_values(task)).value(document)
    return shown


def _inputs_of_type(task: Task) -> Mapping[str, str]:
    """Return what the config of a command may say, for a task that declares no inputs."""
    return _COMMAND_INPUTS if task.command is not None else {}


def _outputs_of_type(task: Task) -> Mapping[str, str]:
    return _COMMAND_OUTPUTS if task.command is not None else {}
