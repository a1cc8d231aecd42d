"""`backup` with gog: an archive of the source, made by tar and zstd, sent to Google Drive."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any

from docket.task import TaskResult
from docket.tasks.program import Pace, Program, ProgramError, ProgramExit, found, last_line
from docket.tasks.relay import Report
from docket.tasks.scratch import scratch_directory
from docket.tasks.stopping import StopRequest

_CHANGED_MEANWHILE = 1  # tar's exit code for a whole archive of files that changed meanwhile
_MIB = 1024**2


def back_up(config: Mapping[str, Any], report: Report, *, dry_run: bool) -> TaskResult:
    """Pack the source and send the archive, or say what would be packed and sent."""
    name = archive_name(config)
    facts = {"backend": "gog", "tool": "gog", "archive_name": name}
    if dry_run:
        return _preview(config, {**facts, "dry_run_supported": False})
    try:
        for program in ("tar", "zstd", config["gog_bin"]):
            found(program)
        os.stat(config["source"])
        with StopRequest() as stop, scratch_directory() as directory:
            return _Sending(config, Program(stop, Pace.of(config), report), facts).run(directory)
    except ProgramError as error:
        return TaskResult(False, str(error), facts)
    except OSError as error:
        return TaskResult(False, f"{error.filename}: {error.strerror}", facts)


def archive_name(config: Mapping[str, Any]) -> str:
    """Return what the archive is called on the drive."""
    base = os.path.basename(config["source"].rstrip("/")).lstrip(".") or "backup"
    return config.get("archive_name") or f"{base}.tar.zst"


def pack_words(config: Mapping[str, Any], archive: str) -> list[str]:
    """Return tar's command line; members and patterns are relative to the source's parent."""
    parent, name = os.path.split(config["source"].rstrip("/"))
    excludes = [f"--exclude={pattern}" for pattern in config["excludes"]]
    # --force-local: a colon in the path is not a name of another machine.
    first = ["tar", "--zstd", "--force-local", "-cf", archive, *excludes]
    return [*first, "-C", parent or "/", "--", name or "."]


def send_words(config: Mapping[str, Any], archive: str) -> list[str]:
    """Return gog's command line."""
    named = [("--name", archive_name(config))]
    named += [
        (option, config[key])
        for option, key in (
            ("--parent", "parent"),
            ("--account", "account"),
            ("--mime-type", "mime_type"),
        )
        if config.get(key)
    ]
    options = [word for pair in named for word in pair]
    first = [config["gog_bin"], "drive", "upload", archive, "--json", "--no-input"]
    return [*first, *options, *config["extra_args"]]


class _Sending:
    """One archive on its way; `facts` are the details so far."""

    def __init__(self, config: Mapping[str, Any], program: Program, facts: dict[str, Any]) -> None:
        self._config = config
        self._program = program
        self._facts = facts

    def run(self, directory: str) -> TaskResult:
        """Pack, then send; whatever happens, report how far it got."""
        archive = os.path.join(directory, "archive.tar.zst")
        packed = self._program.run(pack_words(self._config, archive), sign=growth_of(archive))
        if packed.stopped or packed.exit_code not in (0, _CHANGED_MEANWHILE):
            done = "nothing was uploaded, and the archive is removed"
            return self._failed("archive", packed, f"tar {packed.how}; {done}")
        self._facts["archive_size"] = os.path.getsize(archive)
        if packed.exit_code == _CHANGED_MEANWHILE:
            self._facts["changed_meanwhile"] = last_line(packed.stderr)
        sent = self._program.run(send_words(self._config, archive))
        if not sent.ok:
            done = "the drive may hold no archive or a part of one; the local one is removed"
            self._facts["partial"] = True
            return self._failed("upload", sent, f"gog {sent.how}; {done}")
        return self._succeeded(sent)

    def _failed(self, phase: str, ended: ProgramExit, summary: str) -> TaskResult:
        return TaskResult(False, summary, {**self._facts, "phase": phase, **ended.details()})

    def _succeeded(self, sent: ProgramExit) -> TaskResult:
        details = {**self._facts, **sent.details()}
        with contextlib.suppress(ValueError):
            details["uploaded"] = json.loads(sent.stdout)
        name, size = self._facts["archive_name"], self._facts["archive_size"]
        summary = f"Sent {self._config['source']} as {name} ({_in_words(size)}) to Google Drive"
        if "changed_meanwhile" in details:
            summary += "; some files changed while they were packed"
        return TaskResult(True, summary, details)


def _preview(config: Mapping[str, Any], facts: dict[str, Any]) -> TaskResult:
    send = send_words(config, "ARCHIVE")
    details = {**facts, "pack_command": pack_words(config, "ARCHIVE"), "command": send}
    missing = [name for name in ("tar", "zstd", config["gog_bin"]) if shutil.which(name) is None]
    if missing or not os.path.exists(config["source"]):
        what = f"{missing[0]} not found on PATH" if missing else f"{config['source']} is not there"
        return TaskResult(False, f"{what}: nothing could be sent", details, dry_run=True)
    summary = (
        f"Would pack {config['source']} and send it to Google Drive as {facts['archive_name']}"
    )
    return TaskResult(True, summary, details, dry_run=True)


def growth_of(path: str) -> Callable[[], str | None]:
    """Return what says how large a file is, whenever it has grown since it was last asked."""
    before = 0

    def grown() -> str | None:
        nonlocal before
        try:
            size = os.path.getsize(path)
        except OSError:
            return None
        if size <= before:
            return None
        before = size
        return f"the archive has {_in_words(size)}"

    return grown


def _in_words(size: int) -> str:
    return f"{size / _MIB:.1f} MiB" if size >= _MIB else f"{size} bytes"
