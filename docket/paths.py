"""Where everything lives, per scope; read from the environment, and nothing is created here."""

from __future__ import annotations

import os
import sys

from docket.files import is_own_directory, is_safe_lock_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM_CONFIG = "/etc/docket/config.yaml"
PACKAGED_PARTS = "/usr/lib/docket/conf.d"


class Paths:
    """The places of one Docket home.

    `home` holds the config, the drop-in tasks, the plans and, unless the config moves them, the
    state and the logs. `config` may be elsewhere (DOCKET_CONFIG). `instance_key` is empty for the
    default home with its own config, otherwise a short stable word that keeps this home's unit
    names and locks apart from those of every other home.
    """

    __slots__ = (
        "config",
        "drafts",
        "home",
        "instance_key",
        "lock_dir",
        "log_dir",
        "part_dirs",
        "plan_dir",
        "secret_dir",
        "state_db",
        "system",
        "task_dir",
        "unit_dir",
        "user_home",
    )

    def __init__(
        self,
        *,
        system: bool,
        home: str,
        config: str,
        user_home: str,
        runtime: str | None,
        unit_dir: str,
        default_home: str,
    ) -> None:
        self.system = system
        self.home = home
        self.config = config
        self.user_home = user_home
        own_config = os.path.join("/etc/docket" if system else home, "config.yaml")
        if home == default_home and config == own_config:
            self.instance_key = ""
        else:
            self.instance_key = _instance_key(home, config)
        self.task_dir = os.path.join(os.path.dirname(own_config), "tasks")
        self.drafts: Mapping[str, bytes] = {}  # files of conf.d as they are to become
        self.part_dirs = _part_dirs(own_config, system=system) if config == own_config else ()
        self.secret_dir = os.path.join(os.path.dirname(own_config), "secrets")
        self.state_db = os.path.join(home, "state.db")
        self.log_dir = "/var/log/docket" if system else os.path.join(home, "logs")
        plans = os.path.join(home, "plans")
        # A second config over the same home must not overwrite the plans of the first.
        self.plan_dir = plans if config == own_config else os.path.join(plans, self.instance_key)
        instance = self.instance_key or "default"
        self.lock_dir = os.path.join(home, "run", instance)
        if runtime:
            named = os.path.join(runtime, "docket", instance)
            self.lock_dir = named if system or is_safe_lock_directory(named) else self.lock_dir
        self.unit_dir = unit_dir

    def plan(self, task: str) -> str:
        """Where the plan of `task` is."""
        return os.path.join(self.plan_dir, task + ".json")

    @property
    def guarded_dirs(self) -> tuple[str, ...]:
        """The directories that a confined run could make if they are missing, and must not."""
        return (self.task_dir, self.secret_dir, *self.part_dirs[:1])

    def exec_arguments(self) -> list[str]:
        """Options that make `docket exec` find this very home, whatever its environment says."""
        if self.system:
            return ["--system", *(["--config", self.config] * (self.config != SYSTEM_CONFIG))]
        arguments = ["--home", self.home]
        if self.config != os.path.join(self.home, "config.yaml"):
            arguments += ["--config", self.config]
        return arguments


def discover(
    environ: Mapping[str, str],
    *,
    system: bool = False,
    home: str | None = None,
    config: str | None = None,
) -> Paths:
    """Return the places of the system scope, or of the user's home.

    `home` and `config` (from options) win over DOCKET_HOME and DOCKET_CONFIG (from `environ`).
    """
    if system:
        return Paths(
            system=True,
            home="/var/lib/docket",
            config=_absolute(config or SYSTEM_CONFIG),
            user_home="/root",
            runtime="/run",
            unit_dir="/etc/systemd/system",
            default_home="/var/lib/docket",
        )
    user_home = environ.get("HOME") or _home_of_user()
    default_home = os.path.join(user_home, ".docket")
    chosen = _absolute(home or environ.get("DOCKET_HOME") or default_home)
    chosen_config = config or (environ.get("DOCKET_CONFIG") if home is None else None)
    config_home = environ.get("XDG_CONFIG_HOME") or os.path.join(user_home, ".config")
    return Paths(
        system=False,
        home=chosen,
        config=_absolute(chosen_config or os.path.join(chosen, "config.yaml")),
        user_home=user_home,
        runtime=runtime_directory(environ),
        unit_dir=os.path.join(config_home, "systemd", "user"),
        default_home=default_home,
    )


def exec_command() -> list[str]:
    """Return the words that start `docket exec` of this very installation, all absolute.

    Isolated mode keeps a task's PYTHONPATH out of the runner; leaving `site` out saves a fifth of
    the start.
    """
    return [sys.executable, "-IS", libexec("docket"), "exec"]


def libexec(name: str) -> str:
    """Return the absolute path of a script of this very installation."""
    return os.path.join(_package(), "libexec", name)


def program_paths() -> tuple[str, ...]:
    """Return the directories of this very installation: its package, and its Python's."""
    interpreter = os.path.realpath(sys.executable)
    found = (os.path.dirname(_package()), sys.prefix, sys.base_prefix, os.path.dirname(interpreter))
    return tuple(path for path in dict.fromkeys(found) if path)


def runtime_directory(environ: Mapping[str, str]) -> str | None:
    """Return the user's runtime directory, or None if there is none.

    As its specification demands, it must belong to the caller, and nobody else may write to it:
    after `su` XDG_RUNTIME_DIR names the directory of another user, whose links root would follow.
    Cron, sudo and sandboxes of agents often lack XDG_RUNTIME_DIR while /run/user/UID is there.
    """
    named = environ.get("XDG_RUNTIME_DIR")
    if named and is_own_directory(named):
        return named
    usual = f"/run/user/{os.geteuid()}"
    return usual if is_own_directory(usual) else None


def refused_runtime_directory(environ: Mapping[str, str]) -> str | None:
    """Return what XDG_RUNTIME_DIR names and is not used, for others can write there; else None."""
    named = environ.get("XDG_RUNTIME_DIR")
    if not named or not os.path.lexists(named):
        return None
    ours = is_own_directory(named) and is_own_directory(os.path.join(named, "docket"))
    made = is_own_directory(named) and not os.path.lexists(os.path.join(named, "docket"))
    return None if ours or made else named


def _package() -> str:
    return os.path.dirname(os.path.abspath(__file__))


def _part_dirs(config: str, *, system: bool) -> tuple[str, ...]:
    """Return where further files of tasks are; a file in the first masks its namesakes."""
    beside = os.path.join(os.path.dirname(config), "conf.d")
    return (beside, PACKAGED_PARTS) if system else (beside,)


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path))


def _home_of_user() -> str:
    import pwd  # noqa: PLC0415  (only if HOME is not set)

    return pwd.getpwuid(os.getuid()).pw_dir


def _instance_key(home: str, config: str) -> str:
    digest = _fingerprint(os.fsencode(f"{home}\0{config}"))
    name = os.path.basename(home).strip(".") or "home"
    safe = "".join(c if c.isascii() and c.isalnum() else "-" for c in name)[:24]
    return f"{safe}-{digest:016x}"


def _fingerprint(data: bytes) -> int:
    """Return the 64-bit FNV-1a hash: `hashlib` would double the runner's start-up cost."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value
