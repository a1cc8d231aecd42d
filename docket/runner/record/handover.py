"""Files between the runner and a task of another user: its result, details, credentials.

`/run/docket/default/handover/RUN_ID/` belongs to root, so that the user can neither replace a file
in it by a link or a pipe nor add one; each file is readable to that user and to nobody else. The
result is the user's own file, and so it is not in /run: its directory, root's too, is in /var/tmp.
"""

from __future__ import annotations

import errno
import os

from docket.files import NotPlainError, make_directory, open_plain, read_plain, write_all
from docket.runfiles import (
    CREDENTIALS_NAME,
    RESULT_NAME,
    discard,
    handover_directory,
    new_result_directory,
    remove_handover,
    remove_results,
)

_CREDENTIALS = "CREDENTIALS_DIRECTORY"
# An access list as the kernel takes it: linux/posix_acl_xattr.h.
_OWNER, _USER, _GROUP, _MASK, _OTHERS, _NOBODY = 0x01, 0x02, 0x04, 0x10, 0x20, 0xFFFFFFFF
_PASSABLE = 0o711  # its files can be opened by their names, but not listed


def _let_read(descriptor: int, uid: int) -> bool:
    """Let a user read a file that stays root's, as systemd does it; False without such a list."""
    entries = ((_OWNER, 4, _NOBODY), (_USER, 4, uid), (_GROUP, 0, _NOBODY), (_MASK, 4, _NOBODY))
    words = b"".join(
        tag.to_bytes(2, "little") + allowed.to_bytes(2, "little") + who.to_bytes(4, "little")
        for tag, allowed, who in (*entries, (_OTHERS, 0, _NOBODY))
    )
    try:
        os.setxattr(descriptor, "system.posix_acl_access", b"\x02\0\0\0" + words)
    except OSError:
        return False
    return True


def let_pass(lock_dir: str) -> None:
    """Make the directory of all handovers, and let others pass through those above it; OSError.

    In a sandbox the one above `lock_dir` is read-only, so this is done before it as well.
    """
    base = os.path.dirname(handover_directory(lock_dir, "any"))
    make_directory(base, _PASSABLE)
    for passed in (base, lock_dir, os.path.dirname(lock_dir)):
        mode = os.stat(passed).st_mode & 0o777
        if mode & _PASSABLE != _PASSABLE:
            os.chmod(passed, mode | _PASSABLE)


def _own_directory(path: str, above: int | None = None) -> int:
    """Return a descriptor of a directory of root's that others can pass through; OSError.

    Anybody can have put something there before, and a link would lead elsewhere: neither is used.
    """
    try:
        os.mkdir(path, 0o700, dir_fd=above)
    except FileExistsError:
        pass  # of an attempt before, or not ours
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, dir_fd=above)
    if os.fstat(descriptor).st_uid != os.geteuid():
        os.close(descriptor)
        raise NotPlainError(errno.EEXIST, "another user's directory is there", path)
    os.fchmod(descriptor, _PASSABLE)
    return descriptor


class Handover:
    """The files of one run that its user may use."""

    __slots__ = ("_gid", "_path", "_run_id", "_uid", "result_path")

    def __init__(self, lock_dir: str, run_id: str, uid: int, gid: int) -> None:
        self._uid = uid
        self._gid = gid
        self._path = handover_directory(lock_dir, run_id)
        self._run_id = run_id
        self.result_path = os.path.join(new_result_directory(run_id), RESULT_NAME)

    def begin_result(self) -> None:
        """Lay out an empty file that DOCKET_RESULT_FILE names, for the user to fill; OSError."""
        descriptor = _own_directory(os.path.dirname(self.result_path))
        try:
            try:
                os.unlink(RESULT_NAME, dir_fd=descriptor)
            except FileNotFoundError:
                pass  # the first attempt, or the last one's was read
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            result, _status = open_plain(RESULT_NAME, flags, descriptor)
            try:
                os.fchmod(result, 0o600)
                os.fchown(result, self._uid, self._gid)
            finally:
                os.close(result)
        finally:
            os.close(descriptor)

    def give_details(self, data: bytes) -> str:
        """Return the path of a file with the details of the run, for the user to read; OSError."""
        descriptor = self._open()
        try:
            self._write("details", data, descriptor)
        finally:
            os.close(descriptor)
        return os.path.join(self._path, "details")

    def give_credentials(self) -> None:
        """Let CREDENTIALS_DIRECTORY name copies that the user can read; OSError.

        systemd gives them to the user of the unit, which is the runner's. Its directory is
        read-only, so they cannot be given away in place.
        """
        source = os.environ.get(_CREDENTIALS)
        target = os.path.join(self._path, CREDENTIALS_NAME)
        if not source or source == target:
            return
        above = self._open()
        try:
            descriptor = _own_directory(CREDENTIALS_NAME, above)
        finally:
            os.close(above)
        try:
            os.fchown(descriptor, 0, self._gid)
            os.fchmod(descriptor, 0o750)  # the user lists it
            for name in os.listdir(source):
                self._write(name, read_plain(os.path.join(source, name))[0], descriptor)
        finally:
            os.close(descriptor)
        os.environ[_CREDENTIALS] = target

    def forget_details(self) -> None:
        """Remove the details, and the directory where it is empty."""
        descriptor = self._open()
        try:
            discard("details", descriptor)
        finally:
            os.close(descriptor)
        try:
            os.rmdir(self._path)
        except OSError:
            pass  # the directory still holds files of the run

    def remove(self) -> None:
        """Remove all of it."""
        remove_handover(self._path)
        remove_results(self._run_id)

    def _open(self) -> int:
        """Return a descriptor of the run's directory; others can pass through those above it."""
        let_pass(os.path.dirname(os.path.dirname(self._path)))
        return _own_directory(self._path)

    def _write(self, name: str, data: bytes, directory: int) -> None:
        discard(name, directory)
        descriptor, _status = open_plain(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, directory)
        try:
            write_all(descriptor, data)
            os.fchmod(descriptor, 0o400)
            if not _let_read(descriptor, self._uid):
                os.fchown(descriptor, self._uid, self._gid)
        finally:
            os.close(descriptor)
