"""Completion scripts and manual pages where the shells and man of one user find them."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, files
from typing import TYPE_CHECKING

from docket.app.text.completionfiles import SHELLS, completion_script, file_name
from docket.errors import DocketError
from docket.files import (
    NotPlainError,
    is_own_directory,
    make_directory,
    read_text,
    remove,
    write_whole,
)
from docket.libraries import is_of_a_distribution
from docket.model.record import Record

if TYPE_CHECKING:
    from docket.app.editing.shapes import ShellFilesDocument, ShellSetupDocument

MAN = "man"
_DISTRIBUTION = "docket-cli"
_MARK_OF_SCRIPTS = "# Written by docket setup-shell.\n"
_MARK_OF_PAGES = '.\\" Written by docket setup-shell.\n'
_FOR_EVERYBODY = "/usr/local/share"
_BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"
_CHECKOUT_PAGES = os.path.join(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))),
    "docs",
    "man",
)


class ShellFiles(Record):
    """The files of one kind: a shell's name or `man`. `kept` are files of somebody else."""

    kind: str
    path: str
    files: int = 0
    written: int = 0
    removed: int = 0
    kept: tuple[str, ...] = ()

    def document(self) -> ShellFilesDocument:
        """Return it as it is part of the answer of `docket setup-shell --json`."""
        return {
            "kind": self.kind,
            "path": self.path,
            "files": self.files,
            "written": self.written,
            "removed": self.removed,
            "kept": list(self.kept),
        }


class ShellSetup(Record):
    """What is in place now, and what is left for the user to do."""

    parts: tuple[ShellFiles, ...] = ()
    steps: tuple[str, ...] = ()
    provided: bool = False  # by a package of the distribution, for everybody

    @property
    def ok(self) -> bool:
        """Whether no file of somebody else was in the way."""
        return not any(part.kept for part in self.parts)

    def document(self) -> ShellSetupDocument:
        """Return it as `docket setup-shell --json` prints it."""
        return {
            "ok": self.ok,
            "provided": self.provided,
            "parts": [part.document() for part in self.parts],
            "next_steps": list(self.steps),
        }


class ShellPlaces(Record):
    """Where files go: below `data`, and for fish below `fish`."""

    data: str
    fish: str
    man: str

    def completion(self, shell: str) -> str:
        """Return the path at which a shell looks for the completion of docket."""
        directory = {
            "bash": os.path.join(self.data, "bash-completion", "completions"),
            "zsh": os.path.join(self.data, "zsh", "site-functions"),
            "fish": self.fish,
        }[shell]
        return os.path.join(directory, file_name(shell))


def places_of(environ: Mapping[str, str], user_home: str, *, system: bool) -> ShellPlaces:
    """Return the places of the user, or with `system` those of everybody on this machine."""
    if system:
        fish = os.path.join(_FOR_EVERYBODY, "fish", "vendor_completions.d")
        return ShellPlaces(_FOR_EVERYBODY, fish, os.path.join(_FOR_EVERYBODY, "man"))
    share = os.path.join(user_home, ".local", "share")
    config = _own(environ.get("XDG_CONFIG_HOME")) or os.path.join(user_home, ".config")
    return ShellPlaces(
        data=_own(environ.get("XDG_DATA_HOME")) or share,
        fish=os.path.join(config, "fish", "completions"),
        man=os.path.join(share, "man"),  # man finds it by ~/.local/bin in PATH
    )


def _own(path: str | None) -> str | None:
    """Return a directory of the caller's own, or one that can be made in such a one; else None.

    After `su` the variables name directories of another user, whose links root would follow.
    """
    if not path:
        return None
    own = is_own_directory(path if os.path.lexists(path) else os.path.dirname(path))
    return path if own else None


def set_up(places: ShellPlaces, shells: Sequence[str], environ: Mapping[str, str]) -> ShellSetup:
    """Write the completion of each shell, and the manual pages; DocketError if one cannot be."""
    if is_of_a_distribution():
        return ShellSetup(provided=True)
    parts = [
        _renewed(
            shell, places.completion(shell), {places.completion(shell): completion_script(shell)}
        )
        for shell in shells
    ]
    parts.append(_renewed(MAN, places.man, _pages(places.man)))
    return ShellSetup(tuple(parts), tuple(_steps(places, shells, environ)))


