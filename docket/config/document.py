"""A parsed configuration file and its settings, before its tasks are read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from docket.config.policy import read_policy
from docket.config.schema import fastchecks, violations
from docket.config.schema import schema as schemas
from docket.config.schema.complaints import Complaints
from docket.config.task.expansion import Expander, ExpansionError
from docket.config.yaml.codes import Code
from docket.config.yaml.nodes import Path, Places, Scalar, Section, descend, key_node
from docket.model.names import is_safe_name
from docket.model.problem import Mark
from docket.model.record import Record
from docket.model.task.sandbox import Policy
from docket.paths import Paths


class HomePlaces(Record):
    """The places of a home as its configuration has them, all absolute."""

    state_db: str
    task_dir: str
    log_dir: str
    instance: str
    policy: Policy = Policy()
    groups: Mapping[str, int] | None = None  # name -> runs at a time; None: they are wrong
    expander: Expander | None = None
    user_home: str = ""

    def beside(self, directory: str) -> HomePlaces:
        """Return the same places for a file in `directory`, from which its paths are seen."""
        if self.expander is None:
            return self
        return self.replace(expander=self.expander.beside(directory))


class Document(Record):
    """The tree of a file with what is wrong so far; `unreadable` if it is not even YAML."""

    file: str
    root: Section
    complaints: Complaints
    settings: HomePlaces
    unreadable: bool = False
    parts: tuple[Document, ...] = ()  # the files of `conf.d`

    def has_only(self, task: str) -> bool:
        """Whether the entry of that task is all that is in the file."""
        tasks = self.root.entries.get("tasks")
        return (
            list(self.root.entries) == ["tasks"]
            and isinstance(tasks, Section)
            and list(tasks.entries) == [task]
        )

    def entry(self, task: str) -> Any:
        """Return what is written under the name of the task, as plain values."""
        node = descend(self.root, ("tasks", task))
        return None if node is None else node.plain()

    def place(self, path: Path) -> Mark:
        """Return the place of the key at the end of `path`."""
        key = key_node(self.root, path) or self.root
        return Mark(self.file, key.line + 1, key.column + 1)

    def places(self) -> Places:
        """Return the place of every value."""
        return Places(self.root, self.file)


def read_settings(
    root: Section, complaints: Complaints, paths: Paths, environ: Mapping[str, str]
) -> HomePlaces:
    """Return the top-level settings; a wrong one is noted, and keeps its default."""
    wrong = wrong_keys(root.entries, root, complaints)
    expander = Expander(
        environ,
        paths.user_home,
        os.path.dirname(paths.config),
        secret_dir=paths.secret_dir,
        system=paths.system,
    )
    places = _Places(root, complaints, expander, wrong)
    instance = root.entries.get("instance")
    named = isinstance(instance, Scalar) and "instance" not in wrong
    if isinstance(instance, Scalar) and named and not is_safe_name(instance.text):
        complaints.problem(("instance",), "`instance` is not one line", expected="a word")
        named = False
    return HomePlaces(
        state_db=places.read("state_dir", paths.state_db),
        task_dir=places.read("tasks_dir", paths.task_dir),
        log_dir=places.read("logs_dir", paths.log_dir),
        policy=read_policy(root) if "policy" not in wrong else Policy(),
        groups=_groups(root) if "groups" not in wrong else None,
        instance=instance.text if named and isinstance(instance, Scalar) else paths.instance_key,
        expander=expander,
        user_home=paths.user_home,
    )


def wrong_keys(keys: Iterable[str], root: Section, complaints: Complaints) -> frozenset[str]:
    """Return which of the top-level `keys` of a file are wrong; what is wrong is noted.

    Tasks and defaults are checked by themselves: of these only that they are mappings.
    """
    value = {
        key: {} if key in ("tasks", "defaults") and isinstance(node, Section) else node.plain()
        for key, node in root.entries.items()
        if key in keys
    }
    if fastchecks.top_level()(value):
        return frozenset()
    wrong: set[str] = set()
    for found in violations.find(schemas.top_level(), value, root):
        complaints.violation((), found)
        wrong.update(str(part) for part in found.path[:1])
    return frozenset(wrong)


def _groups(root: Section) -> dict[str, int]:
    node = root.entries.get("groups")
    found = node.plain() if isinstance(node, Section) else {}
    return {name: int(group["max_concurrent"]) for name, group in found.items()}


class _Places:
    """Reads paths at the top level."""

    def __init__(
        self, root: Section, complaints: Complaints, expander: Expander, wrong: frozenset[str]
    ) -> None:
        self._root = root
        self._complaints = complaints
        self._expander = expander
        self._wrong = wrong

    def read(self, key: str, default: str) -> str:
        """Return the path under `key`, or `default` if there is none that is right."""
        node = self._root.entries.get(key)
        if not isinstance(node, Scalar) or key in self._wrong:
            return default
        try:
            return self._expander.path(node.text.strip())
        except ExpansionError as error:
            self._complaints.problem(
                (key,), f"`{key}`: {error}", hint="write the path out", code=Code.VARIABLE
            )
            return default
