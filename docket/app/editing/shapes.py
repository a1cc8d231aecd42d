"""The shapes of what `check`, `configure`, `new-task`, `secret` and `setup-shell` answer."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from docket.model.jsonkinds import Instant
from docket.model.shapes import ProblemDocument


class ConfigReportDocument(TypedDict):
    """What is wrong with a config."""

    ok: Annotated[bool, "Whether there is no mistake."]
    path: Annotated[str, "The config."]
    problems: Annotated[list[ProblemDocument], "Every mistake with its place."]
    warnings: Annotated[list[ProblemDocument], "What is doubtful."]


class CheckReportDocument(ConfigReportDocument):
    """What is wrong with the config and its tasks."""

    tasks: Annotated[list[str], "The tasks that compile."]


class ConfigureReportDocument(ConfigReportDocument):
    """The result of an edit."""

    created: Annotated[bool, "Whether the config was created."]
    saved: Annotated[bool, "Whether the edited text is the config now."]
    kept: Annotated[str | None, "Where a text that was not saved is kept."]


class SecretDocument(TypedDict):
    """A secret that is kept; its value is never shown."""

    name: Annotated[str, "Its name."]
    path: Annotated[str, "Its file."]
    encrypted: Annotated[bool, "Whether systemd-creds has encrypted it."]
    changed_at: Annotated[Instant, "When it was set."]
    used_by: Annotated[list[str], "The tasks that name it."]


class SecretSetDocument(TypedDict):
    """A secret that was written."""

    ok: Annotated[bool, "Always true."]
    name: Annotated[str, "Its name."]
    path: Annotated[str, "Its file."]
    encrypted: Annotated[bool, "Whether systemd-creds has encrypted it."]
    replaced: Annotated[bool, "Whether there was one of that name."]
    entry: Annotated[str, "The lines of a task's config that use it."]


class SecretRemovedDocument(TypedDict):
    """A secret that is gone."""

    ok: Annotated[bool, "Always true."]
    name: Annotated[str, "Its name."]
    used_by: Annotated[list[str], "The tasks that name it still."]


class TaskAddedDocument(TypedDict):
    """A task that was written to a file of its own."""

    ok: Annotated[bool, "Always true."]
    task: Annotated[str, "The task."]
    path: Annotated[str, "Its file."]
    scheduled: Annotated[bool, "Whether it has a schedule, and so a timer to be installed."]
    installed: NotRequired[Annotated[bool, "With --install: whether its units are in place."]]


class TaskRemovedDocument(TypedDict):
    """A task whose file is gone."""

    ok: Annotated[bool, "Always true."]
    task: Annotated[str, "The task."]
    path: Annotated[str, "The file that it was in."]
    kept: Annotated[str | None, "Where a file with comments is kept; null if it is gone."]
    installed: NotRequired[Annotated[bool, "With --install: false, for its units are gone."]]


class NewTaskDocument(TypedDict):
    """A new task in Python."""

    created: Annotated[bool, "Always true."]
    task: Annotated[str, "The task's name."]
    class_name: Annotated[str, "The class in the file."]
    path: Annotated[str, "The file of the task."]
    next_steps: Annotated[list[str], "What to do next, in order."]
    test_path: Annotated[str, "Its test."]
    test_command: Annotated[str, "The command that runs the test."]
    warnings: Annotated[list[str], "What keeps the task from being used, in sentences."]


class ShellFilesDocument(TypedDict):
    """The files of one shell, or the manual pages."""

    kind: Annotated[str, "bash, zsh, fish or man."]
    path: Annotated[str, "The file, or the directory of the manual pages."]
    files: Annotated[int, "How many are in place."]
    written: Annotated[int, "How many were written now."]
    removed: Annotated[int, "How many were removed."]
    kept: Annotated[list[str], "Files of somebody else, which stay as they are."]


class ShellSetupDocument(TypedDict):
    """What shells and man find."""

    ok: Annotated[bool, "Whether everything is in place."]
    provided: Annotated[bool, "Whether a package of the distribution brings the files."]
    parts: Annotated[list[ShellFilesDocument], "The files by kind."]
    next_steps: Annotated[list[str], "What is left for the user to do."]
