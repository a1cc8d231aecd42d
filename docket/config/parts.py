"""Further files of tasks beside the config: `conf.d/*.yaml`, each read with the config's care.

A part has tasks and groups; `defaults` and all settings are those of the config. One that cannot
be used breaks only its own tasks.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from docket.config.document import Document, wrong_keys
from docket.config.partfiles import part_files
from docket.config.schema.complaints import Complaints
from docket.config.yaml import source
from docket.config.yaml.codes import Code
from docket.config.yaml.composer import UnreadableYaml
from docket.config.yaml.nodes import Section
from docket.config.yaml.syntax import compose
from docket.errors import ConfigError
from docket.model.problem import Mark, Problem
from docket.paths import Paths

_KEYS = ("groups", "tasks")


def with_parts(main: Document, paths: Paths) -> Document:
    """Return the config `main` with the parts beside it, what is wrong with each noted there."""
    found = sorted({*part_files(paths.part_dirs), *paths.drafts}, key=os.path.basename)
    files = [file for file in found if os.path.realpath(file) != os.devnull]
    if not files:
        return main
    parts = [_read(file, main, paths.drafts.get(file)) for file in files]
    _refuse_namesakes([main, *parts])
    groups = _all_groups([main, *parts])
    settings = main.settings.replace(groups=groups)
    return main.replace(
        settings=settings,
        parts=tuple(p.replace(settings=p.settings.replace(groups=groups)) for p in parts),
    )


def _refuse_namesakes(files: Sequence[Document]) -> None:
    """Refuse a task or group whose name is in two files, in both of them."""
    for kind, one in (("tasks", "task"), ("groups", "group")):
        first: dict[str, Document] = {}
        for file in files:
            section = file.root.entries.get(kind)
            for name in section.entries if isinstance(section, Section) else ():
                other = first.setdefault(name, file)
                if other is not file:
                    _refuse_namesake((kind, name), one, file, other)
                    _refuse_namesake((kind, name), one, other, file)


def _refuse_namesake(path: tuple[str, str], kind: str, file: Document, other: Document) -> None:
    file.complaints.problem(
        path,
        f"the {kind} `{ascii(path[1])[1:-1]}` is in {other.place(path)} too",
        hint="take one of the two out, or give it another name",
        code=Code.DUPLICATE_KEY,
        at_key=True,
    )


def _all_groups(files: Sequence[Document]) -> dict[str, int] | None:
    if files[0].settings.groups is None:
        return None
    found = dict(files[0].settings.groups)
    for file in files[1:]:
        section = file.root.entries.get("groups")
        for name, group in section.plain().items() if isinstance(section, Section) else ():
            slots = group.get("max_concurrent") if isinstance(group, dict) else None
            if isinstance(slots, int) and not isinstance(slots, bool) and slots > 0:
                found.setdefault(name, slots)
    return found


def _read(file: str, main: Document, draft: bytes | None) -> Document:
    try:
        data = source.read_bytes(file) if draft is None else draft
        node, duplicates = compose(source.decode(data))
    except UnreadableYaml as refusal:
        mark = Mark(file, refusal.line + 1, refusal.column + 1)
        return _unusable(
            Problem(refusal.sentence, mark, hint=refusal.hint, code=refusal.code), main
        )
    except ConfigError as error:
        problem = Problem(error.sentence, Mark(file, 1, 1), hint=error.hint, code=error.code)
        return _unusable(problem, main)
    root = node if isinstance(node, Section) else Section(0, 0)
    complaints = Complaints(file, root, spares=True)
    if node is not None and node.plain() is not None and not isinstance(node, Section):
        complaints.problem((), "a part of the config must be a mapping", expected="`tasks`")
    for duplicate in duplicates:
        complaints.duplicate(duplicate)
    part = Document(file, root, complaints, main.settings.beside(os.path.dirname(file)))
    _check_keys(part, main.file)
    return part


def _check_keys(part: Document, main: str) -> None:
    for key in part.root.entries:
        if key not in _KEYS:
            part.complaints.problem(
                (key,),
                f"`{ascii(key)[1:-1]}` cannot be in a part of the config",
                expected="`tasks` and `groups`",
                hint=f"write it into {main}",
                code=Code.UNKNOWN_KEY,
                at_key=True,
            )
    wrong_keys(_KEYS, part.root, part.complaints)


def _unusable(problem: Problem, main: Document) -> Document:
    assert problem.mark is not None
    root = Section(problem.mark.line - 1, problem.mark.column - 1)
    complaints = Complaints(problem.mark.file, root, spares=True)
    complaints.other_file(problem)
    return Document(problem.mark.file, root, complaints, main.settings, unreadable=True)
