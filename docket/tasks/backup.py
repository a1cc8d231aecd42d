"""The built-in task `backup`: one folder to another place, by the program that `tool` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from docket.task import BaseTask, TaskResult
from docket.tasks import gog, hbackup, sync

_USUAL: Mapping[str, Any] = {
    "tool": "rclone",
    "source": "/data/backup",
    "remote": "remote:backup",
    "extra_args": [],
    "excludes": [],
    "gog_bin": "gog",
}


class Backup(BaseTask):
    """Lets rclone, rsync, hbackup or gog do the work, and reports the result."""

    name = "backup"
    description = "Copies a folder to another place with rclone, rsync, hbackup or gog"
    inputs: ClassVar[Mapping[str, str]] = {
        "source": "The folder on this machine",
        "remote": "Where rclone or rsync copies it to",
        "tool": "What does the work: rclone, rsync, hbackup or gog",
        "extra_args": "Further arguments for the program",
        "excludes": "Patterns of files to leave out",
        "idle_timeout_seconds": "The longest time without output or progress before it is ended",
        "hbackup_bin": "The hbackup program, by name or path",
        "hbackup_command": "What hbackup does: backup or auto",
        "output": "The archive that hbackup writes",
        "gog_bin": "The gog program, by name or path",
        "account": "The Google account that gog uses",
        "parent": "The id of the folder on Google Drive",
        "archive_name": "What the archive is called on Google Drive",
        "mime_type": "The type of the archive that gog states",
    }
    outputs: ClassVar[Mapping[str, str]] = {
        "tool": "The program that did the work",
        "command": "The command line",
        "exit_code": "The exit code of the program",
        "stdout": "What the program printed: its beginning and its end",
        "stderr": "What it printed to its standard error",
        "partial": "True if the destination may hold only a part of it",
        "timed_out": "True if it was ended because it was silent",
        "idle_timeout_seconds": "The time of silence after which it was ended",
        "backend": "hbackup or gog, if one of these did the work",
        "action": "With hbackup: the action that was asked for",
        "effective_action": "With hbackup: the action that was run",
        "archive_path": "With hbackup: the archive that was made",
        "file_count": "With hbackup: how many files were found or packed",
        "archive_size": "The size of the archive, with gog in bytes",
        "archive_name": "With gog: what the archive is called on Google Drive",
        "uploaded": "With gog: what it says of the file on Google Drive",
        "phase": "With gog, on failure: archive or upload",
        "changed_meanwhile": "With gog: tar's warning about files that changed while it read them",
        "pack_command": "With gog, in a dry run: the command line of tar",
        "dry_run_supported": "False if a dry run started no program",
    }
    network = True

    @staticmethod
    def deletes(config: Mapping[str, Any]) -> bool:
        """Whether the program deletes what is gone from the source, by the keys of the entry."""
        return sync.deletes({**_USUAL, **config})

    def run(self, config: dict[str, Any]) -> TaskResult:
        """Make the backup."""
        return self._made({**_USUAL, **config}, dry_run=False)

    def dry_run(self, config: dict[str, Any]) -> TaskResult:
        """Let the program preview it; if it cannot, say what would be run."""
        return self._made({**_USUAL, **config}, dry_run=True)

    def _made(self, config: Mapping[str, Any], *, dry_run: bool) -> TaskResult:
        match config["tool"]:
            case "hbackup":
                action = config.get("hbackup_command", "backup")
                return hbackup.act(config, action, self.progress, dry_run=dry_run)
            case "gog":
                return gog.back_up(config, self.progress, dry_run=dry_run)
            case _:
                return sync.back_up(config, self.progress, dry_run=dry_run)
