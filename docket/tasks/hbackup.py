"""The built-in task `hbackup`, and `backup` through it: the program of that name does it all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from docket.task import BaseTask, TaskResult
from docket.tasks.program import Pace, Program, ProgramError, ProgramExit
from docket.tasks.relay import Report
from docket.tasks.stopping import StopRequest

# "Backup complete: /x/y.tar.zst (42 files, 1.2 MB)" and, before it, "Found 42 files"
_COMPLETE = re.compile(r"Backup complete:\s+(.+?)\s+\((\d+)\s+files,\s+([^)]+)\)")
_FOUND = re.compile(r"Found\s+(\d+)\s+files")
_MAKES_ARCHIVES = ("backup", "auto")


class HBackup(BaseTask):
    """Runs one action of hbackup and reports the archive that it made."""

    name = "hbackup"
    description = "Backs up the state of agents with hbackup"
    inputs: ClassVar[Mapping[str, str]] = {
        "action": "What hbackup does: backup, auto, list, upload or setup-drive",
        "hbackup_bin": "The hbackup program, by name or path",
        "output": "The archive that `backup` writes",
        "excludes": "Patterns of files that `backup` leaves out",
        "archive": "The archive that `upload` sends",
        "destination": "Where `upload` sends it over scp or rsync",
        "drive": "Whether `upload` sends it to Google Drive",
        "drive_remote": "The rclone remote of Google Drive",
        "drive_folder": "The folder on Google Drive",
        "extra_args": "Further words for hbackup",
        "idle_timeout_seconds": "The longest time without output before it is ended",
    }
    outputs: ClassVar[Mapping[str, str]] = {
        "archive_path": "The archive that hbackup made",
        "archive_size": "Its size, as hbackup writes it",
        "file_count": "How many files hbackup found or packed",
        "backend": "hbackup",
        "action": "The action that was asked for",
        "effective_action": "The action that was run: a dry run of `auto` is one of `backup`",
        "command": "The command line",
        "exit_code": "The exit code of hbackup",
        "stdout": "What hbackup printed",
        "stderr": "What hbackup printed to its standard error",
        "dry_run_supported": "False if hbackup cannot preview the action, and it was not run",
        "partial": "True if an archive may be unfinished, or only partly sent",
        "timed_out": "True if it was ended because it was silent",
        "idle_timeout_seconds": "The time of silence after which it was ended",
    }
    network = True

    def run(self, config: dict[str, Any]) -> TaskResult:
        """Run the action."""
        return act(config, config.get("action", "backup"), self.progress, dry_run=False)

    def dry_run(self, config: dict[str, Any]) -> TaskResult:
        """Let hbackup preview what it can preview, and say what else would be run."""
        return act(config, config.get("action", "backup"), self.progress, dry_run=True)


def act(config: Mapping[str, Any], action: str, report: Report, *, dry_run: bool) -> TaskResult:
    """Run one action of hbackup, or preview it."""
    effective = "backup" if dry_run and action == "auto" else action
    command = words(config, effective, dry_run=dry_run)
    facts = {"backend": "hbackup", "action": action, "effective_action": effective}
    if dry_run and effective in ("upload", "setup-drive"):
        details = {**facts, "command": command, "dry_run_supported": False}
        return TaskResult(True, f"Would run {' '.join(command)}", details, dry_run=True)
    try:
        with StopRequest() as stop:
            ended = Program(stop, Pace.of(config), report).run(command)
    except ProgramError as error:
        return TaskResult(False, str(error), {**facts, "command": command}, dry_run=dry_run)
    details = {**facts, **ended.details(), **_reported(ended)}
    if dry_run:
        details["dry_run_supported"] = True
    if ended.ok:
        return TaskResult(True, _success(effective, details, dry_run=dry_run), details, dry_run)
    summary = f"hbackup {effective} {ended.how}"
    if not dry_run and effective in (*_MAKES_ARCHIVES, "upload"):
        details["partial"] = True
        summary += "; what it was making may be unfinished"
    return TaskResult(False, summary, details, dry_run)


def words(config: Mapping[str, Any], action: str, *, dry_run: bool) -> list[str]:
    """Return the command line of an action."""
    own: Sequence[str] = ()
    if action == "backup":
        excludes = (
            word for pattern in config.get("excludes", ()) for word in ("--exclude", pattern)
        )
        own = [*_option("--output", config.get("output")), *excludes]
    elif action == "upload":
        own = [
            *(["--drive"] if config.get("drive") else []),
            *_option("--drive-remote", config.get("drive_remote")),
            *_option("--drive-folder", config.get("drive_folder")),
            *(config[key] for key in ("archive", "destination") if config.get(key)),
        ]
    verb = ["setup", "drive"] if action == "setup-drive" else [action]
    last = ["--dry-run"] if dry_run and action == "backup" else []
    return [config.get("hbackup_bin", "hbackup"), *verb, *own, *config.get("extra_args", ()), *last]


def _option(name: str, value: str | None) -> list[str]:
    return [name, value] if value else []


def _reported(ended: ProgramExit) -> dict[str, Any]:
    """Return what hbackup says of the archive, on whichever stream."""
    for text in (ended.stderr, ended.stdout):
        complete = _COMPLETE.findall(text)
        if complete:
            path, files, size = complete[-1]
            return {"archive_path": path, "file_count": int(files), "archive_size": size.strip()}
    found = _FOUND.findall(ended.stderr) or _FOUND.findall(ended.stdout)
    return {"file_count": int(found[-1])} if found else {}


def _success(action: str, details: Mapping[str, Any], *, dry_run: bool) -> str:
    path, files = details.get("archive_path"), details.get("file_count")
    count = f" ({files} files)" if files is not None else ""
    if dry_run and action == "backup":
        return f"hbackup would make an archive{count}"
    if path:
        return f"hbackup {action} made {path}{count}"
    return f"hbackup {action} is done{count}"
