"""Whether units are active, asked of either manager: what the built-in health check wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from docket.systemd.connect import connect


def active_states(
    names: Sequence[str], environ: Mapping[str, str], *, system: bool
) -> dict[str, str]:
    """Return each unit's state: systemd's word such as `active`, or `not-found` without a unit.

    Raises BusAbsentError if no such manager runs, BusError if it refuses to answer.
    """
    bus = connect(environ, system=system)
    found = {}
    for name in names:
        rows = bus.units_by_names([name])
        # A name that cannot be a unit's is passed over.
        loaded, active = rows[0][2:4] if rows else ("not-found", "")
        found[name] = "not-found" if loaded == "not-found" else active
    return found