def take_away(places: ShellPlaces) -> ShellSetup:
    """Remove every file that `set_up` wrote; DocketError if one cannot be removed."""
    parts = [_renewed(shell, places.completion(shell), {}) for shell in SHELLS]
    return ShellSetup((*parts, _renewed(MAN, places.man, {})))


def installed_shells(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the shells that this machine has."""
    return tuple(shell for shell in SHELLS if shutil.which(shell, path=environ.get("PATH")))


def _renewed(kind: str, path: str, wanted: Mapping[str, str]) -> ShellFiles:
    """Make the files of one kind as they are wanted, and remove those of ours that are not."""
    mark = _MARK_OF_PAGES if kind == MAN else _MARK_OF_SCRIPTS
    written, removed, kept = 0, 0, []
    for place in sorted({*wanted, *_present(kind, path)}):
        text = wanted.get(place)
        found = _read(place)
        if text is None:
            removed += bool(found is not None and found.endswith(mark) and _remove(place))
        elif found is None:
            _write(place, text + mark)
            written += 1
        elif found not in (text, text + mark):
            if found.endswith(mark):
                _write(place, text + mark)
                written += 1
            else:
                kept.append(place)
    return ShellFiles(kind, path, len(wanted) - len(kept), written, removed, tuple(kept))


def _present(kind: str, path: str) -> list[str]:
    """Return the files at the places of one kind, whoever wrote them."""
    return glob.glob(f"{glob.escape(path)}/man[1-8]/docket*") if kind == MAN else [path]


def _pages(directory: str) -> dict[str, str]:
    """Return the text of each manual page of this installation by the path where it goes."""
    found = {}
    for path in _installed_pages():
        name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            found[os.path.join(directory, f"man{name[-1]}", name)] = file.read()
    return found


def _installed_pages() -> list[str]:
    """Return where pip has put the manual pages, or where they are in a checkout."""
    try:
        recorded = files(_DISTRIBUTION) or ()
    except PackageNotFoundError:
        recorded = ()
    pages = [str(file.locate()) for file in recorded if "/share/man/man" in f"/{file}"]
    return [page for page in pages if os.path.exists(page)] or glob.glob(f"{_CHECKOUT_PAGES}/*")


def _read(path: str) -> str | None:
    """Return the text of a file, through a link too; None if there is none."""
    try:
        return read_text(os.path.realpath(path))
    except NotPlainError:
        return ""  # neither ours nor what is wanted
    except NotADirectoryError:
        return None  # writing says so
    except OSError as error:
        raise _failed(path, "read", error) from None


def _write(path: str, text: str) -> None:
    try:
        make_directory(os.path.dirname(path), 0o755)  # with --system others read it
        write_whole(path, text, 0o644)
    except OSError as error:
        raise _failed(path, "written", error) from None


def _remove(path: str) -> bool:
    try:
        return remove(path)
    except OSError as error:
        raise _failed(path, "removed", error) from None


def _failed(path: str, what: str, error: OSError) -> DocketError:
    return DocketError(
        f"{path} cannot be {what}: {error.strerror}.", hint=f"ls -ld {os.path.dirname(path)}"
    )


def _steps(places: ShellPlaces, shells: Sequence[str], environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what the user has to do so that shells and man find the files."""
    if "bash" in shells and not os.path.exists(_BASH_COMPLETION):
        yield "bash: install the package bash-completion"
    if "zsh" in shells and places.data != _FOR_EVERYBODY:
        directory = os.path.dirname(places.completion("zsh"))
        yield f"zsh: in ~/.zshrc, before compinit: fpath=({directory} $fpath)"
    commands = os.path.join(os.path.dirname(os.path.dirname(places.man)), "bin")
    if commands not in environ.get("PATH", "").split(":"):
        yield f"man: have {commands} in PATH"
    yield "open a new shell"
