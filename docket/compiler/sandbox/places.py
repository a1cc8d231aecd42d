"""The paths that a confined run sees: Docket's own, and those that the task is granted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from docket.compiler.bundle import Place
from docket.errors import CompileError
from docket.model.record import Record
from docket.model.task.sandbox import Sandbox
from docket.runfiles import shared_directories

_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108  (hidden by PrivateTmp=, not used)
# ProtectSystem=strict leaves /run writable in systemd 252, beside some of the other directives.
_LEFT_OPEN = ("/run",)
_KEYS = (".ssh", ".gnupg")
# A process that reaches one of these sockets can start another outside the sandbox.
MANAGERS = (
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
    "/run/systemd/io.systemd.Manager",
    "/run/systemd/io.systemd.Credentials",
    "/run/systemd/io.systemd.Import",
    "/run/systemd/io.systemd.MountFileSystem",
    "/run/systemd/io.systemd.sysext",
    "/run/systemd/machine",
    "/run/udev/control",
    "/run/screen",
    "/run/fail2ban",
    "/run/supervisor.sock",
    "/run/docker.sock",
    "/run/containerd",
    "/run/podman",
    "/run/crio",
    "/run/snapd.socket",
    "/run/libvirt",
    "/run/incus",
    "/var/lib/incus/unix.socket",
    "/var/lib/lxd/unix.socket",
    "/var/snap/lxd/common/lxd/unix.socket",
)


class SandboxPaths(Record):
    """The paths of one sandbox by the directive that names them; each may be missing at a start."""

    bound: tuple[str, ...] = ()  # BindPaths=
    bound_readonly: tuple[str, ...] = ()  # BindReadOnlyPaths=
    writable: tuple[str, ...] = ()  # ReadWritePaths=
    readonly: tuple[str, ...] = ()  # ReadOnlyPaths=
    inaccessible: tuple[str, ...] = ()  # InaccessiblePaths=


def own_writable(place: Place) -> tuple[str, ...]:
    """Return the directories that the runner writes: the state, the logs, the locks."""
    paths = (os.path.dirname(place.state_db), place.log_dir, place.paths.lock_dir)
    return _outermost(paths)


def own_protected(place: Place) -> tuple[str, ...]:
    """Return what no confined run may change: config, plans, drop-in tasks, and the units."""
    paths = place.paths
    return (paths.config, *paths.part_dirs, paths.plan_dir, paths.task_dir, paths.unit_dir)


def paths_of(sandbox: Sandbox, place: Place, task: str) -> SandboxPaths:
    """Return the paths of a sandbox; CompileError if Docket itself could not work in it."""
    return _Resolver(sandbox, place, task).paths()


def refuse_unseen(
    sandbox: Sandbox, place: Place, task: str, needed: Iterable[tuple[str, str]]
) -> None:
    """Raise CompileError if a confined run would not see what its task names: (key, path) each."""
    _Resolver(sandbox, place, task).refuse_unseen(needed)


class _Resolver:
    """Finds out for each path by which directive a run gets it."""

    def __init__(self, sandbox: Sandbox, place: Place, task: str) -> None:
        self._sandbox = sandbox
        self._place = place
        self._task = task
        self._tight = sandbox.profile.tight
        self._roots = (*(_HOMES if self._tight else ()), *_TEMPORARY)
        self._home = place.paths.user_home
        self._shown: list[str] = []
        self._own_home = self._readable_home()

    def paths(self) -> SandboxPaths:
        """Return the paths; what is hidden is bound, what is not is made writable in its place."""
        self._check()
        sandbox, place = self._sandbox, self._place
        bound_readonly = [*self._own_home, *self._programs()]
        self._shown += bound_readonly
        bound_readonly += [path for path in sandbox.readable if self._is_hidden(path)]
        bound_readonly += [path for path in own_protected(place) if self._is_hidden(path)]
        wanted = (*own_writable(place), *sandbox.writable)
        protected = (*own_protected(place), *(_LEFT_OPEN if self._tight else ()))
        bound = [path for path in wanted if self._is_hidden(path)]
        bound += self._pinned(wanted) if self._tight else ()
        return SandboxPaths(
            bound=tuple(dict.fromkeys(bound)),
            bound_readonly=tuple(dict.fromkeys((*bound_readonly, *self._notify_socket()))),
            writable=tuple(path for path in wanted if not self._is_hidden(path)),
            readonly=tuple(path for path in protected if not self._is_hidden(path)),
            inaccessible=(*self._closed(), *sandbox.hidden),
        )

    def _pinned(self, writable: tuple[str, ...]) -> Iterator[str]:
        """Yield the directories in writable ones that a run could rename and link elsewhere.

        Others find by their names what lies in them. A mount point can be neither renamed nor
        removed; what is protected is one anyway, but not the directories above it.
        """
        place = self._place
        shared = shared_directories(place.state_db, place.log_dir, place.paths.lock_dir)
        protected = (*own_protected(place), place.paths.secret_dir)
        for path in (*shared, *(os.path.dirname(one) for one in protected)):
            roots = [root for root in writable if lies_in(path, root)]
            outermost = min(roots, key=len, default=path)
            while path != outermost:
                yield path
                path = os.path.dirname(path)  # noqa: PLW2901  (upwards)

    def refuse_unseen(self, needed: Iterable[tuple[str, str]]) -> None:
        """Raise CompileError for the first of the paths that is hidden."""
        granted = (*self._sandbox.readable, *self._sandbox.writable, *self._place.program_paths)
        self._shown = [*self._own_home, *granted, *own_protected(self._place)]
        for key, path in needed:
            if path.startswith("/") and self._is_hidden(path):
                raise CompileError(
                    f"Task '{self._task}': `{key}` is {path}, which the sandbox"
                    f" {self._sandbox.profile} hides.",
                    hint=f"Grant it: `sandbox: {{from: {self._sandbox.profile},"
                    f" readable: [{os.path.dirname(path)}]}}`, or keep it elsewhere.",
                    task=self._task,
                    key=key,
                )

    def _readable_home(self) -> tuple[str, ...]:
        """The home of the task's user stays readable; all others, and root's, are hidden."""
        home = self._sandbox.home if self._place.paths.system else self._home
        hidden = self._tight and home not in ("", *self._roots) and self._is_hidden(home)
        return (home,) if hidden else ()

    def _notify_socket(self) -> Iterator[str]:
        """The runner says over this socket how far it is."""
        runtime = os.path.dirname(os.path.dirname(self._place.paths.lock_dir))
        if self._tight and lies_in(runtime, "/run/user"):
            yield f"{runtime}/systemd/notify"

    def _closed(self) -> Iterator[str]:
        yield self._place.paths.secret_dir  # systemd gives the task its own secrets
        if not self._tight:
            return
        yield from MANAGERS
        granted = (*self._sandbox.readable, *self._sandbox.writable)
        for path in (os.path.join(home, name) for home in self._own_home for name in _KEYS):
            if not any(lies_in(one, path) for one in granted):
                yield path

    def _programs(self) -> Iterator[str]:
        """Yield what Docket itself is made of and the sandbox hides."""
        for path in self._place.program_paths:
            if not self._is_hidden(path) or any(lies_in(path, one) for one in self._own_home):
                continue
            if path in self._roots or os.path.dirname(path) == "/home":
                raise self._refused(
                    f"Docket itself runs from {path}, which `sandbox: {self._sandbox.profile}`"
                    " hides, and showing that would show the whole home",
                    "Install Docket outside of the home directories, or into a directory of its"
                    " own (pipx, a virtual environment).",
                )
            yield path

    def _is_hidden(self, path: str) -> bool:
        if any(lies_in(path, shown) for shown in self._shown):
            return False
        return any(lies_in(path, root) for root in self._roots)

    def _check(self) -> None:
        place, sandbox = self._place, self._sandbox
        if self._tight and self._home in self._roots and not place.paths.system:
            raise self._refused(f"your home is {self._home} itself", "Use `standard`.")
        state = os.path.dirname(place.state_db)
        if self._tight and lies_in(self._home, state):
            raise self._refused(
                f"its runs must write the history in {state}, and so all of that directory",
                "Let `state_dir` name a file in a directory of its own.",
            )
        protected = own_protected(place)
        for path in sandbox.writable:
            if any(lies_in(path, one) for one in protected):
                raise self._refused(
                    f"`sandbox.writable` names {path}, and no run may change config, plans or"
                    " units",
                    "Let the task write somewhere else.",
                )
        needed = (*own_writable(place), *protected, *place.program_paths)
        for path in sandbox.hidden:
            inside = next((one for one in needed if lies_in(one, path)), None)
            if inside is not None:
                raise self._refused(
                    f"`sandbox.hidden` names {path}, and Docket needs {inside} in it",
                    "Hide what is beside it.",
                )

    def _refused(self, why: str, hint: str) -> CompileError:
        return CompileError(
            f"Task '{self._task}' cannot have this sandbox: {why}.",
            hint=hint,
            task=self._task,
            key="sandbox",
        )


def lies_in(path: str, directory: str) -> bool:
    """Whether a path is a directory, or is in it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _outermost(paths: tuple[str, ...]) -> tuple[str, ...]:
    unique = dict.fromkeys(paths)
    return tuple(p for p in unique if not any(p != q and lies_in(p, q) for q in unique))
