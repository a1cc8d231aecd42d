"""Every task class of a home: built-in ones, entry points, drop-in files, and the config."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docket.app.catalog.classcache import ClassCache, Found, identities
from docket.app.catalog.dropins import drop_ins
from docket.app.catalog.entrypoints import entry_points
from docket.app.catalog.losttasks import with_lost_tasks
from docket.app.session.session import Session
from docket.config import loader
from docket.config.yaml.safety import refuse_unsafe_places
from docket.model.task.task import Config
from docket.model.task.taskclass import BrokenTaskClass, TaskClass
from docket.paths import Paths
from docket.tasks.builtin import BUILT_IN
from docket.tasks.probe import Probed, probe
from docket.tasks.targets import DropIn, EntryPoint


def load_again(session: Session) -> Config:
    """Read the config with its drop-in tasks; ConfigError if no task of it can be used."""
    return loader.usable(load_home(session.paths, session.environ, remember=session.keeps))


def load_home(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    fresh: bool = False,
    without_file: bool = False,
    remember: bool = True,
) -> Config:
    """Return the configuration of a home with its tasks in Python.

    The errors are those of `docket.config.loader.load`. With `fresh`, every one of them is
    imported again (in a child), whatever is remembered of it. `without_file` is for a home that has
    no config: it is read as an empty one, with a warning. Without `remember` nothing is written.
    """
    document = loader.absent(paths, environ) if without_file else loader.parse(paths, environ)
    if document.unreadable:
        return loader.resolve(document)
    refuse_unsafe_places(document.settings.state_db, document.settings.log_dir)
    task_dir = document.settings.task_dir
    found = discover(paths, task_dir, environ, fresh=fresh, remember=remember)
    return with_lost_tasks(paths, loader.resolve(document, [*BUILT_IN, *found]))


def discover(
    paths: Paths,
    task_dir: str,
    environ: Mapping[str, str],
    *,
    fresh: bool = False,
    remember: bool = True,
) -> list[TaskClass | BrokenTaskClass]:
    """Return the classes of the entry points, then what the files in `task_dir` hold.

    Each is imported only when it has changed since it was remembered, and never if others could
    have written it.
    """
    found = [*entry_points(), *drop_ins(task_dir)]
    targets = [each for each in found if not isinstance(each, BrokenTaskClass)]
    cache = ClassCache(paths)
    classes = _classes(targets, cache, environ, fresh=fresh) if targets else {}
    if remember and targets:
        cache.save({_key(target) for target in targets})
    return [
        known
        for each in found
        for known in ([each] if isinstance(each, BrokenTaskClass) else classes[each])
    ]


def _classes(
    targets: Sequence[DropIn | EntryPoint],
    cache: ClassCache,
    environ: Mapping[str, str],
    *,
    fresh: bool,
) -> dict[DropIn | EntryPoint, Found]:
    keys = {target: _key(target) for target in targets}
    found: dict[DropIn | EntryPoint, Found] = {}
    for target in targets:
        known = None if fresh else cache.known(keys[target])
        if known is not None:
            found[target] = known
    unknown = [target for target in targets if target not in found]
    # Taken before the import: what changes while it lasts is looked at once more.
    before = {t: identities([*_files_before(t), *cache.files(keys[t])]) for t in unknown}
    for probed in probe(unknown, environ) if unknown else ():
        found[probed.target] = probed.classes
        # A failure may come from a module that is only missing today, so it is not remembered; a
        # timeout is, or each command would wait for it again.
        if probed.hung or not any(isinstance(c, BrokenTaskClass) for c in probed.classes):
            _remember(cache, keys[probed.target], before[probed.target], probed)
    return found


def _remember(cache: ClassCache, key: str, before: dict[str, list[int]], probed: Probed) -> None:
    files = _files_before(probed.target)
    for found in probed.classes:
        if isinstance(found, TaskClass):
            files += [found.path, *found.sources]
    wanted = list(dict.fromkeys(filter(None, files)))
    now = identities([file for file in wanted if file not in before])
    cache.remember(key, {f: before.get(f) or now.get(f) or [] for f in wanted}, probed.classes)


def _files_before(target: DropIn | EntryPoint) -> list[str]:
    """Return the files that are known to belong to it before it is imported."""
    if isinstance(target, DropIn):
        return [target.path]
    return [file for file in (target.file, target.path) if file]


def _key(target: DropIn | EntryPoint) -> str:
    if isinstance(target, DropIn):
        return target.path
    return f"{target.package}\0{target.name}={target.module}:{target.attribute}"
