"""What the service manager knows of a unit."""

from __future__ import annotations

from collections.abc import Mapping

from docket.model.record import Record, field


class UnitState(Record):
    """What can be asked of many units at once. Instants are microseconds since the epoch."""

    name: str
    load_state: str  # loaded, not-found, masked, bad-setting ...
    active_state: str  # active, inactive, activating, failed ...
    unit_file_state: str  # enabled, enabled-runtime, masked, disabled, "" without a file
    drop_in_paths: tuple[str, ...] = ()
    needs_reload: bool = False
    next_elapse_us: int | None = None  # active timers: the next fire by the realtime clock
    last_trigger_us: int | None = None  # active timers: the last fire


class UnitDetail(UnitState):
    """What is asked of one unit only."""

    result: str = ""  # services, timers, path units: success, exit-code, signal, oom-kill ...
    invocation_id: str = ""
    active_since_us: int | None = None  # when it last became active, whether or not it still is
    changed_us: int | None = None  # failed services: when they failed
    exit_status: int | None = None  # failed services whose main process exited: its exit code


class UnitVariables(Record):
    """What decides about the environment of a service, before its program changes anything.

    `files` are the patterns of EnvironmentFile=, without the dash; `directories` has the names
    under RuntimeDirectory= and its like, by directive.
    """

    manager: Mapping[str, str]  # what the manager gives to every unit
    loaded: bool  # whether the manager knows the service; if not, the rest is empty
    environment: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    user: str = ""
    directories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
