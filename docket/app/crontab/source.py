"""Where crontabs are read from: the caller's own, files, directories, and standard input."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence

from docket.crontab.files import has_user_field, is_read_by_cron, user_of_spool
from docket.errors import DocketError, ToolMissingError, UsageError
from docket.model.record import Record

LARGEST_BYTES = 4 * 1024 * 1024
_DEADLINE_SECONDS = 20.0
STDIN = "-"


class CrontabUnreadableError(DocketError):
    """A crontab that cannot be read, or a file that is not a crontab."""

    code = "import.unreadable"


class NoCrontabError(DocketError):
    """The caller has no crontab of their own."""

    code = "import.no_crontab"


class CrontabText(Record):
    """One crontab as bytes; `name` is what messages call it.

    `user` is whose crontab it is, if its place or its owner says so.
    """

    name: str
    data: bytes
    user_field: bool
    user: str | None = None


def read_all(
    words: Sequence[str],
    environ: Mapping[str, str],
    *,
    user_field: bool | None,
    read_stdin: Callable[[int], bytes],
) -> Iterator[CrontabText]:
    """Yield the crontabs that `words` name; none names the caller's own.

    A directory means the files in it that cron would read. `user_field` None lets the path
    decide. `read_stdin` returns so many bytes at most.
    """
    if not words:
        yield CrontabText("crontab", _own(environ), user_field=bool(user_field))
    if list(words).count(STDIN) > 1:
        raise UsageError("Standard input can be read only once.", hint="write `-` once")
    for word in words:
        if word == STDIN:
            data = _bounded(read_stdin(LARGEST_BYTES + 1), "standard input")
            yield CrontabText("stdin", data, user_field=bool(user_field))
            continue
        for path in _files(word):
            field = has_user_field(path) if user_field is None else user_field
            data, owner = _read(path)
            user = user_of_spool(path) or (None if field else owner)
            yield CrontabText(path, _bounded(data, path), user_field=field, user=user)


def _files(word: str) -> list[str]:
    if not word or "\0" in word:
        raise UsageError("FILE is a path, and got an empty one.")
    if not os.path.isdir(word):
        return [word]
    try:
        names = sorted(os.listdir(word))
    except OSError as error:
        raise _unreadable(word, error) from None
    paths = [os.path.join(word, name) for name in names if is_read_by_cron(name)]
    return [path for path in paths if os.path.isfile(path)]


def _read(path: str) -> tuple[bytes, str | None]:
    """Return what a file holds, and to root the user who wrote it unless that is root."""
    try:
        with open(path, "rb") as file:
            uid = os.fstat(file.fileno()).st_uid
            return file.read(LARGEST_BYTES + 1), _name_of(uid) if os.geteuid() == 0 < uid else None
    except OSError as error:
        raise _unreadable(path, error) from None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _bounded(data: bytes, name: str) -> bytes:
    if len(data) > LARGEST_BYTES:
        raise CrontabUnreadableError(
            f"{name} is larger than 4 MiB, and no crontab is.", hint="cron takes 10,000 lines"
        )
    return data


def _unreadable(path: str, error: OSError) -> CrontabUnreadableError:
    return CrontabUnreadableError(f"{path} cannot be read: {error.strerror}.", file=path)


def _own(environ: Mapping[str, str]) -> bytes:
    """Return what `crontab -l` prints."""
    try:
        done = subprocess.run(
            ["crontab", "-l"],
            env={**environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_DEADLINE_SECONDS,
        )
    except FileNotFoundError:
        raise ToolMissingError(
            "`crontab` is not installed, so there is no crontab of yours to read.",
            hint="name a file: docket import crontab FILE",
        ) from None
    except OSError as error:
        raise CrontabUnreadableError(f"`crontab -l` cannot be run: {error.strerror}.") from None
    except subprocess.TimeoutExpired:
        raise CrontabUnreadableError(
            f"`crontab -l` did not end within {_DEADLINE_SECONDS:.0f} seconds.",
            hint="name a file: docket import crontab FILE",
        ) from None
    if done.returncode != 0:
        _refuse_own(done.stderr.decode(errors="replace").strip())
    return _bounded(done.stdout, "the crontab")


def _refuse_own(said: str) -> None:
    if "no crontab for" in said:
        raise NoCrontabError(
            "You have no crontab.",
            hint="name a file, as in `docket import crontab /etc/cron.d/backup`",
        )
    last = said.splitlines()[-1] if said else "it said nothing"
    raise CrontabUnreadableError(f"`crontab -l` failed: {last}.", hint="name a file instead")
