"""Files read and written whole; a link planted in the way is never followed."""

from __future__ import annotations

import errno
import os
import stat

LARGEST_BYTES = 4 * 1024 * 1024


class NotPlainError(OSError):
    """Something that is no plain file lies where a file is looked for."""


def read_whole(path: str) -> str | None:
    """Return the text of the plain file at `path`, or None where there is nothing.

    NotPlainError for a link, a directory, a pipe or a file over 4 MiB. Bytes that are no UTF-8
    survive as surrogates, so that the text can be compared and written back.
    """
    try:
        # Without O_NONBLOCK a planted pipe would hold the command for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise NotPlainError(error.errno, "not a plain file", path) from None
        raise
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
            raise NotPlainError(errno.EINVAL, "not a plain file", path)
        content = os.read(descriptor, status.st_size + 1)
    finally:
        os.close(descriptor)
    return content.decode(errors="surrogateescape")


def write_whole(path: str, text: str, mode: int) -> None:
    """Put `text` at `path` in one step, with exactly the permissions `mode`."""
    directory, name = os.path.split(path)
    # The dot keeps systemd from reading it, the random part from meeting a planted name.
    temporary = os.path.join(directory, f".{name}.{os.urandom(6).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600)
    try:
        try:
            _write_all(descriptor, text.encode(errors="surrogateescape"))
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_new(path: str, text: str, mode: int) -> None:
    """Put `text` at `path`, where nothing may be yet, not even a link; FileExistsError else."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        _write_all(descriptor, text.encode(errors="surrogateescape"))
        os.fchmod(descriptor, mode)
    except BaseException:
        os.unlink(path)
        raise
    finally:
        os.close(descriptor)


def make_directory(path: str, mode: int) -> None:
    """Make `path` and what is missing above it; new directories get `mode` whatever the umask."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent != path:
        make_directory(parent, mode)
    try:
        os.mkdir(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
    else:
        os.chmod(path, mode)


def remove_whole(path: str) -> bool:
    """Remove the file or link at `path`; whether there was one."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
