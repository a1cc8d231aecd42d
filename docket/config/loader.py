"""The configuration of one home, read, checked and typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docket.config.alltasks import Assembly
from docket.config.document import Document, HomePlaces, read_settings
from docket.config.parts import with_parts
from docket.config.schema.complaints import Complaints
from docket.config.yaml import source
from docket.config.yaml.composer import UnreadableYaml
from docket.config.yaml.nodes import AllPlaces, Node, Scalar, Section
from docket.config.yaml.syntax import compose
from docket.errors import ConfigError, ConfigMissingError
from docket.model.problem import Mark, Problem
from docket.model.task.task import Config
from docket.model.task.taskclass import BrokenTaskClass, TaskClass
from docket.paths import Paths


def load(
    paths: Paths, environ: Mapping[str, str], classes: Sequence[TaskClass | BrokenTaskClass] = ()
) -> Config:
    """Return the configuration at `paths.config` with its tasks and all its problems.

    Raise ConfigMissingError if there is no file, UnsafeFileError if others can write it, and
    ConfigError if it cannot be read at all. Every mistake in its text is a problem of the
    result instead.
    """
    return resolve(parse(paths, environ), classes)


def parse(paths: Paths, environ: Mapping[str, str]) -> Document:
    """Return the document at `paths.config`, its settings read and its tasks not yet; as `load`."""
    data = source.read_bytes(paths.config)
    return parse_bytes(data, paths, environ)


def absent(paths: Paths, environ: Mapping[str, str]) -> Document:
    """Return the document of a home that has no config file: an empty one, with a warning."""
    document = parse_bytes(b"", paths, environ)
    document.complaints.doubt_elsewhere(
        Problem(
            f"There is no configuration at {paths.config}.",
            None,
            hint="`docket configure` makes one and opens it in your editor.",
            code=ConfigMissingError.code,
        )
    )
    return document


def parse_bytes(data: bytes, paths: Paths, environ: Mapping[str, str]) -> Document:
    """Return the document that `data` would be at `paths.config`."""
    file = paths.config
    try:
        node, duplicates = compose(source.decode(data))
    except UnreadableYaml as refusal:
        return _unreadable(refusal, paths)
    root = node if isinstance(node, Section) else Section(0, 0)
    complaints = Complaints(file, root)
    empty = node is None or (isinstance(node, Scalar) and node.value is None)
    if not empty and not isinstance(node, Section):
        complaints.problem((), _no_mapping(node), expected="a mapping with the key `tasks`")
    for duplicate in duplicates:
        complaints.duplicate(duplicate)
    settings = read_settings(root, complaints, paths, environ)
    return with_parts(Document(file, root, complaints, settings), paths)


def resolve(document: Document, classes: Sequence[TaskClass | BrokenTaskClass] = ()) -> Config:
    """Return the configuration of a document with the tasks of all classes beside its own.

    A mistake in one task leaves out that task only; any other mistake leaves out all.
    """
    assembly = Assembly(document, classes)
    tasks = {} if document.unreadable else assembly.tasks()
    files = (document, *document.parts)
    problems = tuple(sorted((p for file in files for p in file.complaints.problems), key=by_place))
    fatal = any(problem.fatal for problem in problems)
    spoiled = {problem.task for problem in problems} if not fatal else tasks.keys()
    settings = document.settings
    return Config(
        path=document.file,
        state_db=settings.state_db,
        task_dir=settings.task_dir,
        log_dir=settings.log_dir,
        instance=settings.instance,
        policy=settings.policy,
        tasks={name: task for name, task in tasks.items() if name not in spoiled},
        problems=problems,
        warnings=tuple(warning for file in files for warning in file.complaints.warnings),
        marks=AllPlaces([file.places() for file in files]) if document.parts else document.places(),
        unusable={name: task for name, task in tasks.items() if name in spoiled},
        retention=assembly.retention(),
    )


def usable(config: Config) -> Config:
    """Return `config`; raise ConfigError with all problems if no task of it can be used."""
    if config.fatal:
        raise refused(config)
    return config


def refused(config: Config) -> ConfigError:
    """Return the error with all problems of `config`, the gravest first."""
    first = (config.fatal or config.problems)[0]
    more = len(config.problems) - 1
    tail = f" (and {more} more mistake{'s' if more > 1 else ''})" if more else ""
    return ConfigError(f"{first.mark}: {first.sentence}{tail}.", config.problems, hint=first.hint)


def by_place(problem: Problem) -> tuple[str, int, int]:
    """Return the key that sorts problems in the order of the file."""
    mark = problem.mark
    return ("", 0, 0) if mark is None else (mark.file, mark.line, mark.column)


def _unreadable(refusal: UnreadableYaml, paths: Paths) -> Document:
    root = Section(refusal.line, refusal.column)
    complaints = Complaints(paths.config, root)
    mark = Mark(paths.config, refusal.line + 1, refusal.column + 1)
    complaints.other_file(Problem(refusal.sentence, mark, hint=refusal.hint, code=refusal.code))
    settings = HomePlaces(paths.state_db, paths.task_dir, paths.log_dir, paths.instance_key)
    return Document(paths.config, root, complaints, settings, unreadable=True)


def _no_mapping(node: Node | None) -> str:
    kind = "text" if isinstance(node, Scalar) else "list"
    return f"Config must be a mapping, got {kind}"
