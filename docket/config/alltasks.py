"""All tasks of one home: each entry of its files and each drop-in class, checked and typed."""

from __future__ import annotations

from collections.abc import Sequence

from docket.config.document import Document
from docket.config.entries import FileEntries, KnownClasses, sound_part
from docket.config.schema.complaints import Complaints
from docket.config.task.dependencies import check_dependencies
from docket.config.task.entry import TaskEntry
from docket.config.task.followers import check_upstream, with_followers
from docket.config.task.retention import retention
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Section
from docket.model.names import MAINTENANCE
from docket.model.problem import Mark, Problem
from docket.model.task.task import Retention, Task
from docket.model.task.taskclass import BrokenTaskClass, Origin, TaskClass


class Assembly:
    """Makes the tasks of all files of a home; what is wrong is noted in each file's complaints."""

    def __init__(self, document: Document, classes: Sequence[TaskClass | BrokenTaskClass]) -> None:
        self._document = document
        self._complaints = document.complaints
        self._classes: dict[str, TaskClass] = {}
        self._built_ins = {
            found.name: found
            for found in classes
            if isinstance(found, TaskClass) and found.origin is Origin.BUILT_IN
        }
        self._broken: set[str] = set()
        self._defaults: Section | None = None
        for found in classes:
            self._take(found)

    def tasks(self) -> dict[str, Task]:
        """Return all tasks by name as far as they can be read, those of the config first."""
        self._read_defaults()
        known = KnownClasses(self._classes, self._built_ins, frozenset(self._broken))
        files = [self._document, *(part for part in self._document.parts if not part.unreadable)]
        found: dict[str, Task] = {}
        complaints: dict[str, Complaints] = {}
        for file in files:
            entries = FileEntries(file, self._document, known, self._defaults)
            for task in entries.tasks():
                found.setdefault(task.name, task)
                complaints.setdefault(task.name, file.complaints)
        main = FileEntries(self._document, self._document, known, self._defaults)
        for name, known_class in self._classes.items():
            if name not in self._written():
                unwritten = main.unwritten(name, known_class)
                if unwritten is not None:
                    found[name] = unwritten
                    complaints[name] = self._complaints
        check_dependencies(found, self._known_names(), complaints)
        check_upstream(found, self._known_names(), complaints)
        self._spoil_parts()
        return with_followers(found)

    def _spoil_parts(self) -> None:
        """Note at each task of a part why its whole file cannot be used."""
        for part in self._document.parts:
            grave = [problem for problem in part.complaints.problems if problem.task is None]
            section = part.root.entries.get("tasks")
            for name in section.entries if grave and isinstance(section, Section) else ():
                part.complaints.problem(
                    ("tasks", name),
                    f"its file has a mistake in line {grave[0].mark.line if grave[0].mark else 1}: "
                    f"{grave[0].sentence}",
                    hint=grave[0].hint,
                    at_key=True,
                )

    def retention(self) -> Retention:
        """Return what is kept of tasks that have no entry; to be asked after `tasks`."""
        return retention(TaskEntry("", Section(0, 0), self._defaults, self._complaints))

    def _known_names(self) -> frozenset[str]:
        """Return the names of all tasks, those too that cannot be used."""
        return frozenset({*self._written(), *self._classes, *self._broken})

    def _written(self) -> frozenset[str]:
        """Return the names that have an entry in some file."""
        sections = (
            file.root.entries.get("tasks") for file in (self._document, *self._document.parts)
        )
        return frozenset(
            name for each in sections if isinstance(each, Section) for name in each.entries
        )

    def _take(self, found: TaskClass | BrokenTaskClass) -> None:
        """Take a class in; of two with one name the one of the higher origin counts."""
        if isinstance(found, BrokenTaskClass):
            self._broken.add(found.name)
            self._elsewhere(found, found.sentence, found.hint, found.code)
            return
        other = self._classes.get(found.name)
        if found.name == MAINTENANCE:
            sentence = f"`{MAINTENANCE}` cannot be the name of a task: Docket's own units have it"
            self._elsewhere(found, sentence, "give the class another name", Code.NAME)
        elif other is None or other.origin.rank > found.origin.rank:
            self._classes[found.name] = found
        if other is not None and other.origin is found.origin:
            sentence = f"two classes are named `{found.name}`; the other is {other.place}"
            self._elsewhere(found, sentence, "rename one of them", Code.BROKEN)
        elif other is not None:
            first, second = sorted((found, other), key=lambda each: each.origin.rank)
            self._complaints.doubt_elsewhere(
                Problem(
                    f"{second.place} is not used: {first.place} has the same name",
                    Mark(second.path, 1, 1) if second.path else None,
                    hint="rename one of them",
                    code=Code.DOUBT,
                    task=found.name,
                )
            )

    def _elsewhere(
        self, found: TaskClass | BrokenTaskClass, sentence: str, hint: str | None, code: str
    ) -> None:
        """Note what is wrong with a class at its own place."""
        line = found.line if isinstance(found, BrokenTaskClass) else None
        mark = Mark(found.path, line or 1, 1) if found.path else None
        self._complaints.other_file(
            Problem(sentence, mark, hint=hint, code=str(code), task=found.name)
        )

    def _read_defaults(self) -> None:
        node = self._document.root.entries.get("defaults")
        if isinstance(node, Section):
            self._defaults = sound_part(
                "default_keys", node, ("defaults",), complaints=self._complaints
            )
