"""The entry points `docket.tasks` of the packages that are installed beside Docket.

They are looked for where the runner will look: in the directories of this interpreter and in
Docket's own, never in PYTHONPATH or in a user's private site-packages.
"""

from __future__ import annotations

import os
import re
import site
import stat
from collections.abc import Iterator

from docket.config.yaml.safety import refuse_what_anybody_can_write
from docket.errors import UnsafeFileError
from docket.model.record import Record
from docket.model.task.taskclass import BrokenTaskClass
from docket.tasks.targets import EntryPoint

GROUP = "docket.tasks"
_ROOT = os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
)
_METADATA = (".dist-info", ".egg-info")
_OWN = "docket-cli"  # the entry points of docket-cli itself are built in here
_LARGEST = 1024 * 1024
_SECTION = rf"^[ \t]*\[[ \t]*{re.escape(GROUP)}[ \t]*\]"
_VALUE = r"(?P<module>[\w.]+)\s*(:\s*(?P<attribute>[\w.]+))?\s*(\[.*\])?"


class Package(Record):
    """One installed distribution that registers tasks; `file` is its entry_points.txt."""

    name: str
    version: str
    file: str
    text: str

    @property
    def words(self) -> str:
        """The package as a sentence names it."""
        return f"{self.name} {self.version}".strip()


def entry_points(directories: list[str] | None = None) -> list[EntryPoint | BrokenTaskClass]:
    """Return what the packages in `directories` register, by package and in their own order.

    Without `directories` those are searched that the runner imports from. An entry point whose
    files anybody could have written is broken: it is never imported.
    """
    searched = search_directories() if directories is None else directories
    found: list[EntryPoint | BrokenTaskClass] = []
    seen: set[str] = set()
    for package in sorted(_packages(searched), key=lambda package: package.name):
        if package.name not in seen:  # the first of two versions in the path counts, as in Python
            seen.add(package.name)
            found += [_safe(each) for each in _registered(package, searched)]
    return found


def search_directories() -> list[str]:
    """Return the directories of installed packages that a task's process imports from."""
    return list(dict.fromkeys((_ROOT, *site.getsitepackages())))


def _packages(directories: list[str]) -> Iterator[Package]:
    for directory in directories:
        try:
            names = sorted(n for n in os.listdir(directory) if n.endswith(_METADATA))
        except OSError:
            continue
        for name in names:
            file = os.path.join(directory, name, "entry_points.txt")
            text = _text(file)
            if re.search(_SECTION, text, re.MULTILINE) is None:
                continue
            package = _package(os.path.join(directory, name), file, text)
            if package.name != _OWN:
                yield package


def _package(metadata: str, file: str, text: str) -> Package:
    """Return a distribution by its metadata, or by the directory's name where that says nothing."""
    from importlib.metadata import Distribution  # noqa: PLC0415  (few have such packages)
    from pathlib import Path  # noqa: PLC0415  (as above)

    try:
        said = Distribution.at(Path(metadata)).metadata
        name, version = said["Name"], said["Version"]
    except Exception:  # noqa: BLE001  (metadata of others: whatever is wrong with it)
        name, version = None, None
    if not isinstance(name, str):
        stem = os.path.basename(metadata).rpartition(".")[0]
        name, _, version = stem.partition("-")
    return Package(re.sub(r"[-_.]+", "-", name).lower(), str(version or ""), file, text)


def _text(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as stream:
            return stream.read(_LARGEST)
    except OSError:
        return ""


def _registered(package: Package, directories: list[str]) -> Iterator[EntryPoint | BrokenTaskClass]:
    inside = False
    for number, line in enumerate(package.text.splitlines(), 1):
        words = line.strip()
        if words.startswith("["):
            inside = re.match(_SECTION, words, re.MULTILINE) is not None
        elif inside and words and words[0] not in "#;":
            yield _entry_point(package, words, number, directories)


def _entry_point(
    package: Package, words: str, line: int, directories: list[str]
) -> EntryPoint | BrokenTaskClass:
    name, _, value = (part.strip() for part in words.partition("="))
    found = re.fullmatch(_VALUE, value)
    module, attribute = (found["module"], found["attribute"] or "") if found else ("", "")
    path = _module_file(module, directories)
    made = EntryPoint(name, module, attribute, package.words, package.file, line, path)
    if not name or not attribute or not _is_dotted(module) or not _is_dotted(attribute):
        sentence = (
            f"the entry point `{words[:200]}` of {package.words} names no class: "
            "`name = package.module:ClassName` does"
        )
        return BrokenTaskClass(name or package.name, package.file, sentence, line, made.hint)
    return made


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _module_file(module: str, directories: list[str]) -> str:
    """Return the file of a module by its name only, or "": nothing may be imported for it."""
    inside = module.replace(".", os.sep)
    for directory in directories:
        for end in (".py", os.path.join("", "__init__.py")):
            path = os.path.join(directory, inside + end)
            if module and os.path.isfile(path):
                return path
    return ""


def _safe(found: EntryPoint | BrokenTaskClass) -> EntryPoint | BrokenTaskClass:
    if isinstance(found, BrokenTaskClass):
        return found
    for file in filter(None, (found.file, found.path)):
        try:
            status = os.stat(file)
            if not stat.S_ISREG(status.st_mode):
                return found.broken(f"{file} is not a regular file")
            refuse_what_anybody_can_write(file, status)
        except UnsafeFileError as error:
            return BrokenTaskClass(found.name, file, error.sentence, None, error.hint, error.code)
        except OSError as error:
            return found.broken(f"{file} cannot be read: {error.strerror}")
    return found
