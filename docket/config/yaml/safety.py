"""Files that decide what runs must not be writable by others: refused as ssh refuses them."""

from __future__ import annotations

import contextlib
import os
import pwd
import stat

from docket.errors import UnsafeFileError

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MOST_LINKS = 40  # as many as the kernel follows


def refuse_if_others_can_write(path: str, status: os.stat_result) -> None:
    """Raise UnsafeFileError if somebody else than root and the caller could change `path`.

    `status` is that of the opened file. All directories and links that lead to it are looked at:
    who can change one can put another file in the place of this one.
    """
    _refuse_file(path, status)
    _refuse_way(path, os.path.basename(path), path)


def refuse_if_others_can_replace(path: str) -> None:
    """Raise UnsafeFileError if somebody else could put another file at `path`, or change it.

    There may be no file yet. A group of the same number as its owner is that user's own.
    """
    name = os.path.basename(path)
    try:
        status = os.stat(path)
    except OSError:
        _refuse_way(path, name, path, sticky=False)
        return
    own = status.st_gid == status.st_uid and not status.st_mode & stat.S_IWOTH
    _refuse_file(path, status, writable=own)
    _refuse_way(path, name, path)


def refuse_unsafe_places(state_db: str, log_dir: str) -> None:
    """Raise UnsafeFileError if others could put a file beside the record of runs or the logs.

    A directory that is still to be made is judged by those above it.
    """
    for path, holds in (
        (os.path.dirname(state_db), "the record of runs"),
        (log_dir, "the log of a run"),
    ):
        refuse_unsafe_place(path, holds)


def refuse_unsafe_place(directory: str, holds: str) -> None:
    """Raise UnsafeFileError if others could put something into a directory or in its place.

    One that is still to be made is judged by those above it.
    """
    _refuse_way(directory, holds, directory)


def refuse_place_of_another(directory: str, holds: str) -> None:
    """Raise UnsafeFileError if another user owns a directory or link that leads to a place.

    Permissions do not count: the directories of a desktop may be open to the user's own group.
    """
    for step, status in reversed(_way(directory)):
        _refuse_owner(step, status, holds, directory)


def _refuse_way(place: str, holds: str, path: str, *, sticky: bool = True) -> None:
    """Look at all that leads to `place`, the nearest first, and at `place` unless it is a file.

    Without `sticky` the nearest directory has to be one where others cannot put a new file.
    """
    for step, status in reversed(_way(place)):
        if stat.S_ISREG(status.st_mode):
            continue
        _refuse_owner(step, status, holds, path)
        if stat.S_ISDIR(status.st_mode):
            _refuse_directory(step, status, holds, path, sticky=sticky)
            sticky = True


def _way(path: str) -> list[tuple[str, os.stat_result]]:
    """Return each directory and link that the kernel passes to reach `path`, as far as they are."""
    found = [("/", os.stat("/"))]
    whole = path if path.startswith("/") else os.path.abspath(path)
    left = _parts(whole)
    at, links = "/", 0
    with contextlib.suppress(OSError):
        while left and links < _MOST_LINKS:
            name = left.pop()
            step = os.path.normpath(os.path.join(at, name))
            status = os.lstat(step)
            found.append((step, status))
            if not stat.S_ISLNK(status.st_mode):
                at = step
                continue
            links += 1
            target = os.readlink(step)
            at = "/" if target.startswith("/") else at
            left += _parts(target)
    return found


def _parts(path: str) -> list[str]:
    """Return the names in a path, the last one first; `..` stays, because a link may contain it."""
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def refuse_what_anybody_can_write(path: str, status: os.stat_result) -> None:
    """Raise UnsafeFileError if a stranger could change an installed file.

    Milder than for files of one's own: installers leave what they write to its group, and Docket's
    own code is beside it.
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


def _refuse_file(path: str, status: os.stat_result, *, writable: bool = False) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise UnsafeFileError(
            f"{path} belongs to user {status.st_uid}, who is neither you nor root.",
            hint=_way_out(status.st_uid, path),
            file=path,
        )
    if status.st_mode & _OTHERS_WRITE and not writable:
        raise UnsafeFileError(
            f"{path} can be written by others (mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"chmod go-w {path}",
            file=path,
        )


def _refuse_owner(step: str, status: os.stat_result, holds: str, path: str) -> None:
    """Whoever owns a link can make it lead elsewhere, also in a directory with the sticky bit."""
    if status.st_uid in (0, os.geteuid()):
        return
    link = stat.S_ISLNK(status.st_mode)
    how = f"a link on the way to {holds}" if link else f"where {holds} lies"
    raise UnsafeFileError(
        f"{step}, {how}, belongs to user {status.st_uid}, who is neither you nor root.",
        hint=_way_out(status.st_uid, step, link=link),
        file=path,
    )


def _refuse_directory(
    directory: str, status: os.stat_result, holds: str, path: str, *, sticky: bool
) -> None:
    # In a directory with the sticky bit (/tmp) nobody can replace what belongs to somebody else.
    if status.st_mode & _OTHERS_WRITE and not (sticky and status.st_mode & stat.S_ISVTX):
        raise UnsafeFileError(
            f"{directory}, where {holds} lies, can be written by others "
            f"(mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"chmod go-w {directory}",
            file=path,
        )


def _way_out(uid: int, path: str, *, link: bool = False) -> str:
    """Return what to do about a file of another user: changing its owner would be wrong."""
    try:
        home = pwd.getpwuid(uid).pw_dir
    except KeyError:
        home = ""
    place = path if link else os.path.realpath(path)
    if home not in ("", "/") and f"{place}/".startswith(f"{home}/"):
        return f"Ask as that user: sudo -u '#{uid}' docket ..."
    return f"chown {'-h ' if link else ''}{_owner()} {path}"


def _owner() -> str:
    return "root" if os.geteuid() == 0 else "$USER"
