"""The tasks that come with Docket, as the loader gets them."""

from __future__ import annotations

from docket.model.task.taskclass import Origin, TaskClass
from docket.task import BaseTask
from docket.tasks.backup import Backup
from docket.tasks.hbackup import HBackup
from docket.tasks.healthcheck import HealthCheck


def _described(task: type[BaseTask]) -> TaskClass:
    return TaskClass(
        name=task.name,
        class_name=task.__name__,
        path="",
        module=task.__module__,
        description=task.description,
        inputs=task.inputs,
        outputs=task.outputs,
        network=task.network,
        destructive=task.destructive,
        origin=Origin.BUILT_IN,
        deletes=getattr(task, "deletes", None),
    )


BUILT_IN: tuple[TaskClass, ...] = tuple(map(_described, (Backup, HBackup, HealthCheck)))
