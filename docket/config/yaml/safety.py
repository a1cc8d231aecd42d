"""Files that decide what runs must not be writable by others: refused as ssh refuses them."""

from __future__ import annotations

import os
import stat

from docket.errors import UnsafeFileError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def refuse_if_others_can_write(path: str, status: os.stat_result, *, user_home: str) -> None:
    """Raise UnsafeFileError where somebody else than root and the caller could change `path`.

    `status` is that of the opened file. The directories above it are looked at up to the home
    directory, where it lies in there, else only the nearest one: who can write a directory can
    put another file in the place of this one.
    """
    _refuse_file(path, status)
    seen: set[str] = set()
    for name in (path, os.path.realpath(path)):
        for directory in _directories_above(name, user_home):
            if directory not in seen:
                seen.add(directory)
                _refuse_directory(directory, path)


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


def _directories_above(path: str, user_home: str) -> list[str]:
    directory = os.path.dirname(os.path.abspath(path))
    above = [directory]
    home = os.path.realpath(user_home)
    if not f"{directory}/".startswith(f"{home}/"):
        return above
    while directory != home and len(directory) > len(home):
        directory = os.path.dirname(directory)
        above.append(directory)
    return above


def _refuse_file(path: str, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise UnsafeFileError(
            f"{path} belongs to user {status.st_uid}, who is neither you nor root.",
            hint=f"chown {_owner()} {path}",
            file=path,
        )
    if status.st_mode & _OTHERS_WRITE:
        raise UnsafeFileError(
            f"{path} can be written by others (mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"chmod go-w {path}",
            file=path,
        )


def _refuse_directory(directory: str, path: str) -> None:
    status = os.stat(directory)
    if status.st_uid not in (0, os.geteuid()):
        raise UnsafeFileError(
            f"{directory}, where {os.path.basename(path)} lies, belongs to user "
            f"{status.st_uid}, who is neither you nor root.",
            hint=f"chown {_owner()} {directory}",
            file=path,
        )
    # In a directory with the sticky bit (/tmp) nobody can replace what belongs to somebody else.
    if status.st_mode & _OTHERS_WRITE and not status.st_mode & stat.S_ISVTX:
        raise UnsafeFileError(
            f"{directory}, where {os.path.basename(path)} lies, can be written by others "
            f"(mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"chmod go-w {directory}",
            file=path,
        )


def _owner() -> str:
    return "root" if os.geteuid() == 0 else "$USER"
