"""What the service manager knows of a unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnitState:
    """What the service manager knows of one unit. Instants are microseconds since the epoch."""

    name: str
    load_state: str  # loaded, not-found, masked, bad-setting ...
    active_state: str  # active, inactive, activating, failed ...
    sub_state: str
    unit_file_state: str  # enabled, disabled, linked, "" ...
    fragment_path: str = ""
    drop_in_paths: tuple[str, ...] = ()
    needs_reload: bool = False
    result: str = ""  # services and timers: success, exit-code, signal, oom-kill ...
    invocation_id: str = ""
    status_text: str = ""
    main_pid: int = 0
    next_elapse_us: int | None = None  # timers: the next fire by the realtime clock
    last_trigger_us: int | None = None  # timers: the last fire
    active_since_us: int | None = None  # when it last became active, whether or not it still is
