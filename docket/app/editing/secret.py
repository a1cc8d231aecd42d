"""`docket secret`: files of secrets in a directory of the caller's own, for `credentials`."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from docket.app.catalog.lookup import load_config
from docket.app.editing.refusals import refused_as
from docket.app.record.audit import ChangeRow, note_changes
from docket.app.session.session import Session
from docket.app.text.documents import iso
from docket.config.yaml.safety import refuse_unsafe_place
from docket.errors import ConfigError, SecretError, ToolMissingError, UnsafeFileError
from docket.files import is_own_directory, make_directory, remove, sync_directory, write_whole
from docket.model.record import Record
from docket.model.task.task import ENCRYPTED_ENDING, secret_path

if TYPE_CHECKING:
    from docket.app.editing.shapes import SecretDocument, SecretRemovedDocument, SecretSetDocument

LARGEST_BYTES = 1024 * 1024  # systemd gives at most this much to one unit
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")
_TOOL = "systemd-creds"


class Secret(Record):
    """One secret that is kept: never its value. `used_by` are the tasks that name it."""

    name: str
    path: str
    encrypted: bool
    changed_us: int
    used_by: tuple[str, ...]

    def document(self) -> SecretDocument:
        """Return it as a JSON object."""
        return {
            "name": self.name,
            "path": self.path,
            "encrypted": self.encrypted,
            "changed_at": iso(self.changed_us),
            "used_by": list(self.used_by),
        }


class SecretSet(Record):
    """A secret that was written; `replaced` says whether there was one of that name."""

    name: str
    path: str
    encrypted: bool
    replaced: bool

    @property
    def entry(self) -> str:
        """The lines of a task's config that use it."""
        more = ", encrypted: true" if self.encrypted else ""
        return f"credentials: {{{self.name}: {{secret: {self.name}{more}}}}}"

    def document(self) -> SecretSetDocument:
        """Return it as a JSON object."""
        return {
            "ok": True,
            "name": self.name,
            "path": self.path,
            "encrypted": self.encrypted,
            "replaced": self.replaced,
            "entry": self.entry,
        }


class SecretRemoved(Record):
    """A secret that is gone; `used_by` are the tasks that name it still."""

    name: str
    used_by: tuple[str, ...]

    def document(self) -> SecretRemovedDocument:
        """Return it as a JSON object."""
        return {"ok": True, "name": self.name, "used_by": list(self.used_by)}


def set_secret(session: Session, name: str, value: bytes, *, encrypt: bool = False) -> SecretSet:
    """Keep a secret under `name`, 0600; one of that name is replaced in one step.

    Raises SecretError for a name or value that cannot be kept, or if the directory is not the
    caller's own or the disk refuses; ToolMissingError if systemd-creds cannot encrypt here.
    """
    _require_name(name)
    if not 0 < len(value) <= LARGEST_BYTES:
        size = f"{len(value)} bytes long" if value else "empty"
        raise SecretError(
            f"The value for the secret {name} is {size}.",
            hint="Give 1 byte to 1 MiB on standard input.",
        )
    directory = _directory(session, make=True)
    data = _encrypted(value, system=session.paths.system) if encrypt else value
    path = secret_path(directory, name, encrypted=encrypt)
    other = secret_path(directory, name, encrypted=not encrypt)
    replaced = os.path.lexists(path) or os.path.lexists(other)
    with refused_as(SecretError, path):
        write_whole(path, data)
        if remove(other):
            sync_directory(directory)
    kept = {"name": name, "kept": replaced}
    note_changes(session, [ChangeRow("secret set", None, kept, _set_now(name, encrypted=encrypt))])
    return SecretSet(name, path, encrypt, replaced)


def list_secrets(session: Session) -> tuple[Secret, ...]:
    """Return the secrets that are kept, by name. Raises SecretError."""
    users = _users(session)
    directory = _directory(session)
    with refused_as(SecretError, directory):
        return tuple(sorted(_kept(directory, users), key=lambda one: one.name))


