"""What may hold a task class and can be imported to see: a drop-in file, or an entry point."""

from __future__ import annotations

import os
from typing import Any

from docket.model.record import Record
from docket.model.task.taskclass import BrokenTaskClass, Origin, TaskClass


class DropIn(Record):
    """A drop-in file, to be imported by its path."""

    path: str

    @property
    def words(self) -> list[str]:
        """The words that the importing child gets."""
        return [self.path]

    @property
    def guessed_name(self) -> str:
        """The name that its task probably has, if it does not say."""
        return os.path.basename(self.path).removesuffix(".py").replace("_", "-")

    def broken(
        self, sentence: str, file: str = "", line: int | None = None, name: str = ""
    ) -> BrokenTaskClass:
        """Return what is known of it if it cannot be used."""
        del file  # a mistake is reported at the drop-in itself
        whole = f"the drop-in file {self.path} cannot be used: {sentence}"
        hint = "fix the file or move it away; every other task works meanwhile"
        return BrokenTaskClass(name or self.guessed_name, self.path, whole, line, hint)

    def good(self, **said: Any) -> TaskClass:
        """Return the class that says this of itself."""
        return TaskClass(path=self.path, **said)


class EntryPoint(Record):
    """One line of the group `docket.tasks`, to be imported by its module.

    `package` is the name and version of its distribution; it is declared in line `line` of `file`.
    `path` is where the module probably is, or "".
    """

    name: str
    module: str
    attribute: str
    package: str
    file: str
    line: int
    path: str

    @property
    def words(self) -> list[str]:
        """The words that the importing child gets."""
        return [self.module, self.attribute]

    @property
    def hint(self) -> str:
        """What to do if it cannot be used."""
        return f"upgrade {self.package} or uninstall it; every other task works meanwhile"

    def broken(
        self, sentence: str, file: str = "", line: int | None = None, name: str = ""
    ) -> BrokenTaskClass:
        """Return what is known of it if it cannot be used; the mistake may lie in `file`."""
        words = f"{self.name} = {self.module}:{self.attribute}"
        whole = f"the entry point `{words}` of {self.package} cannot be used: {sentence}"
        if file and line is not None:
            place = (file, line)
        else:
            place = (self.path, 1) if self.path else (self.file, self.line)
        return BrokenTaskClass(name or self.name, place[0], whole, place[1], self.hint)

    def good(self, *, files: list[str], **said: Any) -> TaskClass:
        """Return the class that says this of itself; it lies in the last of `files`."""
        return TaskClass(
            path=files[-1] if files else self.path,
            module=self.module,
            origin=Origin.ENTRY_POINT,
            package=self.package,
            sources=tuple(dict.fromkeys((*files[:-1], self.file))),
            **said,
        )
