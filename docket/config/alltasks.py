"""All tasks of one home: each entry of the file and each drop-in class, checked and typed."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from docket.config.document import Document
from docket.config.schema import fastchecks, violations
from docket.config.schema import schema as schemas
from docket.config.task import builtin, plugin, policies
from docket.config.task.dependencies import check_dependencies
from docket.config.task.entry import WHOLE, TaskEntry
from docket.config.task.expansion import Expander
from docket.config.task.notify import read_true_as_on
from docket.config.task.retention import retention
from docket.config.task.tasks import class_task, command_task, doubt_unknown_keys
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Node, Path, Scalar, Section, descend, pruned
from docket.config.yaml.nodes import Sequence as ListNode
from docket.model.names import ALLOWED_SENTENCE, MAINTENANCE, is_safe_name
from docket.model.problem import Mark, Problem
from docket.model.task.task import Retention, Task
from docket.model.task.taskclass import BrokenTaskClass, Origin, TaskClass
from docket.model.text.nearest import nearest
from docket.model.text.secretnames import names_a_secret

_TEXT_AS_WRITTEN = frozenset({"unit", "env"})  # these have rules of their own for numbers


@functools.cache
def _command_keys() -> tuple[str, ...]:
    return schemas.key_names("command_task")


@functools.cache
def _drop_in_keys() -> tuple[str, ...]:
    return schemas.key_names("class_task")


@functools.cache
def _command_only() -> frozenset[str]:
    return frozenset(_command_keys()) - frozenset(_drop_in_keys())


class Assembly:
    """Makes the tasks of a document; what is wrong is noted in the document's complaints."""

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
        """Return all tasks by name as far as they can be read, those of the file first."""
        self._read_defaults()
        found: dict[str, Task] = {}
        section = self._document.root.entries.get("tasks")
        if isinstance(section, Section):
            for name, node in section.entries.items():
                task = self._entry(name, node)
                if task is not None:
                    found[name] = task
        written = section.entries if isinstance(section, Section) else {}
        for name, known in self._classes.items():
            if name not in written:
                make = self._built_in if name in self._built_ins else self._drop_in
                task = make(Section(0, 0), None, name, known)
                if task is not None:
                    found[name] = task
        check_dependencies(found, self._known_names(), self._complaints)
        return found

    def retention(self) -> Retention:
        """Return what is kept of tasks that have no entry; to be asked after `tasks`."""
        return retention(TaskEntry("", Section(0, 0), self._defaults, self._complaints))

    def _known_names(self) -> frozenset[str]:
        """Return the names of all tasks, those too that cannot be used."""
        section = self._document.root.entries.get("tasks")
        written = section.entries.keys() if isinstance(section, Section) else ()
        return frozenset({*written, *self._classes, *self._broken})

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
            self._defaults = self._sound("default_keys", node, ("defaults",))

    def _entry(self, name: str, node: Node) -> Task | None:
        path: Path = ("tasks", name)
        if not is_safe_name(name):
            shown = ascii(name[:120])[1:-1]
            self._complaints.problem(
                path,
                f"`{shown}` cannot be the name of a task",
                expected=ALLOWED_SENTENCE,
                code=Code.NAME,
                at_key=True,
            )
        if name == MAINTENANCE:
            self._complaints.problem(
                path,
                f"`{name}` cannot be the name of a task: Docket's own units have it",
                expected="another name",
                code=Code.NAME,
                at_key=True,
            )
        if not isinstance(node, Section):
            self._complaints.problem(
                path,
                f"Task '{ascii(name)[1:-1]}' config must be a mapping",
                expected="a mapping of task keys",
            )
            return None
        read_true_as_on(node, path, self._complaints)
        mark = self._mark(path)
        built_in = self._built_in_meant(name, node)
        if built_in is not None:
            return self._built_in(node, mark, name, built_in)
        drop_in = self._classes.get(name)
        if drop_in is not None and name not in self._built_ins:
            return self._drop_in(node, mark, name, drop_in)
        if not self._is_command(name, node):
            return None
        sound = self._sound("command_task", node, path, frozenset({"type"}))
        entry = TaskEntry(name, sound, self._defaults, self._complaints)
        self._tell_inert(entry, frozenset())
        settings, file = self._document.settings, self._document.file
        task = command_task(entry, mark, self._expander(), settings.user_home, file)
        return policies.grouped(entry, task, settings.groups)

    def _built_in_meant(self, name: str, node: Section) -> TaskClass | None:
        """Return the built-in task that the entry names by its `type`, or, without one, is."""
        kind = node.entries.get("type")
        if kind is not None:
            return self._built_ins.get(kind.text) if isinstance(kind, Scalar) else None
        return None if "command" in node.entries else self._built_ins.get(name)

    def _built_in(self, node: Section, mark: Mark | None, name: str, built_in: TaskClass) -> Task:
        sound = self._sound(schemas.built_in_definition(built_in.name), node, ("tasks", name))
        entry = TaskEntry(name, sound, self._defaults, self._complaints)
        self._tell_inert(entry, frozenset())
        file = self._document.file
        task = builtin.built_in_task(entry, mark, self._expander(), built_in, file)
        return policies.grouped(entry, task, self._document.settings.groups)

    def _drop_in(
        self, node: Section, mark: Mark | None, name: str, drop_in: TaskClass
    ) -> Task | None:
        foreign = plugin.own_keys(drop_in) | _command_only()
        sound = self._sound("class_task", node, ("tasks", name), foreign)
        entry = TaskEntry(name, sound, self._defaults, self._complaints)
        type_node = node.entries.get("type")
        if isinstance(type_node, Scalar) and type_node.value == "command":
            entry.warn(
                ("type",),
                f"the task is {drop_in.place}; its `command` is not run",
                hint="rename this task, or take the class away",
            )
        self._tell_inert(entry, foreign)
        doubt_unknown_keys(entry, (*_drop_in_keys(), *_command_only()), drop_in)
        file = self._document.file
        task = class_task(entry, mark, self._expander(), drop_in, file, foreign)
        return policies.grouped(entry, task, self._document.settings.groups)

    def _is_command(self, name: str, node: Section) -> bool:
        """Whether the entry is to be read as a command task; a wrong `type` is noted."""
        kind = node.entries.get("type")
        path: Path = ("tasks", name)
        if isinstance(kind, Scalar) and kind.value == "command":
            return True
        if kind is not None:
            written = kind.text if isinstance(kind, Scalar) else ""
            kinds = ("command", *self._built_ins)
            near = nearest(written, kinds)
            self._complaints.problem(
                (*path, "type"),
                "there is no such type of task",
                expected=", ".join(f"`{kind}`" for kind in kinds)
                + ", or no `type` at all for a drop-in Python task",
                hint=f"did you mean `{near}`?" if near else None,
            )
            return near not in self._built_ins
        if "command" in node.entries:
            self._complaints.problem(
                path,
                "the task has a `command` but no `type`",
                expected="`type: command`",
                hint="add `type: command`",
                code=Code.MISSING_KEY,
            )
        elif name not in self._broken:
            self._unknown(name, path)
        return "command" in node.entries

    def _unknown(self, name: str, path: Path) -> None:
        near = nearest(name, tuple(self._classes))
        directory = self._document.settings.task_dir
        self._complaints.problem(
            path,
            f"`{ascii(name)[1:-1]}` has no `type`, and no class in {directory} has that name",
            expected="`type: command`, or a Python task of that name",
            hint=f"did you mean the task `{near}`?" if near else "add `type: command`",
            code=Code.MISSING_KEY,
        )

    def _sound(
        self, name: str, node: Section, path: Path, without: frozenset[str] = frozenset()
    ) -> Section:
        """Return what the schema's definition `name` accepts of the node; the rest is noted.

        So the mistakes that only the typed reading sees are told in one go with the others.
        """
        value = {key: n.plain() for key, n in node.entries.items() if key not in without}
        sound = node
        if not fastchecks.recogniser(name)(value):
            wrong = violations.find(schemas.part(name), value, node)
            for found in wrong:
                self._complaints.violation(path, found)
                if found.path:
                    sound = pruned(sound, found.path, WHOLE)
            if not violations.complete(wrong):
                return Section(node.line, node.column)
        known = schemas.definition(name)["properties"]
        for key in value:
            if key in known and key not in _TEXT_AS_WRITTEN:
                self._refuse_odd_numbers(node.entries[key], (*path, key))
        return sound

    def _refuse_odd_numbers(self, node: Node, path: Path) -> None:
        if isinstance(node, Section):
            for key, child in node.entries.items():
                self._refuse_odd_numbers(child, (*path, key))
        elif isinstance(node, ListNode):
            for index, child in enumerate(node.items):
                self._refuse_odd_numbers(child, (*path, index))
        elif node.trap and not isinstance(node.value, bool | None):
            secret = any(names_a_secret(str(part)) for part in path[2:])
            shown = "this" if secret else f"`{node.text}`"
            hint = f"write {node.value}" if node.text[0] != "0" else "leave the zero out"
            self._complaints.problem(
                path,
                f"{violations.spoken(path[2:])}: YAML reads {shown} as {node.trap}",
                expected="a number in plain decimal digits",
                hint="put it in quotes" if secret else hint,
                code=Code.TRAP,
            )

    def _tell_inert(self, entry: TaskEntry, foreign: frozenset[str]) -> None:
        for key, reason in schemas.inert_keys().items():
            if entry.has(key) and key not in foreign:
                entry.warn((key,), f"`{key}` has no effect: {reason}", code=Code.IGNORED)

    def _mark(self, path: Path) -> Mark:
        holder = descend(self._document.root, path[:-1])
        key = holder.keys[str(path[-1])] if isinstance(holder, Section) else self._document.root
        return Mark(self._document.file, key.line + 1, key.column + 1)

    def _expander(self) -> Expander:
        expander = self._document.settings.expander
        assert expander is not None
        return expander
