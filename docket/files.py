"""Reading and writing files safely: the only place that knows how.

Nothing here follows a link at the end of a path, waits for the other end of a pipe, or reads more
than its caller allows. What is written has its permissions whatever the umask, and a reader sees
all of it or the file before. The runner loads this module: standard library, and little of it.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LARGEST_BYTES = 4 * 1024 * 1024

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
# O_NONBLOCK: opening a planted pipe, or a file under a lease, must not wait.
_ALWAYS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_SHOWN_NAME = 40  # characters of the name that its temporary file's name repeats: at most 160 bytes


class NotPlainError(OSError):
    """The path is not a plain file, or is one that is too large."""


def open_plain(
    path: str, flags: int = os.O_RDONLY, directory: int | None = None
) -> tuple[int, os.stat_result]:
    """Open the regular file at `path`, and return its descriptor and status.

    With `directory`, a descriptor, `path` is seen from there.
    NotPlainError for a link, a directory, a pipe, a device or a socket; OSError. With O_CREAT
    the new file has the permissions 0600, less the umask.
    """
    try:
        descriptor = os.open(path, flags | _ALWAYS, 0o600, dir_fd=directory)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise NotPlainError(error.errno, "not a plain file", path) from None
        raise
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise NotPlainError(errno.EINVAL, "not a plain file", path)
    return descriptor, status


def read_descriptor(descriptor: int, largest: int) -> bytes:
    """Return what the file holds from its offset on, `largest` bytes at most."""
    chunks = []
    while largest > 0:
        chunk = os.read(descriptor, min(largest, 1 << 20))
        if not chunk:
            break
        chunks.append(chunk)
        largest -= len(chunk)
    return b"".join(chunks)


def read_plain(
    path: str, largest: int = LARGEST_BYTES, begins: bytes = b""
) -> tuple[bytes, os.stat_result]:
    """Return the bytes of the regular file at `path`, and its status.

    NotPlainError for anything else, for one of more than `largest` bytes, and for one that does not
    begin as `begins` says (unless it is empty), of which no more is read; OSError.
    """
    descriptor, status = open_plain(path)
    try:
        # A file that is too large is refused before it is read: it may be sparse.
        too_large = status.st_size > largest
        found = os.pread(descriptor, len(begins), 0) if begins else b""
        if found and found != begins:
            raise NotPlainError(errno.EINVAL, "does not begin as it should", path)
        data = b"" if too_large else read_descriptor(descriptor, largest + 1)
    finally:
        os.close(descriptor)
    if too_large or len(data) > largest:
        raise NotPlainError(errno.EFBIG, f"larger than {largest} bytes", path)
    return data, status


def read_text(path: str) -> str | None:
    """Return the text of the regular file at `path`, or None if there is nothing.

    NotPlainError as `read_plain`; OSError. Bytes that are not UTF-8 survive as surrogates, so that
    the text can be compared and written back.
    """
    try:
        data, _status = read_plain(path)
    except FileNotFoundError:
        return None
    return data.decode(errors="surrogateescape")


def is_ours(status: os.stat_result) -> bool:
    """Whether only root and the caller can have written it: its owner and its permissions say."""
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & _OTHERS_WRITE


def is_own_directory(path: str) -> bool:
    """Whether a directory, no link, belongs to the caller and nobody else can write to it."""
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and not status.st_mode & _OTHERS_WRITE
    )


def is_safe_lock_directory(path: str) -> bool:
    """Whether nobody but root and the caller can put anything into a directory of locks.

    It and the one above it are the caller's own, or are still to be made; the third, in which they
    are made, is the caller's or root's.
    """
    above = os.path.dirname(path)
    for directory in (path, above):
        if os.path.lexists(directory) and not is_own_directory(directory):
            return False
    try:
        status = os.stat(os.path.dirname(above))
    except OSError:
        return True
    return is_ours(status)


def make_directory(path: str, mode: int = 0o700) -> None:
    """Make a directory and its missing parents, each with `mode` whatever the umask; OSError."""
    try:
        _make_one(path, mode)
    except FileNotFoundError:
        parent = os.path.dirname(path)
        if parent in ("", path):
            raise
        make_directory(parent, mode)
        _make_one(path, mode)  # in /proc the parent exists, but nothing can be created in it


def open_directory(path: str) -> int:
    """Return a descriptor of a directory, which is made if it is missing; OSError."""
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        make_directory(path)
        return os.open(path, flags)


def open_private(path: str, flags: int) -> int:
    """Open a 0600 file as `open_plain`, making its directory where it is missing."""
    try:
        return open_plain(path, flags)[0]
    except FileNotFoundError:
        make_directory(os.path.dirname(path))
        return open_plain(path, flags)[0]


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`, however many calls it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def write_new(path: str, data: bytes | str, mode: int = 0o600) -> None:
    """Write a file where nothing may exist yet, not even a link; FileExistsError, OSError.

    It survives a power cut once this returns. If it cannot be written, nothing is left.
    """
    descriptor = os.open(path, _NEW | _ALWAYS, 0o600)
    try:
        _fill(descriptor, data, mode)
        os.fsync(descriptor)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)
    sync_directory(os.path.dirname(path))


def write_volatile(path: str, data: bytes) -> None:
    """Write a 0600 file in one step that may be lost at a power cut: nothing is synced. OSError."""
    try:
        temporary = _temporary(path, data, 0o600)
    except FileNotFoundError:
        make_directory(os.path.dirname(path))
        temporary = _temporary(path, data, 0o600)
    _replace(temporary, path)


def write_whole(path: str, data: bytes | str, mode: int = 0o600) -> None:
    """Write a file in one step, with exactly the permissions `mode`; its directory is made.

    A reader sees all of it or the file before, after a power cut too. OSError.
    """
    try:
        write_batch([(path, data, mode)])
    except FileNotFoundError:
        make_directory(os.path.dirname(path))
        write_batch([(path, data, mode)])


def write_batch(
    files: Iterable[tuple[str, bytes | str, int]], done: list[str] | None = None
) -> None:
    """Write many files (path, contents, permissions), each as `write_whole`; OSError.

    All of them are written before the first is synced, and all are synced before the first gets
    its name: so the disk has one long transaction instead of one for each, and where it fills up
    no file has changed. Their directories exist already. `done` gets the paths that have changed.
    """
    written: list[tuple[str, str]] = []
    try:
        for path, data, mode in files:
            written.append((_temporary(path, data, mode), path))
        for temporary, path in written:
            _sync(temporary, os.O_RDONLY | _ALWAYS, path)
        directories = sorted({os.path.dirname(path) for _temporary, path in written})
        written.reverse()
        while written:
            temporary, path = written[-1]
            os.replace(temporary, path)
            written.pop()
            if done is not None:
                done.append(path)
    except BaseException:
        for temporary, _path in written:
            remove(temporary)
        raise
    for directory in directories:
        sync_directory(directory)


def sync_directory(path: str) -> None:
    """Make the names in a directory survive a power cut; OSError."""
    _sync(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, path)


def remove(path: str) -> bool:
    """Remove the file or link at `path`; return whether there was one. OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _make_one(path: str, mode: int) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    else:
        os.chmod(path, mode)


def _temporary(path: str, data: bytes | str, mode: int) -> str:
    """Write the contents beside `path`; return where. Errors name `path`.

    The dot keeps systemd from reading it, the random part from meeting a name that was planted.
    """
    directory, name = os.path.split(path)
    temporary = os.path.join(directory, f".{name[:_SHOWN_NAME]}.{os.urandom(6).hex()}.new")
    try:
        descriptor = os.open(temporary, _NEW | _ALWAYS, 0o600)
        try:
            _fill(descriptor, data, mode)
            # Starts the writing: the syncs of a batch then wait for all files at once.
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        except BaseException:
            os.unlink(temporary)
            raise
        finally:
            os.close(descriptor)
    except OSError as error:
        error.filename = path
        raise
    return temporary


def _fill(descriptor: int, data: bytes | str, mode: int) -> None:
    write_all(descriptor, data.encode(errors="surrogateescape") if isinstance(data, str) else data)
    os.fchmod(descriptor, mode)


def _replace(temporary: str, path: str) -> None:
    try:
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _sync(path: str, flags: int, named: str) -> None:
    try:
        descriptor = os.open(path, flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        error.filename = named
        raise
