"""The tasks of one file: each entry checked against the schema and typed."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from docket.config.document import Document
from docket.config.schema import fastchecks, violations
from docket.config.schema import schema as schemas
from docket.config.schema.complaints import Complaints
from docket.config.task import builtin, plugin, policies
from docket.config.task.entry import WHOLE, TaskEntry
from docket.config.task.expansion import Expander
from docket.config.task.notify import read_true_as_on
from docket.config.task.tasks import class_task, command_task, doubt_unknown_keys
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Node, Path, Scalar, Section, pruned
from docket.config.yaml.nodes import Sequence as ListNode
from docket.model.names import ALLOWED_SENTENCE, MAINTENANCE, is_safe_name
from docket.model.problem import Mark
from docket.model.task.task import Task
from docket.model.task.taskclass import TaskClass
from docket.model.text.nearest import nearest
from docket.model.text.secretnames import names_a_secret

_TEXT_AS_WRITTEN = frozenset({"unit", "env"})  # these keys have their own rules for numbers


@functools.cache
def _command_keys() -> tuple[str, ...]:
    return schemas.key_names("command_task")


@functools.cache
def _drop_in_keys() -> tuple[str, ...]:
    return schemas.key_names("class_task")


@functools.cache
def _command_only() -> frozenset[str]:
    return frozenset(_command_keys()) - frozenset(_drop_in_keys())


class KnownClasses(NamedTuple):
    """The task classes of a home by name: all that can be used, and those that are broken."""

    classes: Mapping[str, TaskClass]
    built_ins: Mapping[str, TaskClass]
    broken: frozenset[str]


class FileEntries:
    """Makes the tasks of one file; what is wrong is noted in its complaints.

    `main` is the config, whose `defaults` hold for the entries of every file: what is wrong in
    them is noted there.
    """

    def __init__(
        self, document: Document, main: Document, known: KnownClasses, defaults: Section | None
    ) -> None:
        self._document = document
        self._complaints = document.complaints
        self._main = main.complaints
        self._files = tuple(dict.fromkeys((document.file, main.file)))
        self._classes, self._built_ins, self._broken = known
        self._defaults = defaults

    def tasks(self) -> Iterator[Task]:
        """Yield the tasks of the file, as far as they can be read."""
        section = self._document.root.entries.get("tasks")
        for name, node in section.entries.items() if isinstance(section, Section) else ():
            task = self._entry(name, node)
            if task is not None:
                yield task

    def unwritten(self, name: str, known: TaskClass) -> Task | None:
        """Return the task of a class that has no entry in any file."""
        make = self._built_in if name in self._built_ins else self._drop_in
        return make(Section(0, 0), None, name, known)

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
        mark = self._document.place(path)
        built_in = self._built_in_meant(name, node)
        if built_in is not None:
            return self._built_in(node, mark, name, built_in)
        drop_in = self._classes.get(name)
        if drop_in is not None and name not in self._built_ins:
            return self._drop_in(node, mark, name, drop_in)
        if not self._is_command(name, node):
            return None
        sound = self._sound("command_task", node, path, frozenset({"type"}))
        entry = TaskEntry(name, sound, self._defaults, self._complaints, self._main)
        self._tell_inert(entry, frozenset())
        settings = self._document.settings
        task = command_task(entry, mark, self._expander(), settings.user_home, self._files)
        return policies.grouped(entry, task, settings.groups)

    def _built_in_meant(self, name: str, node: Section) -> TaskClass | None:
        """Return the built-in task that the entry names by its `type`, or, without one, is."""
        kind = node.entries.get("type")
        if kind is not None:
            return self._built_ins.get(kind.text) if isinstance(kind, Scalar) else None
        return None if "command" in node.entries else self._built_ins.get(name)

    def _built_in(self, node: Section, mark: Mark | None, name: str, built_in: TaskClass) -> Task:
        sound = self._sound(schemas.built_in_definition(built_in.name), node, ("tasks", name))
        entry = TaskEntry(name, sound, self._defaults, self._complaints, self._main)
        self._tell_inert(entry, frozenset())
        files = self._files
        task = builtin.built_in_task(entry, mark, self._expander(), built_in, files)
        return policies.grouped(entry, task, self._document.settings.groups)

    def _drop_in(
        self, node: Section, mark: Mark | None, name: str, drop_in: TaskClass
    ) -> Task | None:
        foreign = plugin.own_keys(drop_in) | _command_only()
        sound = self._sound("class_task", node, ("tasks", name), foreign)
        entry = TaskEntry(name, sound, self._defaults, self._complaints, self._main)
        type_node = node.entries.get("type")
        if isinstance(type_node, Scalar) and type_node.value == "command":
            entry.warn(
                ("type",),
                f"the task is {drop_in.place}; its `command` is not run",
                hint="rename this task, or take the class away",
            )
        self._tell_inert(entry, foreign)
        doubt_unknown_keys(entry, (*_drop_in_keys(), *_command_only()), drop_in)
        files = self._files
        task = class_task(entry, mark, self._expander(), drop_in, files, foreign)
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
        return sound_part(name, node, path, without, complaints=self._complaints)

    def _tell_inert(self, entry: TaskEntry, foreign: frozenset[str]) -> None:
        for key, reason in schemas.inert_keys().items():
            if entry.has(key) and key not in foreign:
                entry.warn((key,), f"`{key}` has no effect: {reason}", code=Code.IGNORED)

    def _expander(self) -> Expander:
        expander = self._document.settings.expander
        assert expander is not None
        return expander


def sound_part(
    name: str,
    node: Section,
    path: Path,
    without: frozenset[str] = frozenset(),
    *,
    complaints: Complaints,
) -> Section:
    """Return what the schema's definition `name` accepts of the node; the rest is noted.

    Reading goes on with the valid part, so that all mistakes are reported at once.
    """
    value = {key: n.plain() for key, n in node.entries.items() if key not in without}
    sound = node
    if not fastchecks.recogniser(name)(value):
        wrong = violations.find(schemas.part(name), value, node)
        for found in wrong:
            complaints.violation(path, found)
            if found.path:
                sound = pruned(sound, found.path, WHOLE)
        if not violations.complete(wrong):
            return Section(node.line, node.column)
    known = schemas.definition(name)["properties"]
    for key in value:
        if key in known and key not in _TEXT_AS_WRITTEN:
            _refuse_odd_numbers(node.entries[key], (*path, key), complaints)
    return sound


def _refuse_odd_numbers(node: Node, path: Path, complaints: Complaints) -> None:
    if isinstance(node, Section):
        for key, child in node.entries.items():
            _refuse_odd_numbers(child, (*path, key), complaints)
    elif isinstance(node, ListNode):
        for index, child in enumerate(node.items):
            _refuse_odd_numbers(child, (*path, index), complaints)
    elif node.trap and not isinstance(node.value, bool | None):
        secret = any(names_a_secret(str(part)) for part in path[2:])
        shown = "this" if secret else f"`{node.text}`"
        hint = f"write {node.value}" if node.text[0] != "0" else "leave the zero out"
        complaints.problem(
            path,
            f"{violations.spoken(path[2:])}: YAML reads {shown} as {node.trap}",
            expected="a number in plain decimal digits",
            hint="put it in quotes" if secret else hint,
            code=Code.TRAP,
        )
