"""What the manager gives to the processes of a service as their environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docket.model.unitstate import UnitVariables

if TYPE_CHECKING:
    from docket.systemd.bus import Connection

_SERVICE = b"org.freedesktop.systemd1.Service"
_DIRECTORIES = (
    "RuntimeDirectory",
    "StateDirectory",
    "CacheDirectory",
    "LogsDirectory",
    "ConfigurationDirectory",
)


def unit_variables(bus: Connection, name: str) -> UnitVariables:
    """Return what decides about the environment of a service; BusError if nobody says so."""
    given = bus.manager_property(b"Environment", b"as")
    manager = dict(_text(entry).partition("=")[::2] for entry in given)
    wire = name.encode(errors="surrogateescape")
    rows = bus.manager(b"ListUnitsByNames", b"as", [wire])
    row = next((row for row in rows if row[2] == b"loaded"), None)
    if row is None:
        return UnitVariables(manager=manager, loaded=False)

    def strings(directive: str) -> tuple[str, ...]:
        return tuple(map(_text, bus.property(row[6], _SERVICE, directive.encode(), b"as")))

    files = bus.property(row[6], _SERVICE, b"EnvironmentFiles", b"a(sb)")
    return UnitVariables(
        manager=manager,
        loaded=True,
        environment=strings("Environment"),
        files=tuple(_text(path) for path, _optional in files),
        passed=strings("PassEnvironment"),
        unset=strings("UnsetEnvironment"),
        user=_text(bus.property(row[6], _SERVICE, b"User", b"s")),
        directories={name: names for name in _DIRECTORIES if (names := strings(name))},
    )


def _text(value: Any) -> str:
    return bytes(value).decode(errors="surrogateescape")
