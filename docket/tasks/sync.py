"""`backup` with a program that makes one place like another: rclone and rsync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docket.task import TaskResult
from docket.tasks import rclone, rsync
from docket.tasks.program import Pace, Program, ProgramError, ProgramExit
from docket.tasks.relay import Report
from docket.tasks.stopping import StopRequest


def deletes(config: Mapping[str, Any]) -> bool:
    """Whether the program deletes files: `rclone sync` does, and rsync with the right flags."""
    if config["tool"] == "rclone":
        return True
    return config["tool"] == "rsync" and rsync.deletes(config["extra_args"])


def back_up(config: Mapping[str, Any], report: Report, *, dry_run: bool) -> TaskResult:
    """Copy the source to the remote place, or let the program say what it would copy."""
    tool, pace = config["tool"], Pace.of(config)
    module = rclone if tool == "rclone" else rsync
    own = rclone.environment(pace) if tool == "rclone" else {}
    command = module.words(config, dry_run=dry_run)
    try:
        with StopRequest() as stop:
            program = Program(stop, pace, report)
            ended = program.run(command, progress=module.PROGRESS, environment=own)
    except ProgramError as error:
        return TaskResult(False, str(error), {"command": command}, dry_run=dry_run)
    details = {"tool": tool, **ended.details()}
    words = "Would copy" if dry_run else "Copied"
    summary = f"{words} {config['source']} to {config['remote']} with {tool}"
    if not ended.stopped and (good := module.GOOD_ENDS.get(ended.exit_code)):
        details["exit_meaning"], note = good
        return TaskResult(True, f"{summary}: {note}", details, dry_run=dry_run)
    if ended.ok:
        return TaskResult(True, summary, details, dry_run=dry_run)
    if not dry_run:
        details["partial"] = True
    return TaskResult(False, _failure(config, ended, dry_run=dry_run), details, dry_run=dry_run)


def _failure(config: Mapping[str, Any], ended: ProgramExit, *, dry_run: bool) -> str:
    tool, remote = config["tool"], config["remote"]
    said = rsync.meaning(ended.exit_code) if tool == "rsync" and not ended.stopped else ""
    reason = f"{tool} {ended.how}" + (f" ({said})" if said else "")
    return reason if dry_run else f"{reason}; {remote} may hold only a part of it"
