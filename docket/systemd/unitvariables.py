"""What the manager gives to the processes of a service as their environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docket.model.unitstate import UnitVariables

if TYPE_CHECKING:
    from docket.systemd.bus import Connection

_SERVICE = "org.freedesktop.systemd1.Service"
_DIRECTORIES = (
    "RuntimeDirectory",
    "StateDirectory",
    "CacheDirectory",
    "LogsDirectory",
    "ConfigurationDirectory",
)


def unit_variables(bus: Connection, name: str) -> UnitVariables:
    """Return what decides about the environment of a service; BusError if nobody says so."""
    given = bus.manager_property("Environment", "as")
    manager = dict(entry.partition("=")[::2] for entry in given)
    row = next((row for row in bus.units_by_names([name]) if row[2] == "loaded"), None)
    if row is None:
        return UnitVariables(manager=manager, loaded=False)

    def strings(directive: str) -> tuple[str, ...]:
        return tuple(bus.property(row[6], _SERVICE, directive, "as"))

    files = bus.property(row[6], _SERVICE, "EnvironmentFiles", "a(sb)")
    return UnitVariables(
        manager=manager,
        loaded=True,
        environment=strings("Environment"),
        files=tuple(path for path, _optional in files),
        passed=strings("PassEnvironment"),
        unset=strings("UnsetEnvironment"),
        user=bus.property(row[6], _SERVICE, "User", "s"),
        directories={name: names for name in _DIRECTORIES if (names := strings(name))},
    )