def remove_secret(session: Session, name: str, *, force: bool = False) -> SecretRemoved:
    """Remove the secret of that name; without `force` not while a task names it.

    Raises SecretError if there is none, it is in use, or the disk refuses.
    """
    _require_name(name)
    directory = _directory(session)
    paths = [secret_path(directory, name, encrypted=sealed) for sealed in (False, True)]
    users = _users(session)
    used_by = tuple(sorted({task for path in paths for task in users.get(path, ())}))
    if not any(os.path.lexists(path) for path in paths):
        raise SecretError(f"There is no secret {name}.", hint="docket secret list shows them.")
    if used_by and not force:
        raise SecretError(
            f"The secret {name} is named by {', '.join(used_by)}, whose runs would fail.",
            hint="Take it out of the config first, or add --force.",
        )
    with refused_as(SecretError, directory):
        for path in paths:
            remove(path)
        sync_directory(directory)
    gone = {"name": name, "kept": False}
    before = {"name": name, "kept": True}
    note_changes(session, [ChangeRow("secret remove", None, before, gone)])
    return SecretRemoved(name, used_by)


def _set_now(name: str, *, encrypted: bool) -> dict[str, Any]:
    """Return what the audit says of a secret: that it has a value, and never which."""
    return {"name": name, "kept": True, "encrypted": encrypted}


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name) or name.endswith(ENCRYPTED_ENDING):
        raise SecretError(
            f"{name[:60]!a} is not a name for a secret.",
            hint=f"Use letters, digits, `_`, `-` and `.`, and no {ENCRYPTED_ENDING} at the end.",
        )


def _directory(session: Session, *, make: bool = False) -> str:
    """Return the directory of the secrets, which only the caller may write and read."""
    directory = session.paths.secret_dir
    try:
        refuse_unsafe_place(directory, "a secret")
    except UnsafeFileError as error:
        raise SecretError(error.sentence, hint=error.hint) from None
    if make:
        with refused_as(SecretError, directory):
            make_directory(directory)
    if os.path.lexists(directory) and not is_own_directory(directory):
        raise SecretError(
            f"{directory} is not a directory of your own, or others can write there.",
            hint="It must belong to you and have the mode 0700.",
        )
    return directory


def _kept(directory: str, users: Mapping[str, tuple[str, ...]]) -> Iterator[Secret]:
    try:
        entries = list(os.scandir(directory))
    except FileNotFoundError:
        return
    for entry in entries:
        name = entry.name.removesuffix(ENCRYPTED_ENDING)
        status = entry.stat(follow_symlinks=False)
        if _NAME.fullmatch(name) and stat.S_ISREG(status.st_mode):
            yield Secret(
                name,
                entry.path,
                name != entry.name,
                status.st_mtime_ns // 1000,
                users.get(entry.path, ()),
            )


def _users(session: Session) -> dict[str, tuple[str, ...]]:
    """Return the tasks by the files of their credentials; none if no config can be used."""
    try:
        config = load_config(session)
    except ConfigError:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for task in config.tasks.values():
        for one in task.credentials:
            found[one.source] = (*found.get(one.source, ()), task.name)
    return found


def _encrypted(value: bytes, *, system: bool) -> bytes:
    """Return what systemd-creds makes of a value, for any name that a credential is given."""
    if not system:
        raise SecretError(
            "The service manager of a user decrypts secrets in some releases of systemd and not in"
            " others.",
            hint="Leave --encrypt out: the file is 0600. With --system it can be encrypted.",
        )
    done = _run([_TOOL, "encrypt", "--name=", "-", "-"], value)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ToolMissingError(
            f"systemd-creds cannot encrypt here: {said[-1] if said else 'it does not say why'}",
            hint="Leave --encrypt out: the file is 0600.",
        )
    return done.stdout


def _run(words: list[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(words, input=given, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolMissingError(
            f"systemd-creds cannot be started: {error}.",
            hint="It comes with systemd 250 and newer. Leave --encrypt out: the file is 0600.",
        ) from None
