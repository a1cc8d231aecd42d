"""Files that decide what runs must not be writable by others: refused as ssh refuses them."""

from __future__ import annotations

import contextlib
import os
import pwd
import stat

from docket.errors import UnsafeFileError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def refuse_if_others_can_write(path: str, status: os.stat_result) -> None:
    """Raise UnsafeFileError where somebody else than root and the caller could change `path`.

    `status` is that of the opened file. All directories above it are looked at, and those above
    what it leads to: who can write one can put another file in the place of this one.
    """
    _refuse_file(path, status)
    for name in (path, os.path.realpath(path)):
        _refuse_chain(os.path.dirname(os.path.abspath(name)), os.path.basename(path), path)


def refuse_unsafe_places(state_db: str, log_dir: str) -> None:
    """Raise UnsafeFileError where others could put a file beside the record of runs or the logs.

    A directory that is still to be made is judged by those above it.
    """
    for path, holds in (
        (os.path.dirname(state_db), "the record of runs"),
        (log_dir, "the log of a run"),
    ):
        for name in (path, os.path.realpath(path)):
            _refuse_chain(os.path.abspath(name), holds, path)


def _refuse_chain(directory: str, holds: str, path: str) -> None:
    above = ""
    while directory != above:
        above, directory = directory, os.path.dirname(directory)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            _refuse_directory(above, holds, path)


def refuse_what_anybody_can_write(path: str, status: os.stat_result) -> None:
    """Raise UnsafeFileError where a stranger could change an installed file.

    Milder than for files of one's own: installers leave what they write to its group, and Docket's
    own code lies beside it.
    """
    directory = os.path.dirname(path)
    for place, found in ((path, status), (directory, os.stat(directory))):
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        foreign = found.st_uid not in (0, os.geteuid())
        if foreign or (found.st_mode & stat.S_IWOTH and not sticky):
            why = (
                f"belongs to user {found.st_uid}, who is neither you nor root"
                if foreign
                else f"can be written by others (mode {stat.S_IMODE(found.st_mode):04o})"
            )
            hint = f"chown {_owner()} {place}" if foreign else f"chmod o-w {place}"
            raise UnsafeFileError(f"{place} {why}.", hint=hint, file=path)


def _refuse_file(path: str, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise UnsafeFileError(
            f"{path} belongs to user {status.st_uid}, who is neither you nor root.",
            hint=_way_out(status.st_uid, path),
            file=path,
        )
    if status.st_mode & _OTHERS_WRITE:
        raise UnsafeFileError(
            f"{path} can be written by others (mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"chmod go-w {path}",
            file=path,
        )


def _refuse_directory(directory: str, holds: str, path: str) -> None:
    status = os.stat(directory)
    if status.st_uid not in (0, os.geteuid()):
        raise UnsafeFileError(
            f"{directory}, where {holds} lies, belongs to user {status.st_uid}, who is neither you"
            " nor root.",
            hint=_way_out(status.st_uid, directory),
            file=path,
        )
    # In a directory with the sticky bit (/tmp) nobody can replace what belongs to somebody else.
    if status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
        raise UnsafeFileError(
            f"{directory}, where {holds} lies, can be written by others "
            f"(mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"chmod go-w {directory}",
            file=path,
        )


def _way_out(uid: int, path: str) -> str:
    """Return what to do about a file of another user: to take that user's own is no way."""
    try:
        home = pwd.getpwuid(uid).pw_dir
    except KeyError:
        home = ""
    if home not in ("", "/") and f"{os.path.realpath(path)}/".startswith(f"{home}/"):
        return f"Ask as that user: sudo -u '#{uid}' docket ..."
    return f"chown {_owner()} {path}"


def _owner() -> str:
    return "root" if os.geteuid() == 0 else "$USER"
